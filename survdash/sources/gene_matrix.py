"""Genes × samples as genome portals keep them: a line a gene, a column a sample; turned to a row a case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from survdash.errors import GeneError
from survdash.sources.tab_file import TabFile, is_missing, open_tab_file
from survdash.sources.table_file import list_faults, name_some

NAMES = ("Hugo_Symbol", "gene_name", "sample", "gene", "Gene Symbol", "Ensembl_ID")
NO_SAMPLES = frozenset({
    "hugo_symbol", "entrez_gene_id", "gene_name", "cytoband", "sample", "gene", "gene symbol", "ensembl_id", "locus id",
    "entity_stable_id", "composite.element.ref",
})  # fmt: skip
Merge = Literal["sum", "mean", "equal"]


@dataclass(slots=True, kw_only=True)
class _Found:
    """What has been read so far."""

    rows: dict[str, list[np.ndarray]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)
    unnamed: int = 0
    others: int = 0


def read_matrix(
    path: Path, chosen: Mapping[str, str], *, symbols: Collection[str], merge: Merge,
    symbol_of: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, tuple[str, ...]]:  # fmt: skip
    """Read the values of some genes in some samples.

    Parameters
    ----------
    path : Path
        Tab-separated; a column of symbols (or of ids that ``symbol_of`` knows), the others are samples.
    chosen : mapping
        Sample to case; other samples are not read.
    symbols : collection of str
        Genes to keep.
    merge : {"sum", "mean", "equal"}
        How several lines of one symbol become one: abundances add up, logarithms and z-scores are averaged, and what
        can be neither is left out unless the lines agree.
    symbol_of : mapping, optional
        Id without its version to symbol.

    Returns
    -------
    values : DataFrame, shape (N, G)
        Index case, sorted; columns symbols, sorted; float64, NaN where missing.
    notes : tuple of str

    Raises
    ------
    GeneError
        If the file is damaged, names no gene, holds none of ``symbols`` or none of the samples, or a value is no
        number; all faults at once.
    """
    with open_tab_file(path, error=GeneError) as table:
        key, places = _find_columns(table, chosen)
        found = _Found()
        for number, cells in table.rows:
            name = cells[key].partition("|")[0].strip()
            symbol = name if symbol_of is None else symbol_of.get(name.partition(".")[0], "")
            if not symbol or symbol in ("?", "NA"):
                found.unnamed += 1
            elif symbol not in symbols:
                found.others += 1
            else:
                found.rows[symbol].append(_numbers(table, cells, places, f"{symbol} (line {number})", found.faults))
    if found.faults:
        raise GeneError(f"{path.name}: {list_faults(found.faults)}.", hint="Copy or fetch the file anew.")
    if not found.rows:
        raise GeneError(
            f"{path.name} holds none of the {len(symbols)} genes that are wanted.",
            hint="Lines must be named by HGNC symbols.",
        )
    values, merged = _merge(found.rows, merge)
    frame = pd.DataFrame(values, index=pd.Index([chosen[table.header[place]] for place in places], name="case_id"))
    lacking = sorted(set(symbols) - set(found.rows))
    if lacking:
        merged = (*merged, f"{path.name}: {len(lacking)} of {len(symbols)} genes are not in it: {name_some(lacking)}.")
    return frame.sort_index(), (*_notes(path.name, found), *merged)


def sample_columns(path: Path) -> tuple[str, ...]:
    """Samples that a matrix has columns of.

    Raises
    ------
    GeneError
        If the file is damaged.
    """
    with open_tab_file(path, error=GeneError) as table:
        return tuple(name for name in table.header if name and name.lower() not in NO_SAMPLES)


def _find_columns(table: TabFile, chosen: Mapping[str, str]) -> tuple[int, list[int]]:
    key = table.place(*NAMES)
    if key is None:
        raise GeneError(
            f"{table.name} has no column of gene symbols ({', '.join(NAMES[:2])}).",
            hint="Entrez ids alone are not read.",
        )
    places = [place for place, name in enumerate(table.header) if place != key and name in chosen]
    names = [table.header[place] for place in places]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise GeneError(f"{table.name}: {len(twice)} samples have two columns ({name_some(twice)}).")
    if not places:
        raise GeneError(f"{table.name} has no column of a sample that is wanted.", hint="Do the files belong together?")
    return key, places


def _numbers(table: TabFile, cells: list[str], places: list[int], where: str, faults: list[str]) -> np.ndarray:
    wanted = [cells[place] for place in places]
    try:
        values = np.array(wanted, dtype=float)  # at once, where no cell is missing
    except ValueError:
        values = np.array([_number(cell) for cell in wanted])
    wrong = np.flatnonzero(np.isinf(values))
    if wrong.size:
        first = int(wrong[0])
        faults.append(f"{where} of sample {table.header[places[first]]} is no finite number: {wanted[first][:40]!r}")
    return values


def _number(cell: str) -> float:
    """NaN where missing, infinity where it is no number: neither is one."""
    if is_missing(cell):
        return np.nan
    try:
        return float(cell)
    except ValueError:
        return np.inf


def _merge(rows: Mapping[str, list[np.ndarray]], how: Merge) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    values: dict[str, np.ndarray] = {}
    several, differ = [], []
    for symbol in sorted(rows):
        lines = rows[symbol]
        if len(lines) == 1:
            values[symbol] = lines[0]
            continue
        several.append(symbol)
        if how == "sum":
            values[symbol] = np.sum(lines, axis=0)
        elif how == "mean":
            values[symbol] = np.mean(lines, axis=0)
        elif all(np.array_equal(lines[0], other, equal_nan=True) for other in lines[1:]):
            values[symbol] = lines[0]
        else:
            differ.append(symbol)
    words = {"sum": "added up", "mean": "averaged", "equal": "taken where they agree"}[how]
    notes = []
    if several:
        notes.append(f"{len(several)} genes stand on several lines, which are {words}: {name_some(several)}.")
    if differ:
        notes.append(f"{len(differ)} genes are left out, their lines disagree: {name_some(differ)}.")
    return values, tuple(notes)


def _notes(name: str, found: _Found) -> list[str]:
    notes = []
    if found.others:
        notes.append(f"{name}: {found.others} genes that are not among those wanted are left out.")
    if found.unnamed:
        notes.append(f"{name}: {found.unnamed} lines name no gene and are left out.")
    return notes
