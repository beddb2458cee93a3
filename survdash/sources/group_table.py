"""Gene groups of the user's own: pathways, signatures, whatever the genes are to be dealt into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from survdash.errors import GeneError
from survdash.sources.table_file import list_faults, read_table, to_text


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupTable:
    """Gene groups as they stood in a file.

    Parameters
    ----------
    groups : mapping
        Title to gene symbols, in the order of the file.
    source : mapping
        File and its SHA-256.
    """

    groups: Mapping[str, frozenset[str]]
    source: Mapping[str, str]


def read_group_table(path: Path) -> GroupTable:
    """Read a table with one column a group: its title above, gene symbols below, as many as it has.

    It is the layout in which the groups of MCAT and the pathways of SurvPath are published. A column of row numbers
    without a title is left out.

    Raises
    ------
    GeneError
        If a title stands twice, a group is empty, a column has no title, or a cell is no symbol; all at once.
    """
    table = read_table(path, error=GeneError, text=None)
    groups: dict[str, frozenset[str]] = {}
    faults = []
    for place, title in enumerate(table.columns):
        cells = to_text(table.frame[place]).dropna().str.strip()
        if not title or title.startswith("Unnamed:"):
            if not pd.to_numeric(cells, errors="coerce").notna().all():
                faults.append(f"column {place + 1} has no title")
            continue
        numbers = cells[pd.to_numeric(cells, errors="coerce").notna() | cells.str.contains(r"[\s,;|]")]
        if len(numbers):
            faults.append(f"line {numbers.index[0] + 2}, group {title}: {numbers.iloc[0]!r} is no gene symbol")
        elif title in groups:
            faults.append(f"group {title} stands twice")
        elif cells.empty:
            faults.append(f"group {title} has no gene")
        groups[title] = frozenset(cells)
    if not groups:
        faults.append("there is no group")
    if faults:
        raise GeneError(
            f"{table.name}: {list_faults(faults)}.",
            hint="One column for each group: its title above, its gene symbols below.",
        )
    return GroupTable(groups=groups, source={"file": table.name, "sha256": table.sha256})
