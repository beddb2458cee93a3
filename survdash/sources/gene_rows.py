"""Gene columns of a table with one line a slide or a patient, made into one row a patient.

A table of 20,000 genes and 10,000 patients has 200 million values, so each column is narrowed to float32 as it is read,
and lines of one patient are put together some hundred columns at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from survdash.sources.table_file import TextTable, to_numbers

BLOCK = 512  # columns put together at a time
LARGEST = float(np.finfo(np.float32).max)


def read_gene_rows(
    table: TextTable, places: Mapping[str, Sequence[int]], cases: pd.Series, faults: list[str]
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Values of the gene columns, one row a patient.

    Parameters
    ----------
    table : TextTable
    places : mapping
        Name inside to where it stands in the file; several places must agree.
    cases : Series
        Case of each line.
    faults : list of str
        What is wrong is added here.

    Returns
    -------
    genes : DataFrame or None
        Index ``case_id``, sorted; columns sorted; float32, NaN where missing. None without gene columns.
    notes : tuple of str
    """
    if not places:
        return None, ()
    order = sorted(places)
    values = np.empty((len(cases), len(order)), np.float32)
    too_large = False
    for column, name in enumerate(order):
        first, *others = (_values(table, place, name, faults) for place in places[name])
        if any(not np.array_equal(first, other, equal_nan=True) for other in others):
            faults.append(f"gene column {name} stands {len(places[name])} times with different values")
        too_large |= bool((np.abs(first) > LARGEST).any())
        with np.errstate(over="ignore"):  # told below
            values[:, column] = first
    if too_large:
        faults.append("a gene value is too large (above 3e38)")
    genes, filled = _one_row_a_case(values, order, cases, faults)
    missing = sum(int(np.isnan(genes.iloc[:, start : start + BLOCK].to_numpy()).sum())
                  for start in range(0, genes.shape[1], BLOCK))  # fmt: skip
    notes = []
    if filled:
        notes.append(f"{filled} gene values missing in one line of a case were taken from another line of it.")
    if missing:
        notes.append(f"{missing} gene values are missing and stay missing.")
    return genes, tuple(notes)


def collapse(values: pd.DataFrame, cases: pd.Series, faults: list[str]) -> tuple[pd.DataFrame, int]:
    """One row a case, its first known value in each column; a second, other value is a fault.

    Parameters
    ----------
    values : DataFrame
        One row a line.
    cases : Series
        Case of each line.
    faults : list of str
        What is wrong is added here.

    Returns
    -------
    table : DataFrame
        Index ``case_id``, sorted.
    filled : int
        Cells known in one line of a case and missing in another.
    """
    grouped = values.groupby(cases.to_numpy(), sort=True)
    first = grouped.first()
    first.index = pd.Index(first.index, name="case_id", dtype="str")
    if len(first) == len(values):
        return first, 0
    spread = first.loc[cases.to_numpy()].reset_index(drop=True)
    known = values.notna().to_numpy()
    for row, column in np.argwhere((values != spread).to_numpy(bool, na_value=False) & known):
        faults.append(
            f"case {cases.iloc[row]} has two values of {values.columns[column]}: "
            f"{spread.iloc[row, column]} and {values.iloc[row, column]} (line {row + 2})"
        )
    return first, int((~known & spread.notna().to_numpy()).sum())


def _one_row_a_case(
    values: np.ndarray, names: Sequence[str], cases: pd.Series, faults: list[str]
) -> tuple[pd.DataFrame, int]:
    columns = pd.Index(list(names), dtype="str")
    if cases.is_unique:
        index = pd.Index(cases.to_numpy(), name="case_id", dtype="str")
        if index.is_monotonic_increasing:  # no second copy of a large table
            return pd.DataFrame(values, index=index, columns=columns, copy=False), 0
        order = np.argsort(index.to_numpy(str), kind="stable")
        return pd.DataFrame(values[order], index=index[order], columns=columns, copy=False), 0
    parts, filled = [], 0
    for start in range(0, len(names), BLOCK):
        block = pd.DataFrame(values[:, start : start + BLOCK], columns=columns[start : start + BLOCK])
        part, gaps = collapse(block, cases, faults)
        parts.append(part)
        filled += gaps
    return pd.concat(parts, axis=1), filled


def _values(table: TextTable, place: int, name: str, faults: list[str]) -> np.ndarray:
    values, wrong = to_numbers(table.frame[place])
    if wrong.any():
        cell = table.frame[place][wrong].iloc[0]
        line = int(np.flatnonzero(wrong)[0]) + 2
        faults.append(f"{name} in line {line} is not a number: {str(cell)[:40]} ({int(wrong.sum())} lines)")
    return values
