"""A clinical table that stands beside a research table: stage, age and others, joined by case.

It fills what the main table lacks and never overwrites it; where the two disagree, both are told to the user.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.errors import ClinicalError
from survdash.sources.endpoint_columns import is_other_endpoint
from survdash.sources.feature_table import KEYS
from survdash.sources.research_csv import NOT_GENES, OUTCOMES, TIMES
from survdash.sources.table_file import TextTable, list_faults, name_some, read_table, to_numbers, to_text

ALIASES = {
    "stage": ("stage", "ajcc_pathologic_tumor_stage", "ajcc_pathologic_stage", "pathologic_stage"),
    "age": ("age", "age_years", "age_at_initial_pathologic_diagnosis", "age_at_index"),
    "sex": ("sex", "gender"),
}
NOT_JOINED = ("slide_id", "train", "index", "is_female", *TIMES, *OUTCOMES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClinicalTable:
    """Clinical facts, one row a patient.

    Parameters
    ----------
    facts : DataFrame
        Index ``case_id``, sorted; of ``stage``, ``age`` (years) and ``sex`` what the table has, then others as text.
    ignored : tuple of str
        Columns left out: outcomes above all, but for those of DSS, PFI and DFI, which a page may judge a model by.
    source : dict
        File name and SHA-256.
    """

    facts: pd.DataFrame
    ignored: tuple[str, ...]
    source: dict[str, object]


def read_clinical_table(path: Path) -> ClinicalTable:
    """Read a clinical table; words such as ``[Not Available]`` are missing values, stages stay as they are written.

    Raises
    ------
    ClinicalError
        If no column names the case, a case has two values of one fact, or an age or sex cannot be; all faults at once.
    """
    table = read_table(path, error=ClinicalError, text=None)
    key = next((name for name in KEYS if name in table.columns), None)
    if key is None:
        raise ClinicalError(f"{table.name} names no patient.", hint=f"Give a column {' or '.join(KEYS[:2])}.")
    faults: list[str] = []
    cases = to_text(table.frame[table.positions(key)[0]])
    if cases.isna().any():
        faults.append(f"{key} is missing in {int(cases.isna().sum())} lines")
    columns, ignored = _choose_columns(table, key)
    if not columns:
        raise ClinicalError(f"{table.name}: no clinical column is left beside the case and the outcome.")
    rows = pd.DataFrame({name: to_text(table.frame[place]) for name, place in columns.items()})
    if "age" in rows:
        rows["age"] = _read_age(rows["age"], faults)
    if "sex" in rows:
        rows["sex"] = _read_sex(rows["sex"], faults)
    facts = _one_row_a_case(rows, cases, faults)
    if faults:
        raise ClinicalError(f"{table.name}: {list_faults(faults)}.", hint="Repair the table and import it again.")
    return ClinicalTable(facts=facts, ignored=ignored, source={"file": table.name, "sha256": table.sha256})


def join_clinical(patients: pd.DataFrame, table: ClinicalTable) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Add the facts of ``table`` to ``patients``.

    Parameters
    ----------
    patients : DataFrame
        Index ``case_id``; left as it is.
    table : ClinicalTable

    Returns
    -------
    patients : DataFrame
        With gaps filled and new columns at the end.
    notes : tuple of str
        What was filled, what contradicts, who is in one table alone.
    """
    joined, notes = patients.copy(), []
    known = patients.index.isin(table.facts.index)
    strangers = int((~table.facts.index.isin(patients.index)).sum())
    notes.append(f"Clinical table: {int(known.sum())} of {len(patients)} cases found; {strangers} others left out.")
    here = table.facts.reindex(patients.index)
    for name in here:
        new = here[name]
        if name not in joined:
            joined[name] = new
            continue
        old = joined[name]
        differ = _disagree(old, new)
        if differ.any():
            examples = name_some(
                f"{case} {old[case]:g} and {new[case]:g}" if name == "age" else f"{case} {old[case]} and {new[case]}"
                for case in patients.index[differ]
            )
            count = int(differ.sum())
            notes.append(f"{name}: {count} cases differ between the tables; the main table's is kept ({examples}).")
        filled = (old.isna() & new.notna()).to_numpy(bool)
        if filled.any():
            joined[name] = old.where(old.notna(), new)
            notes.append(f"{name}: {int(filled.sum())} cases taken from the clinical table.")
    return joined, tuple(notes)


def _disagree(old: pd.Series, new: pd.Series) -> np.ndarray:
    both = (old.notna() & new.notna()).to_numpy(bool)
    if pd.api.types.is_numeric_dtype(old):
        return both & (old.to_numpy(float) != to_numbers(new)[0])
    return both & (old.astype("str") != new.astype("str")).to_numpy(bool, na_value=False)


def _choose_columns(table: TextTable, key: str) -> tuple[dict[str, int], tuple[str, ...]]:
    """Name inside to place in the file; and what is left out."""
    chosen, ignored = {}, []
    meanings = {alias: name for name, aliases in ALIASES.items() for alias in aliases}
    for place, column in enumerate(table.columns):
        if column == key:
            continue
        name = meanings.get(column, column)
        outcome = NOT_GENES.fullmatch(column) and column not in (*meanings, "grade", "race")
        outcome = outcome or column.startswith(("survival_months", "censorship")) or column in NOT_JOINED
        outcome = outcome and not is_other_endpoint(column)
        if not column or column.startswith("Unnamed:") or outcome:
            ignored.append(column or f"column {place + 1} without a name")
        elif name in chosen:
            ignored.append(column)
        else:
            chosen[name] = place
    return chosen, tuple(ignored)


def _read_age(words: pd.Series, faults: list[str]) -> pd.Series:
    ages, wrong = to_numbers(words)
    wrong |= (ages < 0) | (ages > 120)
    if wrong.any():
        line, count = int(np.flatnonzero(wrong)[0]), int(wrong.sum())
        faults.append(f"age {words.iloc[line]!r} in line {line + 2} is not between 0 and 120 years ({count} lines)")
    return pd.Series(ages, words.index)


def _read_sex(words: pd.Series, faults: list[str]) -> pd.Series:
    lower = words.str.lower()
    sex = lower.map({"female": "female", "f": "female", "male": "male", "m": "male"})
    wrong = (lower.notna() & sex.isna()).to_numpy(bool)
    if wrong.any():
        line = int(np.flatnonzero(wrong)[0])
        faults.append(f"sex {words.iloc[line]!r} in line {line + 2} is neither female nor male")
    return sex.astype("str")


def _one_row_a_case(rows: pd.DataFrame, cases: pd.Series, faults: list[str]) -> pd.DataFrame:
    grouped = rows.groupby(cases.to_numpy(), sort=True)
    for name in map(str, rows.columns):
        counts = grouped[name].nunique()
        for case in counts.index[counts > 1]:
            values = rows[name][(cases == case).to_numpy(bool, na_value=False)].dropna().drop_duplicates()
            said = name_some(f"{value} in line {int(row) + 2}" for row, value in values.items())
            faults.append(f"case {case} has {len(values)} values of {name}: {said}")
    facts = grouped.first()
    facts.index = pd.Index(facts.index, name="case_id", dtype="str")
    return facts
