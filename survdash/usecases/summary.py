"""A cohort whose patients are not on this machine: what may be told of it, and whether tables at hand are the same.

A folder ``models/<cohort>`` holds ``summary.json`` (no outcome, no gene of anybody) and ``folds.json``: in which of the
published folds each patient was held out, under a hash of the public barcode, so that whoever brings the patients from
another source gets for each the weights that never saw him or her.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from survdash.errors import CohortError
from survdash.settings import SHIPPED_MODELS
from survdash.sources.barcode import case_hash
from survdash.statistics.kaplan_meier import KaplanMeier
from survdash.statistics.plain_values import from_plain, to_plain
from survdash.store import write_json

SUMMARY, FOLDS = "summary.json", "folds.json"
SCHEMA = 1
FOLDS_ABOUT = (
    "In which of the published folds each patient was held out: the first twelve hex digits of the SHA-256 of the "
    "public TCGA barcode, fold by fold. Nothing else of a patient is here."
)
FACTS = ("time_months", "event", "age", "sex", "stage", "site")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortSummary:
    """What is told of a cohort without its patients; fields of one name are those of ``Cohort``.

    Parameters
    ----------
    cases, events : int
    modalities : tuple of str
    digest : str
        Of the cohort that the models were trained on.
    content : str
        ``content_digest`` of its values, by which the same tables are known again.
    cancer : str or None
        TCGA's abbreviation, for what the paper reports of it.
    source : mapping
        Files with their SHA-256, what they are taken from, under which terms.
    opens_with : str
        The command that brings the patients here.
    curve : KaplanMeier
        Outcome of all, in whole months.
    comparison : tuple of dict
        Rows of ``compare_models``, in their order.
    versions : dict
        Run to the model version that was compared.
    audit : dict
        What ``audit`` found of it; empty where it was not run.
    """

    name: str
    title: str
    endpoint: str
    cases: int
    events: int
    modalities: tuple[str, ...]
    digest: str
    content: str
    cancer: str | None
    source: Mapping[str, Any]
    opens_with: str
    curve: KaplanMeier
    comparison: tuple[dict[str, Any], ...]
    versions: dict[str, str]
    audit: dict[str, Any] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        """False: a simulated cohort comes whole."""
        return False


def shipped_summary(name: str) -> CohortSummary | None:
    """The summary of a cohort that comes with survdash without its patients; None where there is none.

    Raises
    ------
    CohortError
        If it is malformed.
    """
    path = SHIPPED_MODELS / name / SUMMARY
    return read_summary(path) if path.is_file() else None


def summary_names() -> list[str]:
    """Names of all cohorts that come with survdash without their patients."""
    return sorted(path.parent.name for path in SHIPPED_MODELS.glob(f"*/{SUMMARY}"))


def read_summary(path: Path) -> CohortSummary:
    """Read a summary.

    Raises
    ------
    CohortError
        If it is malformed, or of a newer survdash.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["schema"] != SCHEMA:
            raise CohortError(f"The summary of cohort {path.parent.name} is of schema {values['schema']}.",
                              hint="Update survdash.")  # fmt: skip
        values |= {"modalities": tuple(values["modalities"]), "comparison": tuple(values["comparison"]),
                   "curve": from_plain(KaplanMeier, values["curve"])}  # fmt: skip
        return CohortSummary(**{one.name: values[one.name] for one in fields(CohortSummary)})
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CohortError(f"The summary of cohort {path.parent.name} cannot be read: {error}.",
                          hint="Install survdash anew.") from error  # fmt: skip


def write_folds(folder: Path, folds: pd.Series, *, digest: str) -> None:
    """Write in which fold each patient was held out, beside the summary.

    Parameters
    ----------
    folder : Path
        Of the summary.
    folds : Series
        Index ``case_id``, value the fold.
    digest : str
        Of the cohort that the models were trained on.
    """
    hashes = {str(fold): sorted(case_hash(str(case)) for case in cases) for fold, cases in
              folds.groupby(folds).groups.items()}  # fmt: skip
    write_json(folder / FOLDS, {"schema": SCHEMA, "about": FOLDS_ABOUT, "digest": digest, "folds": hashes})


def held_out_folds(told: CohortSummary) -> dict[str, int]:
    """In which fold the models of a shipped cohort held out each patient, by ``case_hash``; empty where not known.

    Raises
    ------
    CohortError
        If the table is malformed, or of other models.
    """
    path = SHIPPED_MODELS / told.name / FOLDS
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if (values["schema"], values["digest"]) != (SCHEMA, told.digest):
            raise ValueError("it is of other models")
        pairs = [(str(one), int(fold)) for fold, hashes in values["folds"].items() for one in hashes]
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise CohortError(f"The folds of cohort {told.name} cannot be read: {error}.",
                          hint="Install survdash anew.") from error  # fmt: skip
    if len(dict(pairs)) < len(pairs):
        raise CohortError(f"The folds of cohort {told.name} name a patient twice.", hint="Install survdash anew.")
    return dict(pairs)


def write_summary(path: Path, summary: CohortSummary) -> None:
    """Write a summary whole or not at all."""
    values = {one.name: to_plain(getattr(summary, one.name)) for one in fields(CohortSummary)}
    write_json(path, {"schema": SCHEMA, **values})


class Values(Protocol):
    """The tables of a cohort, stored or only read."""

    @property
    def patients(self) -> pd.DataFrame:
        """Facts and outcome, index ``case_id``."""


    @property
    def genes(self) -> pd.DataFrame | None:
        """One row a case."""


    @property
    def folds(self) -> pd.Series | None:
        """Fold of each case."""


def content_digest(cohort: Values) -> str:
    """Key of the values a model was trained on: outcomes, facts, genes and folds, however they are stored."""
    hasher = hashlib.sha256()
    facts = cohort.patients[list(FACTS)]
    hasher.update(facts.to_csv(float_format="%.6g", lineterminator="\n").encode())
    if cohort.genes is not None:
        hasher.update("\n".join([*cohort.genes.columns, *map(str, cohort.genes.index)]).encode())
        hasher.update(np.ascontiguousarray(cohort.genes.to_numpy(np.float32)).tobytes())
    if cohort.folds is not None:
        hasher.update(cohort.folds.sort_index().to_csv(lineterminator="\n").encode())
    return hasher.hexdigest()[:24]
