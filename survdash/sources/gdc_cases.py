"""Clinical records of the GDC as patients: vital status, the longest follow-up, age, sex, stage.

A death is dated by ``demographic.days_to_death``. The last contact of the living has moved between
``diagnoses.days_to_last_follow_up`` and ``follow_ups.days_to_follow_up`` from release to release, so the latest of all
is taken (as the GDC's own survival analysis does since its API 8.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from survdash.errors import ClinicalError
from survdash.sources.barcode import CASE
from survdash.sources.follow_up import keep_with_outcome, patient_frame, to_months
from survdash.sources.research_csv import LeftOut
from survdash.sources.table_file import list_faults, name_some

STATUS = {"dead": True, "alive": False}
STAGES = ("ajcc_pathologic_stage", "figo_stage", "ajcc_clinical_stage")
NOT_KNOWN = frozenset({"", "not reported", "unknown", "not allowed to collect", "--", "not applicable"})
DAYS_PER_YEAR = 365.25
MOST_DAYS = 1e6  # beyond it no number is one of days; larger whole numbers have no float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GdcPatients:
    """Patients of an answer of ``/cases``.

    Parameters
    ----------
    patients : DataFrame
        Index ``case_id``; those with an outcome. Beside the usual columns ``grade`` and ``primary_diagnosis``.
    dropped : tuple of str
        Who was left out, and why.
    left_out : tuple of LeftOut
        The same one by one; ``line`` is the number of the record.
    notes : tuple of str
    """

    patients: pd.DataFrame
    dropped: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]


def read_cases(hits: Sequence[Mapping[str, Any]]) -> GdcPatients:
    """Patients of an answer of ``/cases``.

    Parameters
    ----------
    hits : sequence of mapping
        With ``demographic``, ``diagnoses`` and ``follow_ups`` where the GDC has them.

    Raises
    ------
    ClinicalError
        If a case has no barcode, stands twice, or a time or age is no number; all faults at once.
    """
    faults: list[str] = []
    rows: dict[str, dict[str, Any]] = {}
    reasons: dict[str, str] = {}
    for hit in hits:
        case = str(hit.get("submitter_id", ""))
        if not CASE.fullmatch(case):
            faults.append(f"{case[:40]!r} is no barcode of a TCGA case")
        elif case in rows:
            faults.append(f"case {case} stands twice")
        else:
            rows[case] = _row(hit, case, reasons, faults)
    if faults:
        raise ClinicalError(f"Clinical records of the GDC: {list_faults(faults)}.", hint="Please report it.")
    if not rows:
        raise ClinicalError("The GDC has no clinical record of these cases.", hint="Check the name of the cohort.")
    table = pd.DataFrame.from_dict(rows, orient="index")
    late = sorted(table.index[table.pop("late").to_numpy(bool)])
    days = table.pop("days").to_numpy(float)
    columns: dict[str, object] = {
        "time_months": to_months(days, month_days=1.0), "event": table.pop("event").to_numpy(float),
        "age": table.pop("age").to_numpy(float),
    }  # fmt: skip
    columns |= {name: pd.Series(table[name].to_numpy(), table.index, dtype="str") for name in map(str, table)}
    lines = {case: number for number, case in enumerate(rows, 1)}
    patients, dropped, left_out = keep_with_outcome(patient_frame(columns, table.index), lines, reasons)
    words = f"{len(late)} cases have a contact after the day of death; the day of death counts ({name_some(late)})."
    return GdcPatients(patients=patients, dropped=dropped, left_out=left_out, notes=(words,) if late else ())


def _row(hit: Mapping[str, Any], case: str, reasons: dict[str, str], faults: list[str]) -> dict[str, Any]:
    demographic = (_records(hit, "demographic", case, faults) or [{}])[0]
    diagnoses, follow_ups = (_records(hit, name, case, faults) for name in ("diagnoses", "follow_ups"))
    status = STATUS.get(str(demographic.get("vital_status", "")).lower())
    death = _number(demographic, "days_to_death", case, faults)
    contacts = [
        *(_number(one, "days_to_last_follow_up", case, faults) for one in diagnoses),
        *(_number(one, "days_to_follow_up", case, faults) for one in follow_ups),
    ]
    last = max((days for days in contacts if not np.isnan(days)), default=np.nan)
    days = death if status else last
    if status is False and not np.isnan(death):
        status, reasons[case] = None, "alive, but with a day of death"
    elif status is None:
        reasons[case] = "vital status not reported"
    elif np.isnan(days):
        reasons[case] = "dead, but no day of death" if status else "alive, but no day of last contact"
    first = _primary(diagnoses)
    age = _number(demographic, "age_at_index", case, faults)
    if np.isnan(age):
        age = _number(first, "age_at_diagnosis", case, faults) / DAYS_PER_YEAR  # this one is in days
    return {
        "days": days, "event": np.nan if status is None else float(status), "age": age,
        "sex": _sex(demographic), "stage": _first(first, STAGES), "grade": _first(first, ("tumor_grade",)),
        "primary_diagnosis": _first(first, ("primary_diagnosis",)),
        "late": bool(status and last > death),
    }  # fmt: skip


def _records(hit: Mapping[str, Any], name: str, case: str, faults: list[str]) -> list[Mapping[str, Any]]:
    """What is nested below a case, one record or a list of them; nothing where it is absent."""
    value = hit.get(name)
    found = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(one, Mapping) for one in found):
        faults.append(f"{name} of {case} is {str(value)[:40]!r}")
        return []
    return found


def _primary(diagnoses: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The diagnosis of the primary disease; where none is marked so, the first by name."""
    order = sorted(diagnoses, key=lambda one: str(one.get("submitter_id", "")))
    marked = [one for one in order if str(one.get("diagnosis_is_primary_disease", "")).lower() == "true"]
    return (marked or order or [{}])[0]


def _sex(demographic: Mapping[str, Any]) -> str | None:
    """The GDC has called it ``gender`` until 2025 and ``sex_at_birth`` since."""
    word = (_first(demographic, ("sex_at_birth", "gender")) or "").lower()
    return word if word in ("female", "male") else None


def _first(record: Mapping[str, Any], names: Sequence[str]) -> str | None:
    words = (str(record.get(name) or "").strip() for name in names)
    return next((word for word in words if word.lower() not in NOT_KNOWN), None)


def _number(record: Mapping[str, Any], name: str, case: str, faults: list[str]) -> float:
    value = record.get(name)
    if value is None:
        return np.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < MOST_DAYS:
        faults.append(f"{name} of {case} is {str(value)[:40]!r}")
        return np.nan
    return float(value)
