"""A hospital's clinical table, read through a column mapping: one row a patient, with outcome and clinical facts.

Unreadable cells and contradictions between the lines of one patient are faults, all named at once. Patients whose
outcome cannot be told are left out, each reason with its lines. Only the columns that the mapping names are taken.
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from survdash.errors import ClinicalError
from survdash.sources.cell_values import plain_text, read_number
from survdash.sources.column_mapping import ColumnMapping
from survdash.sources.hospital_cells import (
    KEPT,
    HospitalReading,
    WordCount,
    count_words,
    decide,
    open_table,
    read_cases,
    read_rows,
    stop,
)
from survdash.sources.outcome_check import words_of_death
from survdash.sources.outcome_dates import DAYS_PER_MONTH, Outcomes, outcomes_of_dates, outcomes_of_times
from survdash.sources.table_file import name_some

OUTCOME_KEYS = ("time", "status", "diagnosis", "last_contact", "death")
YEARS_PER = {"years": 1.0, "months": 1 / 12, "days": 1 / 365.25}
OLDEST = 120


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HospitalTable:
    """What one hospital table says through its mapping, one row a patient.

    Parameters
    ----------
    patients : DataFrame
        Index ``case_id``, sorted; ``PATIENT_COLUMNS``, then the kept columns (numbers, or text as it was written).
    dropped : tuple of str
        Patients left out, one entry a reason, with cases and lines.
    left_out : tuple of (str, int, str)
        The same patients one by one: case, line, reason.
    lines : int
        Lines of the file that are not blank, without the header.
    repeated : tuple of str
        Patients who stand on several lines that agree, in words.
    ignored : tuple of str
        Columns that the mapping does not name.
    notes : tuple of str
        Everything else the user should know: how the file was read, repeated lines, formulas, identifiers.
    status_words : tuple of WordCount
        Words of the status column, the most frequent first; empty without such a column.
    said_dead : DataFrame
        Index as ``patients``; a column for each other column of the file whose words say who died (or of what): True,
        False or missing. For ``survdash.sources.outcome_check``.
    source : dict
        File name, SHA-256, how it was read, the unit of time, and the mapping; plain JSON.
    """

    patients: pd.DataFrame
    dropped: tuple[str, ...]
    left_out: tuple[tuple[str, int, str], ...]
    lines: int
    repeated: tuple[str, ...]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    status_words: tuple[WordCount, ...]
    said_dead: pd.DataFrame
    source: dict[str, object]


def read_hospital_table(path: Path, *, mapping: ColumnMapping, today: datetime.date | None = None) -> HospitalTable:
    """Read a hospital table.

    Parameters
    ----------
    path : Path
        CSV, TSV or other text (UTF-8, or UTF-16 with a byte-order mark, or Windows-1252), XLSX, or a text in a zip or
        gz archive.
    mapping : ColumnMapping
        Which column means what (``survdash.sources.column_mapping``).
    today : date, optional
        Dates after it cannot be; by default the day on which this runs.

    Returns
    -------
    HospitalTable

    Raises
    ------
    ClinicalError
        If the file cannot be read, a column is absent, a cell cannot be read, a word of the status has no meaning, a
        decimal mark or an order of dates must be asked for, or a patient has two outcomes; all faults at once, each
        with column and line.
    """
    reading = open_table(path, mapping)
    cases = read_cases(reading)
    decide(reading)
    stop(reading)
    rows = read_rows(reading)
    words = count_words(reading)
    stop(reading)
    patients, first_lines, repeated = _collapse(reading, rows, cases)
    stop(reading)
    outcomes = _outcomes(reading, patients, today or datetime.datetime.now(datetime.UTC).date())
    dropped = _dropped(patients.index, first_lines, outcomes)
    _remark(reading, patients.index, first_lines, outcomes)
    kept = outcomes.kept
    if not kept.any():
        raise ClinicalError(
            f"{reading.table.name}: no patient has an outcome: {'; '.join(dropped)}.", hint="Check the mapping."
        )
    made = _patients(reading, patients, outcomes).loc[kept]
    stop(reading)
    said = _said_dead(reading, cases).reindex(made.index)
    return HospitalTable(
        patients=made, dropped=dropped, lines=len(rows), repeated=repeated,
        left_out=tuple((str(case), int(first_lines[case]), reason)
                       for case, reason in zip(patients.index, outcomes.reasons, strict=True) if reason),
        ignored=_ignored(reading), notes=tuple(reading.notes), status_words=words,
        said_dead=said, source=_source(reading),
    )


def _collapse(
    reading: HospitalReading, rows: pd.DataFrame, cases: list[str]
) -> tuple[pd.DataFrame, pd.Series, tuple[str, ...]]:
    """One row a patient, the line each stands on, who has several; lines that contradict each other are faults."""
    names = pd.Series(cases, rows.index, dtype="str")
    several = names.duplicated(keep=False).to_numpy(bool)
    alone = rows.loc[~several].set_axis(names[~several].to_numpy(), axis=0)
    lines = pd.Series(rows.index, names.to_numpy())[lambda all_lines: ~all_lines.index.duplicated()]
    outcome = [key for key in OUTCOME_KEYS if key in rows]
    merged: dict[Hashable, dict[str, Any]] = {}
    filled, repeated = 0, []
    for case, here in rows.loc[several].groupby(names[several], sort=True):
        facts = {str(key): _one_fact(reading, str(case), here[key], str(key)) for key in here if key not in outcome}
        filled += sum(int(here[key].isna().sum()) for key, value in facts.items() if value is not None)
        merged[case] = {**_one_outcome(reading, str(case), here[outcome]), **facts}
        repeated.append(f"{case} in lines {name_some(here.index)}")
    said = f"{len(repeated)} patients stand on several lines that agree; they became one row each"
    if filled:
        reading.notes.append(f"{filled} facts missing in one line of a patient were taken from another line.")
    together = pd.DataFrame.from_dict(merged, orient="index", columns=list(rows.columns), dtype=object)
    made = pd.concat([alone, together]).sort_index() if merged else alone.sort_index()
    made.index = pd.Index(made.index, name="case_id", dtype="str")
    return made, lines.loc[made.index], (f"{said}: {name_some(repeated)}",) if repeated else ()


def _one_outcome(reading: HospitalReading, case: str, here: pd.DataFrame) -> dict[str, Any]:
    """The outcome of a patient's lines; taken whole from one line, never put together from two."""
    told: dict[tuple[object, ...], int] = {}
    for line, row in here.iterrows():
        values = tuple(None if pd.isna(value) else value for value in row)
        if any(value is not None for value in values):
            told.setdefault(values, int(str(line)))
    if len(told) > 1:
        said = "; ".join(
            f"line {line}: {', '.join('nothing' if value is None else _say(value) for value in values)}"
            for values, line in told.items()
        )
        columns = ", ".join(repr(reading.mapping.columns[str(key)]) for key in here)
        reading.faults.append(f"case {case} has {len(told)} outcomes in {columns} ({said})")
    values = next(iter(told), (None,) * here.shape[1])
    return dict(zip(map(str, here.columns), values, strict=True))


