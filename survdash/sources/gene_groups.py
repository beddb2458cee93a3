"""Functional groups of genes: the paper's six, or any number out of the user's own table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from survdash.errors import GeneError
from survdash.genes import functional_groups, group_columns, split_column
from survdash.sources.gene_names import is_excel_date
from survdash.sources.table_file import TextTable, list_faults, name_some, read_table, to_text

# A title stands on pages, in figures and in files that others open; markup and line ends have no place in it.
TITLE = re.compile(r"[^\W_][^\x00-\x1f\x7f<>`\\\u2028\u2029\u202a-\u202e\u2066-\u2069]{0,119}")
SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@/-]{0,39}")
MOST_GROUPS = 1000
LONG = ({"group", "symbol"}, {"group", "gene"})
HINT = "One column a group, its title in the first line and one gene symbol a line below."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupedGenes:
    """Columns of a gene table dealt into groups.

    Parameters
    ----------
    groups : dict
        Title to columns, in the order of the groups' table.
    notes : tuple of str
        Groups left out, columns of no group, symbols that the gene table lacks.
    source : dict or None
        File name and SHA-256 of the groups' table; None for the paper's.
    """

    groups: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]
    source: dict[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupTable:
    """Groups as a file tells them: title to gene symbols, in its order."""

    groups: dict[str, frozenset[str]]
    source: dict[str, object]


def read_gene_groups(path: Path) -> GroupTable:
    """Read a table of groups: a column each, ragged (as MCAT, SurvPath and MSigDB have it), or ``group,symbol`` lines.

    Raises
    ------
    GeneError
        If a title or a symbol cannot be one, stands twice, or a group is empty; all faults at once, with line and
        column.
    """
    table = read_table(path, error=GeneError, text=None)
    faults: list[str] = []
    found: dict[str, dict[str, int]] = {}
    for title, line, symbol in _cells(table, faults):
        members = found.setdefault(title, {})
        if is_excel_date(symbol):
            faults.append(f"{title}, line {line}: {symbol} is a gene that Excel has turned into a date")
        elif not SYMBOL.fullmatch(symbol):
            faults.append(f"{title}, line {line}: {symbol[:60]!r} is no gene symbol")
        members.setdefault(symbol, line)
    faults += [f"{title[:60]!r} cannot be a title" for title in found if not TITLE.fullmatch(title)]
    faults += [f"group {title} has no gene" for title, members in found.items() if not members]
    if len(found) > MOST_GROUPS:
        faults.append(f"{len(found)} groups are more than {MOST_GROUPS}")
    if faults or not found:
        raise GeneError(f"{table.name}: {list_faults(faults) or 'no group'}.", hint=HINT)
    return GroupTable(
        groups={title: frozenset(members) for title, members in found.items()},
        source={"file": table.name, "sha256": table.sha256, "groups": len(found)},
    )


def _cells(table: TextTable, faults: list[str]) -> Iterator[tuple[str, int, str]]:
    """Title, line and symbol of every filled cell."""
    if set(table.columns) in LONG and len(table.columns) == 2:
        first = table.positions("group")[0]
        titles, symbols = to_text(table.frame[first]), to_text(table.frame[1 - first])
        for number, (group, symbol) in enumerate(zip(titles, symbols, strict=True), start=2):
            if pd.isna(group) or pd.isna(symbol):
                faults.append(f"line {number} is not filled")
            else:
                yield str(group), number, str(symbol)
        return
    for place, title in enumerate(table.columns):
        cells = to_text(table.frame[place])
        filled = cells[cells.notna()]
        if not title:
            if len(filled):
                faults.append(f"column {place + 1} has no title")
            continue
        if table.columns.index(title) < place:
            faults.append(f"title {title} stands twice")
        elif filled.empty:
            faults.append(f"group {title} has no gene")
        for row, symbol in filled.items():
            yield title, int(str(row)) + 2, str(symbol)


def deal_genes(genes: pd.DataFrame | None, path: Path | None = None) -> GroupedGenes:
    """Deal the columns of a gene table into the paper's six groups, or into those of the table at ``path``.

    Groups without any gene of the table are left out and named.

    Raises
    ------
    GeneError
        If the groups' table is at fault, or no group has a gene.
    """
    told = None if path is None else read_gene_groups(path)
    if genes is None:
        if told is not None:
            raise GeneError(f"{told.source['file']}: there are no genes to deal into groups.", hint="Leave it out.")
        return GroupedGenes(groups={}, notes=(), source=None)
    groups: Mapping[str, frozenset[str]] = functional_groups() if told is None else told.groups
    symbols = {split_column(str(column))[0] for column in genes}
    present = {title: members for title, members in groups.items() if members & symbols}
    dealt = group_columns(genes.columns, present or groups)
    lacking = [title for title in groups if title not in present]
    notes = [f"No gene of the table belongs to: {name_some(lacking)}."] if lacking else []
    outside = len(set(genes.columns).difference(*dealt.values()))
    if outside:
        notes.append(f"{outside} of {genes.shape[1]} gene columns belong to no functional group.")
    if told is not None:
        absent = sorted(frozenset().union(*groups.values()) - symbols)
        notes.insert(0, f"{len(present)} functional groups of {told.source['file']} in place of the paper's six.")
        if absent:
            notes.append(f"{len(absent)} symbols of {told.source['file']} are not in the table: {name_some(absent)}.")
    return GroupedGenes(groups=dealt, notes=tuple(notes), source=None if told is None else told.source)
