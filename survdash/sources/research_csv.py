"""Research tables in the layout of MCAT, PORPOISE and SurvPath: one line a slide, follow-up and genes repeated.

``censorship`` is 1 for a patient whose death was not observed; it is turned round here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.cohort import PATIENT_COLUMNS
from survdash.errors import ClinicalError
from survdash.genes import functional_groups, split_column
from survdash.sources.gene_rows import collapse, read_gene_rows
from survdash.sources.table_file import TextTable, list_faults, name_some, read_table, to_numbers, to_text

TEXT_COLUMNS = ("case_id", "slide_id", "site", "oncotree_code", "sex", "stage", "grade", "subtype")
TIMES, OUTCOMES = ("survival_months", "time_months"), ("censorship", "event")
KNOWN = (*TEXT_COLUMNS, *TIMES, *OUTCOMES, "is_female", "age", "train")
# Names in capitals that are outcomes or clinical facts, never genes, although they may hold 0 and 1.
NOT_GENES = re.compile(
    r"(os|dss|dfi|dfs|pfi|pfs|efs|rfs|ttp|months?|days?|years?|time|treatment|vital|smoking|smoker)([._ ].*)?|"
    r"event|dead|death|deceased|status|age|sex|gender|race|stage|grade|id|.*[._ ]id|redaction|train|test|fold|split|"
    r"cohort",
    re.IGNORECASE,
)
SYMBOL = re.compile(r"(?=.*[A-Z])[A-Za-z0-9][A-Za-z0-9._@-]*")
CASE_ID = re.compile(r"[^\W_][\w .:+-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A patient of a table who cannot be used: who, the first line that names him or her, and why."""

    case_id: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResearchTable:
    """What one research table says, one row a patient.

    Parameters
    ----------
    patients : DataFrame
        Index ``case_id``, sorted; ``PATIENT_COLUMNS``, then others as they came.
    genes : DataFrame or None
        Index as ``patients``; columns ``SYMBOL_kind``; float32, NaN where missing.
    slides : Series
        Index ``slide_id``, value ``case_id``: the slides that the table names; empty when it names none.
    dropped, ignored, notes : tuple of str
        Patients left out and why; columns left out; everything else that the user should know.
    source : dict
        File name and SHA-256.
    left_out : tuple of LeftOut
        The same patients as in ``dropped``, one by one.
    lines : int
        Data lines of the table; 0 where it is not one table.
    duplicates : tuple of str
        What stands more than once, in words.
    """

    patients: pd.DataFrame
    genes: pd.DataFrame | None
    slides: pd.Series
    dropped: tuple[str, ...]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    source: dict[str, object]
    left_out: tuple[LeftOut, ...] = ()
    lines: int = 0
    duplicates: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Sorted:
    """Where each kind of column stands in the file."""

    known: dict[str, int] = field(default_factory=dict)
    genes: dict[str, list[int]] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read_research_csv(path: Path) -> ResearchTable:
    """Read a research table.

    Needs ``case_id``, ``survival_months`` (or ``time_months``) and ``censorship`` (or ``event``). Columns ending
    ``_rnaseq``, ``_cnv`` or ``_mut`` are genes; a bare gene symbol with values 0 and 1 is a mutation. Lines of one case
    (its slides) are one patient.

    Raises
    ------
    ClinicalError
        If the file is no such table, or contradicts itself; all faults are named at once.
    """
    table = read_table(path, error=ClinicalError, text=TEXT_COLUMNS)
    if table.frame.empty:
        raise ClinicalError(f"{table.name} has a header but no patient.")
    columns = _sort_columns(table)
    _check_columns(table, columns)
    cases = to_text(table.frame[columns.known["case_id"]])
    faults = list(columns.faults)
    if cases.isna().any():
        faults.append(f"{int(cases.isna().sum())} lines have no case_id, the first is line {_line(cases.isna())}")
    odd = sorted({case for case in cases.dropna() if not CASE_ID.fullmatch(case)})
    if odd:
        faults.append(f"case ids must be up to 64 letters, digits and . : + - _; not {odd[0][:80]!r}")
    _stop(table, faults)
    patients, notes = _read_patients(table, columns, cases, faults)
    genes, gene_notes = read_gene_rows(table, columns.genes, cases, faults)
    slides = _read_slides(table, columns, cases, faults)
    _stop(table, faults)
    keep, dropped, left_out = _with_outcome(patients, cases)
    if not keep.any():
        raise ClinicalError(f"{table.name}: no patient has a follow-up above zero and an outcome.")
    patients = patients.loc[keep]
    patients["event"] = patients["event"].astype(bool)
    return ResearchTable(
        patients=patients,
        genes=genes if genes is None or keep.all() else genes.loc[keep],
        slides=slides[slides.isin(patients.index)],
        dropped=dropped,
        ignored=tuple(columns.ignored),
        notes=(*notes, *gene_notes),
        source={"file": table.name, "sha256": table.sha256, "times": "months as given in the file"},
        left_out=left_out, lines=len(cases), duplicates=_find_duplicates(table, columns, cases),
    )