def _one_fact(reading: HospitalReading, case: str, cells: pd.Series, key: str) -> object:
    known = cells.dropna()
    different = list(dict.fromkeys(known))
    if len(different) > 1:
        column = reading.mapping.columns.get(key, key.removeprefix(KEPT))
        lines = [known.index[list(known).index(value)] for value in different]
        said = name_some(f"{_say(value)} in line {line}" for value, line in zip(different, lines, strict=True))
        reading.faults.append(f"case {case} has {len(different)} values of column {column!r} ({said})")
    return different[0] if different else None


def _say(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _outcomes(reading: HospitalReading, patients: pd.DataFrame, today: datetime.date) -> Outcomes:
    def column(key: str) -> list[object] | None:
        return [None if pd.isna(value) else value for value in patients[key]] if key in patients else None

    status = column("status")
    if reading.mapping.time is not None:
        return outcomes_of_times(column("time"), unit=str(reading.mapping.unit), status=status)  # type: ignore[arg-type]
    return outcomes_of_dates(
        column("diagnosis"), column("last_contact"), death=column("death"), status=status, today=today,  # type: ignore[arg-type]
    )


def _dropped(cases: pd.Index, lines: pd.Series, outcomes: Outcomes) -> tuple[str, ...]:
    groups: dict[str, list[str]] = {}
    for case, reason in zip(cases, outcomes.reasons, strict=True):
        if reason:
            groups.setdefault(reason, []).append(f"{case} in line {lines[case]}")
    return tuple(f"{len(names)} {'case' if len(names) == 1 else 'cases'}: {reason} ({name_some(names)})"
                 for reason, names in groups.items())  # fmt: skip


def _remark(reading: HospitalReading, cases: pd.Index, lines: pd.Series, outcomes: Outcomes) -> None:
    groups: dict[str, list[str]] = {}
    for case, remark, reason in zip(cases, outcomes.remarks, outcomes.reasons, strict=True):
        if remark and not reason:
            groups.setdefault(remark, []).append(f"{case} in line {lines[case]}")
    reading.notes.extend(f"{len(names)} cases: {remark} ({name_some(names)})." for remark, names in groups.items())


def _patients(reading: HospitalReading, rows: pd.DataFrame, outcomes: Outcomes) -> pd.DataFrame:
    def text(key: str) -> pd.Series:
        return rows[key].astype("str") if key in rows else pd.Series(pd.NA, rows.index, dtype="str")

    made = pd.DataFrame({
        "time_months": outcomes.time_months, "event": outcomes.event, "age": _ages(reading, rows),
        "sex": text("sex"), "stage": text("stage"), "site": text("site"),
    }, index=rows.index)  # fmt: skip
    for key in map(str, rows.columns):
        if key.startswith(KEPT):
            made[key.removeprefix(KEPT)] = _kept_values(reading, rows[key])
    return made


def _ages(reading: HospitalReading, rows: pd.DataFrame) -> np.ndarray:
    ages = np.full(len(rows), np.nan)
    mapping = reading.mapping
    if "age" in rows:
        ages = rows["age"].to_numpy(float, na_value=np.nan) * YEARS_PER[mapping.age_unit or "years"]
    elif "birth" in rows:
        pairs = zip(rows["birth"], rows["diagnosis"], strict=True)
        ages = np.array([np.nan if pd.isna(a) or pd.isna(b) else (b - a).days / 365.25 for a, b in pairs])
    wrong = np.flatnonzero((ages < 0) | (ages > OLDEST))
    if wrong.size:
        column, case = mapping.columns["age" if "age" in rows else "birth"], rows.index[wrong[0]]
        reading.faults.append(f"column {column!r}: case {case} would be {ages[wrong[0]]:.1f} years old "
                              f"({wrong.size} cases; 0 to {OLDEST} can be)")  # fmt: skip
    return ages


def _kept_values(reading: HospitalReading, cells: pd.Series) -> pd.Series:
    """Numbers where every cell is one and none begins with a needless zero; else text."""
    known = cells.dropna()
    coded = any(text[:1] == "0" and text[1:2].isdigit() for text in known)
    numbers = [read_number(text, reading.decimal) for text in known]
    if known.empty or coded or any(number is None for number in numbers):
        return cells.astype("str")
    return pd.Series(numbers, known.index, dtype=float).reindex(cells.index)


def _ignored(reading: HospitalReading) -> tuple[str, ...]:
    taken = {*reading.mapping.columns.values(), *reading.mapping.keep}
    return tuple(column or f"column {place + 1} without a name" for place, column in enumerate(reading.table.columns)
                 if column not in taken)  # fmt: skip


def _said_dead(reading: HospitalReading, cases: list[str]) -> pd.DataFrame:
    """What other columns say of who died; of a patient's lines, one that says so is enough."""
    table = reading.table
    outcome = {reading.mapping.columns.get(key) for key in OUTCOME_KEYS}
    others = [column for column in table.columns if table.columns.count(column) == 1 and column not in outcome]
    texts = {column: [plain_text(cell) for cell in table.cells(column)] for column in others}
    said = words_of_death(pd.DataFrame(texts, index=list(cases)))
    return said.groupby(level=0).max()


def _source(reading: HospitalReading) -> dict[str, object]:
    unit = reading.mapping.unit
    times = f"days / {DAYS_PER_MONTH:.4f}" if unit in (None, "days") else "years x 12" if unit == "years" else "months"
    return {
        "file": reading.table.name, "sha256": reading.table.sha256, "read as": reading.table.form, "times": times,
        "mapping": reading.mapping.to_plain(),
    }
