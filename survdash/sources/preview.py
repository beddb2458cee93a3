"""What an import found, before anything is stored: counts, columns, genes, folds, what is dropped, what is doubtful.

The same report is shown before the import, written into the cohort's folder (``import_report.json``) and shown again on
the cohort's page. What needs a survival curve (``Outcome``) is computed by the caller: no statistic is done here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from survdash import __version__
from survdash.errors import CohortError
from survdash.genes import functional_groups, split_column
from survdash.sources.cohort_folder import REPORT
from survdash.sources.research_csv import LeftOut

SCHEMA = 1
MOST_VALUES = 8  # of a column of words, how many are listed
BLOCK = 256  # gene columns looked at together


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """One column of the patient table.

    ``kind`` is "number", "yes or no" or "words"; ``low`` and ``high`` are a number's range; ``values`` the commonest
    words with their counts.
    """

    name: str
    kind: str
    missing: int
    distinct: int
    low: float | None = None
    high: float | None = None
    values: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneFacts:
    """All gene columns of one kind (rna, cnv, mut) together; limits and middle over all known values."""

    kind: str
    columns: int
    patients: int
    missing: int
    low: float | None
    middle: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFacts:
    """A functional group of genes: how many of its symbols the table has, and in how many columns."""

    title: str
    found: int
    of: int
    columns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldFacts:
    """Who is held out in one fold, counted from 0."""

    fold: int
    patients: int
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of all patients together, from their Kaplan-Meier curve.

    Parameters
    ----------
    median_follow_up_months : float or None
        By the reverse Kaplan-Meier estimate; None where it is not reached, for instance because all died.
    median_survival_months : float or None
    alive : tuple of (month, share)
        Share alive after 12, 36 and 60 months, as far as anybody was followed.
    """

    median_follow_up_months: float | None
    median_survival_months: float | None
    alive: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import keeps, what it leaves out, and what the user should look at.

    Parameters
    ----------
    name : str
    cases, events : int
        Patients in the cohort, and deaths observed among them.
    event_rate : float
        ``events / cases``.
    median_follow_up_months, median_survival_months, alive
        As in ``Outcome``.
    slides, cases_with_slides : int
        Slides whose features are in the cohort, and patients who have one; without features, what the table names.
    dropped : tuple of str
        Patients left out, with the reason and some names.
    folds : int
        Number of folds; 0 if there are too few deaths to make any.
    genes : int
        Gene columns.
    notes : tuple of str
        Everything else the user should know.
    doubts : tuple of str
        What makes one doubt a unit, a status or a fold: to be looked at before anything is stored.
    duplicates, ignored : tuple of str
        What stands more than once; columns left out.
    left_out : tuple of LeftOut
        The dropped patients one by one, with the line that names them.
    lines : int
        Data lines of the first table.
    columns : tuple of ColumnFacts
    gene_kinds : tuple of GeneFacts
    gene_groups : tuple of GroupFacts
    fold_table : tuple of FoldFacts
    fold_origin, encoder, endpoint : str
    sources : mapping
        Each file that was read, with its SHA-256 or that of its parts.
    made : str
        Day of the import, ISO 8601; "" where it is not known.
    software : str
    """

    name: str
    cases: int
    events: int
    event_rate: float
    median_follow_up_months: float | None
    median_survival_months: float | None
    alive: tuple[tuple[float, float], ...]
    slides: int
    cases_with_slides: int
    dropped: tuple[str, ...]
    folds: int
    genes: int
    notes: tuple[str, ...]
    doubts: tuple[str, ...]
    duplicates: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    lines: int = 0
    columns: tuple[ColumnFacts, ...]
    gene_kinds: tuple[GeneFacts, ...]
    gene_groups: tuple[GroupFacts, ...]
    fold_table: tuple[FoldFacts, ...]
    fold_origin: str = ""
    encoder: str = ""
    endpoint: str
    sources: Mapping[str, Any] = field(default_factory=dict)
    made: str = ""
    software: str = f"survdash {__version__}"


def describe_columns(patients: pd.DataFrame) -> tuple[ColumnFacts, ...]:
    """Type, gaps and range of each column of a patient table."""
    return tuple(_describe_column(str(name), patients[name]) for name in patients)


def _describe_column(name: str, cells: pd.Series) -> ColumnFacts:
    missing, distinct = int(cells.isna().sum()), int(cells.nunique())
    if pd.api.types.is_bool_dtype(cells):
        counts = (("yes", int(cells.sum())), ("no", int((~cells).sum())))
        return ColumnFacts(name=name, kind="yes or no", missing=missing, distinct=distinct, values=counts)
    if pd.api.types.is_numeric_dtype(cells):
        known = cells.dropna().to_numpy(float)
        known = known[np.isfinite(known)]
        low, high = (float(known.min()), float(known.max())) if known.size else (None, None)
        return ColumnFacts(name=name, kind="number", missing=missing, distinct=distinct, low=low, high=high)
    words = tuple((str(word)[:80], int(count)) for word, count in cells.value_counts().head(MOST_VALUES).items())
    return ColumnFacts(name=name, kind="words", missing=missing, distinct=distinct, values=words)


def describe_genes(genes: pd.DataFrame | None) -> tuple[GeneFacts, ...]:
    """Gaps and values of the gene columns of each kind; memory holds some hundred columns at a time."""
    if genes is None:
        return ()
    kinds: dict[str, list[int]] = {}
    for place, name in enumerate(genes.columns):
        kinds.setdefault(split_column(str(name))[1] or "unknown", []).append(place)
    return tuple(_describe_kind(kind, genes, places) for kind, places in sorted(kinds.items()))


def _describe_kind(kind: str, genes: pd.DataFrame, places: Sequence[int]) -> GeneFacts:
    missing, low, high, middles = 0, np.inf, -np.inf, []
    for start in range(0, len(places), BLOCK):
        values = genes.iloc[:, list(places[start : start + BLOCK])].to_numpy()
        gaps = np.isnan(values)
        missing += int(gaps.sum())
        known = values[~gaps]
        if known.size:
            low, high = min(low, float(known.min())), max(high, float(known.max()))
            middles.append((float(np.median(known)), known.size))
    found = bool(middles)
    # The median of the blocks' medians: exact for one block, and near enough to tell z-scores from counts.
    middle = float(np.median([value for value, _ in middles])) if found else None
    return GeneFacts(
        kind=kind, columns=len(places), patients=len(genes), missing=missing, low=low if found else None, middle=middle,
        high=high if found else None,
    )


def describe_groups(groups: Mapping[str, Sequence[str]]) -> tuple[GroupFacts, ...]:
    """How many symbols of each functional group the table has.

    Parameters
    ----------
    groups : mapping
        Title to gene columns. A title of the paper's six is held against the group's full list.
    """
    known = functional_groups()
    facts = []
    for title, columns in groups.items():
        symbols = {split_column(column)[0] for column in columns}
        facts.append(GroupFacts(title=title, found=len(symbols), columns=len(columns),
                                of=len(known.get(title, symbols))))
    return tuple(facts)


def describe_folds(folds: pd.Series | None, patients: pd.DataFrame) -> tuple[FoldFacts, ...]:
    """Patients and deaths held out in each fold."""
    if folds is None:
        return ()
    died = patients["event"].reindex(folds.index).to_numpy(bool)
    places = folds.to_numpy(int)
    return tuple(
        FoldFacts(fold=fold, patients=int((places == fold).sum()), events=int((died & (places == fold)).sum()))
        for fold in range(int(places.max()) + 1)
    )


def doubt_folds(folds: Sequence[FoldFacts]) -> tuple[str, ...]:
    """What makes one doubt the folds, in one sentence; empty where nothing does."""
    empty = [str(one.fold + 1) for one in folds if not one.events]
    if not empty:
        return ()
    return (f"Nobody who is held out in fold {', '.join(empty)} died: no risk can be judged there.",)


def report_to_json(report: ImportReport) -> dict[str, Any]:
    """Plain JSON values."""
    return json.loads(json.dumps(asdict(report) | {"schema_version": SCHEMA}, allow_nan=False))


def read_report(folder: Path) -> ImportReport | None:
    """The report that an import stored with its cohort; None where an older survdash imported it.

    Raises
    ------
    CohortError
        If it is damaged, or of a newer survdash.
    """
    path = folder / REPORT
    if not path.is_file():
        return None
    try:
        return report_from_json(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, OSError, RecursionError) as error:
        if isinstance(error, CohortError):
            raise
        raise CohortError(f"{folder.name}/{REPORT} is malformed.", hint="Import the cohort again.") from error


def report_from_json(values: Mapping[str, Any]) -> ImportReport:
    """A report from the values of ``report_to_json``.

    Raises
    ------
    CohortError
        If a value is missing or malformed, or a newer survdash wrote it.
    """
    if not isinstance(values, dict):
        raise CohortError("An import report must be a JSON object.")
    version = values.get("schema_version")
    if not isinstance(version, int) or version > SCHEMA:
        raise CohortError(f"The import report has schema {version!r}; this survdash reads up to {SCHEMA}.",
                          hint="Update survdash.")
    known = {one.name for one in fields(ImportReport)}
    try:
        return _ADAPTER.validate_python({name: value for name, value in values.items() if name in known})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
        raise CohortError(f"The import report is malformed: {faults}.", hint="Import the cohort again.") from error


_ADAPTER: TypeAdapter[ImportReport] = TypeAdapter(ImportReport)