def gene_places(table: TextTable) -> tuple[dict[str, list[int]], list[str], list[str]]:
    """Gene columns of any table, by their name inside; the columns that are none; what is wrong with their names."""
    found = _sort_columns(table)
    return found.genes, [*found.known, *found.others, *found.ignored], found.faults


def _line(mask: pd.Series | np.ndarray) -> int:
    """Line of the file (the header is line 1) of the first True."""
    return int(np.flatnonzero(np.asarray(mask))[0]) + 2


def _stop(table: TextTable, faults: Sequence[str]) -> None:
    if faults:
        hint = "Repair the table and import it again."
        if any("a decimal comma" in fault for fault in faults):
            hint = "Research tables have decimal points: save it so, or import it as a hospital's table (--mapping)."
        raise ClinicalError(f"{table.name}: {list_faults(faults)}.", hint=hint)


def _sort_columns(table: TextTable) -> _Sorted:
    found = _Sorted()
    symbols = frozenset[str]().union(*functional_groups().values())
    doubtful = []
    for place, name in enumerate(table.columns):
        symbol, kind = split_column(name)
        if not name or name.startswith("Unnamed:") or name in ("index", "train"):
            found.ignored.append(name or f"column {place + 1} without a name")
        elif name in KNOWN:
            if name in found.known:
                found.faults.append(f"column {name} stands twice")
            found.known[name] = place
        elif kind is not None:
            found.genes.setdefault(f"{symbol}_{kind}", []).append(place)
        elif _is_mutation(name, table.frame[place]):
            found.genes.setdefault(f"{name}_mut", []).append(place)
        elif name in symbols:
            doubtful.append(name)
        elif name in found.others:
            found.faults.append(f"column {name} stands twice")
        else:
            found.others[name] = place
    if doubtful:
        found.faults.append(
            f"{len(doubtful)} gene columns hold other values than 0 and 1 but do not say what they are "
            f"({name_some(doubtful)}): add _rnaseq or _cnv to their names"
        )
    return found


def _is_mutation(name: str, cells: pd.Series) -> bool:
    if not SYMBOL.fullmatch(name) or NOT_GENES.fullmatch(name):
        return False
    if not pd.api.types.is_numeric_dtype(cells):
        return False
    values = cells.to_numpy(float)
    return bool(((values == 0) | (values == 1) | np.isnan(values)).all()) and not np.isnan(values).all()


def _check_columns(table: TextTable, columns: _Sorted) -> None:
    faults = list(columns.faults)
    if "case_id" not in columns.known:
        faults.append("column case_id is missing")
    for choice, what in ((TIMES, "follow-up in months"), (OUTCOMES, "outcome")):
        here = [name for name in choice if name in columns.known]
        if len(here) != 1:
            faults.append(f"column {' or '.join(choice)} ({what}) is {'given twice' if here else 'missing'}")
    _stop(table, faults)


