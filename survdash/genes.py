"""Gene columns and the six functional groups they are dealt into.

A column is ``SYMBOL_kind``. The groups are the gene families of MSigDB that the field has used since MCAT (Chen 2021);
``gene_groups.csv`` beside this file lists them, and a column joins every group that lists its symbol.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np
import pandas as pd

from survdash.errors import GeneError

EXPRESSION = "rna"
KINDS = (EXPRESSION, "cnv", "mut")
SUFFIXES = {"_rnaseq": "rna", "_rna": "rna", "_cnv": "cnv", "_mut": "mut"}


def split_column(name: str) -> tuple[str, str | None]:
    """Symbol and kind of a column name; the kind is None for a bare symbol.

    Examples
    --------
    >>> split_column("TP53_rnaseq"), split_column("TP53")
    (('TP53', 'rna'), ('TP53', None))
    """
    for suffix, kind in SUFFIXES.items():
        if name.endswith(suffix) and len(name) > len(suffix):
            return name.removesuffix(suffix), kind
    return name, None


@lru_cache(maxsize=8)
def kinds_of(columns: tuple[str, ...]) -> np.ndarray:
    """The kind of each column, "" for one without; shape (G,)."""
    return np.array([split_column(column)[1] or "" for column in columns], np.str_)


@cache
def functional_groups() -> dict[str, frozenset[str]]:
    """The paper's six functional groups: title to gene symbols, in the paper's order."""
    with files("survdash").joinpath("gene_groups.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file)
    return {str(title): frozenset(rows["symbol"]) for title, rows in table.groupby("group", sort=False)}


def group_columns(
    columns: Iterable[str], groups: Mapping[str, frozenset[str]] | None = None
) -> dict[str, tuple[str, ...]]:
    """Deal gene columns into functional groups.

    Parameters
    ----------
    columns : iterable of str
        ``SYMBOL_kind`` names.
    groups : mapping, optional
        Title to symbols; the paper's six by default.

    Returns
    -------
    dict
        Title to columns, sorted; a column may stand in several groups, one of no family in none.

    Raises
    ------
    GeneError
        If a group is left without any column.
    """
    symbols = {column: split_column(column)[0] for column in columns}
    dealt = {
        title: tuple(sorted(column for column, symbol in symbols.items() if symbol in members))
        for title, members in (groups or functional_groups()).items()
    }
    empty = [title for title, members in dealt.items() if not members]
    if empty:
        raise GeneError(
            f"No gene of the table belongs to: {', '.join(empty)}.",
            hint="Columns must be HGNC symbols, optionally with _rnaseq, _cnv or _mut.",
        )
    return dealt


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GenePanel:
    """The genes a model was trained on, with what they looked like there.

    Parameters
    ----------
    columns : tuple of str
        G column names, in the model's order.
    groups : mapping
        Title to columns.
    mean, std, low, high : tuple of float
        Per column over the training cohort: mean, standard deviation, 0.5 % and 99.5 % quantiles.
    """

    columns: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def describe_panel(genes: pd.DataFrame, groups: Mapping[str, tuple[str, ...]]) -> GenePanel:
    """The panel of a cohort's gene table, over the columns that belong to a group."""
    columns = tuple(dict.fromkeys(column for members in groups.values() for column in members))
    table = genes[list(columns)].astype(float)
    table = table.fillna({name: 0.0 for name in columns if table[name].isna().all()})

    def numbers(row: pd.Series) -> tuple[float, ...]:
        return tuple(float(value) for value in row.to_numpy())

    return GenePanel(
        columns=columns, groups=dict(groups), mean=numbers(table.mean()), std=numbers(table.std(ddof=0)),
        low=numbers(table.quantile(0.005)), high=numbers(table.quantile(0.995)),
    )