def _read_patients(
    table: TextTable, columns: _Sorted, cases: pd.Series, faults: list[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Clinical facts, one row a case; ``time_months`` and ``event`` still with gaps."""
    def numbers(name: str) -> np.ndarray:
        if name not in columns.known:
            return np.full(len(cases), np.nan)
        values, wrong = to_numbers(table.frame[columns.known[name]])
        if wrong.any():
            cells = to_text(table.frame[columns.known[name]])[wrong]
            comma = ", a decimal comma" if cells.str.fullmatch(r"\s*-?\d+,\d+\s*").any() else ""
            faults.append(f"{name} in line {_line(wrong)} is not a number ({int(wrong.sum())} lines{comma})")
        return values

    def text(name: str) -> pd.Series:
        if name not in columns.known:
            return pd.Series(pd.NA, cases.index, dtype="str")
        return to_text(table.frame[columns.known[name]])

    outcome = next(name for name in OUTCOMES if name in columns.known)
    event = _zero_or_one(numbers(outcome), outcome, faults)
    age = numbers("age")
    if (wrong := (age < 0) | (age > 120)).any():
        faults.append(f"age in line {_line(wrong)} is not between 0 and 120 years ({int(wrong.sum())} lines)")
    rows = pd.DataFrame({
        "time_months": numbers(next(name for name in TIMES if name in columns.known)),
        "event": 1 - event if outcome == "censorship" else event,
        "age": age,
        "sex": _read_sex(text("sex"), numbers("is_female"), faults),
        "stage": text("stage"),
        "site": text("site"),
    })
    for name in ("oncotree_code", "grade", "subtype"):
        if name in columns.known:
            rows[name] = text(name)
    for name, place in columns.others.items():
        cells = table.frame[place]
        rows[name] = cells if pd.api.types.is_numeric_dtype(cells) else to_text(cells)
    patients, filled = collapse(rows, cases, faults)
    notes = []
    if filled:
        notes.append(f"{filled} clinical values missing in one line of a case were taken from another line of it.")
    if columns.others:
        notes.append(f"Kept as they came, used by no model: {name_some(columns.others)}.")
    return patients[[*PATIENT_COLUMNS, *(name for name in patients if name not in PATIENT_COLUMNS)]], tuple(notes)


def _zero_or_one(values: np.ndarray, name: str, faults: list[str]) -> np.ndarray:
    wrong = ~np.isnan(values) & ~np.isin(values, (0, 1))
    if wrong.any():
        faults.append(f"{name} must be 0 or 1; line {_line(wrong)} has {values[wrong][0]:g} ({int(wrong.sum())} lines)")
    return values


def _read_sex(words: pd.Series, is_female: np.ndarray, faults: list[str]) -> pd.Series:
    known = {"female": "female", "f": "female", "male": "male", "m": "male"}
    lower = words.str.lower()
    wrong = lower.notna() & ~lower.isin(known)
    if wrong.any():
        faults.append(f"sex in line {_line(wrong)} is neither female nor male: {words[wrong].iloc[0]!r}")
    coded = pd.Series(_zero_or_one(is_female, "is_female", faults)).map({1.0: "female", 0.0: "male"})
    said = lower.map(known)
    differ = (said.notna() & coded.notna()).to_numpy(bool) & (said != coded).to_numpy(bool, na_value=False)
    if differ.any():
        faults.append(f"sex and is_female disagree in line {_line(differ)} ({int(differ.sum())} lines)")
    return said.where(said.notna(), coded).astype("str")


def _read_slides(table: TextTable, columns: _Sorted, cases: pd.Series, faults: list[str]) -> pd.Series:
    empty = pd.Series([], index=pd.Index([], name="slide_id", dtype="str"), name="case_id", dtype="str")
    if "slide_id" not in columns.known:
        return empty
    # removesuffix, not rstrip: a name that ends in "s" or "v" keeps its end.
    named = to_text(table.frame[columns.known["slide_id"]]).str.removesuffix(".svs")
    pairs = pd.DataFrame({"slide_id": named, "case_id": cases}).dropna().drop_duplicates()
    shared = pairs["slide_id"].duplicated()
    faults.extend(f"slide {slide} belongs to two cases" for slide in sorted(set(pairs["slide_id"][shared])))
    if pairs.empty:
        return empty
    return pairs.set_index("slide_id")["case_id"].sort_index()


def _with_outcome(patients: pd.DataFrame, cases: pd.Series) -> tuple[np.ndarray, tuple[str, ...], tuple[LeftOut, ...]]:
    """Which patients have an outcome to learn from, and why the others have not."""
    time, event = patients["time_months"].to_numpy(), patients["event"].to_numpy()
    reasons = (
        ("no follow-up time", np.isnan(time)),
        ("no outcome", ~np.isnan(time) & np.isnan(event)),
        ("follow-up not above zero", (time <= 0) & ~np.isnan(event)),
    )
    dropped = tuple(_describe(patients.index[mask], why) for why, mask in reasons if mask.any())
    left_out = tuple(
        LeftOut(case_id=str(case), line=_line(cases == case), reason=why)
        for why, mask in reasons for case in patients.index[mask]
    )
    return ~np.logical_or.reduce([mask for _, mask in reasons]), dropped, left_out


def _find_duplicates(table: TextTable, columns: _Sorted, cases: pd.Series) -> tuple[str, ...]:
    """Several lines of one patient, lines that are equal in the patient's own columns, genes that stand twice."""
    found = []
    several = int(cases.duplicated().sum())
    if several:
        people = cases[cases.duplicated()].nunique()
        found.append(f"{people} cases have more than one line ({several} lines more than cases)")
    if "slide_id" in columns.known:
        slides = to_text(table.frame[columns.known["slide_id"]]).dropna()
        twice = slides[slides.duplicated()]
        if len(twice):
            found.append(f"{twice.nunique()} slides are named by more than one line ({name_some(sorted(set(twice)))})")
    genes = sorted(name for name, places in columns.genes.items() if len(places) > 1)
    if genes:
        found.append(f"{len(genes)} gene columns stand more than once, with equal values ({name_some(genes)})")
    return tuple(found)


def _describe(cases: Iterable[str], why: str) -> str:
    names = list(cases)
    return f"{len(names)} {'case' if len(names) == 1 else 'cases'}: {why} ({name_some(names)})"
