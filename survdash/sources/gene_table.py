"""The gene table of one new patient: read as it stands, then matched to the genes a model was trained on.

Symbols are matched exactly after trimming and Ensembl ids by a table; an alias or another spelling is reported, never
guessed. A gene given twice must have one value.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.errors import GeneError
from survdash.genes import GenePanel, split_column
from survdash.sources.feature_table import KEYS
from survdash.sources.gene_names import hint_of, is_excel_date, translate
from survdash.sources.gene_scale import judge_scale, outside_of
from survdash.sources.research_csv import KNOWN, NOT_GENES
from survdash.sources.star_counts import SCALE, read_star_counts
from survdash.sources.table_file import TextTable, list_faults, name_some, read_table, to_numbers, to_text
from survdash.store import file_sha256

MOST_MISSING = 0.2  # of a functional group
FORMAT_HINT = "Give one line with a column for each gene, or two columns: gene, value."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeneTable:
    """One patient's genes as the file writes them.

    Parameters
    ----------
    name, sha256 : str
        Of the file.
    genes : tuple of str
        G names, trimmed; some may stand twice.
    values : ndarray, shape (G,)
        float64; NaN where missing or not a number.
    not_numeric : tuple of str
        Genes whose value is a text that is no number.
    ignored : tuple of str
        Columns that are no genes, such as ``case_id``.
    notes : tuple of str
        What was done to the values on the way.
    """

    name: str
    sha256: str
    genes: tuple[str, ...]
    values: np.ndarray
    not_numeric: tuple[str, ...]
    ignored: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeneCheck:
    """How a patient's table fits a panel.

    Parameters
    ----------
    values : Series
        Over ``panel.columns``; float64, NaN where the table has no value.
    per_group : DataFrame
        One row a functional group: ``group``, ``expected``, ``found``, ``missing``, then ``duplicated``,
        ``not_numeric``, ``out_of_range``.
    missing, duplicated, not_numeric, out_of_range : tuple of str
        Panel columns without a value; given twice with one value; given as text; outside the cohort's range widened
        by half its width on either side.
    warnings : tuple of str
        What the user should know before trusting the prediction.
    """

    values: pd.Series
    per_group: pd.DataFrame
    missing: tuple[str, ...]
    duplicated: tuple[str, ...]
    not_numeric: tuple[str, ...]
    out_of_range: tuple[str, ...]
    warnings: tuple[str, ...]


def read_gene_table(path: Path) -> GeneTable:
    """Read one patient's table: one line with a column for each gene, two columns of gene and value, or STAR-Counts.

    Raises
    ------
    GeneError
        If the file is empty, binary, too large, no table, of several patients, or holds no number.
    """
    if _is_star_counts(path):
        levels = read_star_counts(path)
        return GeneTable(
            name=path.name, sha256=file_sha256(path), genes=tuple(f"{symbol}_rna" for symbol in levels.index),
            values=levels.to_numpy(float), not_numeric=(), ignored=(),
            notes=(f"{path.name} is a STAR-Counts table; its TPM were read as {SCALE}.",),
        )
    table = read_table(path, error=GeneError, text=None)
    genes, cells, ignored = _as_long(table) if _is_long(table) else _as_wide(table)
    values, wrong = to_numbers(cells)
    _refuse_formulas(table, genes, cells)
    if not genes or np.isnan(values).all():
        comma = any(re.fullmatch(r"\s*-?\d+,\d+\s*", str(cell)) for cell in cells.dropna())
        raise GeneError(
            f"{table.name} holds no gene with a number.", hint="Use a point as decimal mark." if comma else FORMAT_HINT
        )
    return GeneTable(
        name=table.name, sha256=table.sha256, genes=tuple(genes), values=values, ignored=tuple(ignored),
        not_numeric=tuple(gene for gene, bad in zip(genes, wrong, strict=True) if bad),
    )


def _is_star_counts(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(40).startswith((b"# gene-model", b"gene_id\tgene_name\tgene_type"))
    except OSError:  # said in words by the reader of tables
        return False


def _refuse_formulas(table: TextTable, genes: list[str], cells: pd.Series) -> None:
    formulas = cells.fillna("").str.startswith("=").to_numpy(bool)
    if formulas.any():
        places = np.flatnonzero(formulas)
        examples = name_some(f"{genes[place]} has {str(cells.iloc[place])[:40]}" for place in places)
        raise GeneError(
            f"{table.name}: {len(places)} genes hold a formula in place of a value: {examples}.",
            hint="Save the table with values, not formulas.",
        )


def _is_long(table: TextTable) -> bool:
    if len(table.columns) != 2 or table.columns[0] in (*KEYS, *KNOWN, ""):
        return False
    return table.frame.empty or bool(np.isnan(to_numbers(table.frame[0])[0]).all())


def _as_long(table: TextTable) -> tuple[list[str], pd.Series, list[str]]:
    names, cells = list(to_text(table.frame[0]).fillna("")), list(to_text(table.frame[1]))
    header = pd.Series([table.columns[1]], dtype="str")
    if not np.isnan(to_numbers(header)[0][0]):  # no header line: the first line is a gene already
        names, cells = [table.columns[0], *names], [table.columns[1], *cells]
    unnamed = [place for place, name in enumerate(names) if not name]
    if unnamed:
        raise GeneError(f"{table.name}: {len(unnamed)} lines name no gene, the first is line {unnamed[0] + 2}.")
    return names, pd.Series(cells, dtype="str"), []


def _as_wide(table: TextTable) -> tuple[list[str], pd.Series, list[str]]:
    places = [place for place, name in enumerate(table.columns) if _is_gene(name)]
    if not places:
        raise GeneError(f"{table.name} holds no gene with a number.", hint=FORMAT_HINT)
    rows = table.frame[places].drop_duplicates()  # a patient's slides may stand on several lines
    if rows.empty:
        raise GeneError(f"{table.name} has a header but no values.", hint=FORMAT_HINT)
    if len(rows) > 1:
        raise GeneError(f"{table.name} holds {len(rows)} different lines; one patient is expected.", hint=FORMAT_HINT)
    ignored = [name for name in table.columns if name and not _is_gene(name)]
    cells = to_text(pd.Series(rows.iloc[0].to_list(), dtype="str"))
    return [table.columns[place] for place in places], cells, ignored


def _is_gene(name: str) -> bool:
    plain = bool(name) and not name.startswith("Unnamed:") and name not in (*KNOWN, *KEYS, "index")
    return plain and not NOT_GENES.fullmatch(name)


@dataclass(slots=True, kw_only=True)
class _Matched:
    """Values found for each panel column, and names that fit none."""

    found: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    text: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def match_genes(table: GeneTable, panel: GenePanel, *, max_missing: float = MOST_MISSING) -> GeneCheck:
    """Match a patient's genes to a panel.

    A name with a kind (``TP53_rnaseq``) is that column; a bare symbol is a column if the panel knows the symbol in one
    kind, or in one kind beside those that the table gives by name.

    Parameters
    ----------
    table : GeneTable
    panel : GenePanel
    max_missing : float
        Largest share of a functional group that may lack a value.

    Raises
    ------
    GeneError
        If a gene has two different values, a group lacks too many, or the values are in another scale; all at once.

    Notes
    -----
    The scale is another one when, of at least 20 values of a kind, more than 25 % lie outside the cohort's 0.5 % to
    99.5 % quantiles (for copy numbers the wider of these and -2 to 2; for mutations 0 and 1); or, for RNA, when the
    cohort's genes go below zero (90 % of them) and the patient's hardly do (under 2 %: counts, TPM, log2 TPM), or the
    other way round. Real patients of four TCGA cohorts: at most 15 % outside, at least 49 % below zero.
    """
    matched = _match_names(table, panel)
    faults = _find_contradictions(matched)
    values = pd.Series({column: matched.found.get(column, [np.nan])[0] for column in panel.columns}, dtype=float)
    duplicated = {column for column, given in matched.found.items() if len(given) > 1}
    outside, wide = outside_of(values, panel, widen=0.0), outside_of(values, panel, widen=0.5)
    states = {
        "missing": set(values.index[values.isna()]), "duplicated": duplicated, "not_numeric": set(matched.text),
        "out_of_range": set(values.index[wide]),
    }
    per_group = _count(panel, states)
    lacking = per_group[per_group["missing"] > max_missing * per_group["expected"]]
    counts = zip(lacking["group"], lacking["missing"], lacking["expected"], strict=True)
    if words := say_missing({group: (missing, expected) for group, missing, expected in counts}, most=max_missing):
        faults.append(words)
    faults.extend(judge_scale(values, outside, panel))
    if faults:
        raise GeneError(f"{table.name}: {list_faults(faults)}.", hint=_hint(matched, faults))
    listed = {state: tuple(name for name in panel.columns if name in members) for state, members in states.items()}
    return GeneCheck(values=values, per_group=per_group, warnings=_warn(matched, listed, panel), **listed)


def say_missing(lacking: Mapping[str, tuple[int, int]], *, most: float = MOST_MISSING) -> str:
    """That too many genes are missing, in words; "" where no group lacks too many.

    Parameters
    ----------
    lacking : mapping
        Group to how many of how many are missing, of those that lack more than ``most``.
    most : float
        Largest share of a group that may lack a value.
    """
    if not lacking:
        return ""
    groups = ", ".join(f"{title} {missing} of {expected}" for title, (missing, expected) in lacking.items())
    return f"too many genes are missing: {groups}; up to {most:.0%} of each group may be"


@lru_cache(maxsize=8)
def _kinds_of_symbols(columns: tuple[str, ...]) -> dict[str, set[str | None]]:
    kinds: dict[str, set[str | None]] = {}
    for column in columns:
        symbol, kind = split_column(column)
        kinds.setdefault(symbol, set()).add(kind)
    return kinds


def _match_names(table: GeneTable, panel: GenePanel) -> _Matched:
    kinds = _kinds_of_symbols(panel.columns)
    names = translate(table.genes, known=kinds)
    split = [split_column(name) for name in names.names]
    given: dict[str, set[str]] = defaultdict(set)
    for symbol, kind in split:
        if kind is not None:
            given[symbol].add(kind)
    matched = _Matched(said=[*table.notes, *names.notes])
    text = set(table.not_numeric)
    rows = enumerate(zip(table.genes, split, table.values, strict=True))
    for name, (symbol, kind), value in (row for place, row in rows if place not in names.left_out):
        choices = kinds.get(symbol, set()) - given[symbol] if kind is None else kinds.get(symbol, set()) & {kind}
        if len(choices) != 1:
            (matched.ambiguous if choices else matched.unknown).append(name)
            continue
        column = f"{symbol}_{choices.pop()}"
        matched.found[column].append(float(value))
        if name in text and np.isnan(value):
            matched.text.append(column)
    return matched


def _find_contradictions(matched: _Matched) -> list[str]:
    several = {column: given for column, given in matched.found.items() if len(given) > 1}
    # As text, so that two missing values are one value.
    differ = {column: given for column, given in several.items() if len(set(map(str, given))) > 1}
    if not differ:
        return []
    examples = name_some(f"{column} {' and '.join(map(str, given))}" for column, given in differ.items())
    return [f"{len(differ)} genes are given with different values: {examples}"]


def _count(panel: GenePanel, states: dict[str, set[str]]) -> pd.DataFrame:
    rows = []
    for group, columns in panel.groups.items():
        counts = {state: len(members.intersection(columns)) for state, members in states.items()}
        found = len(columns) - counts["missing"]
        rows.append({"group": group, "expected": len(columns), "found": found, **counts})
    return pd.DataFrame(rows, columns=["group", "expected", "found", *states])


def _hint(matched: _Matched, faults: Sequence[str]) -> str:
    if any("scale" in fault or "below zero" in fault for fault in faults):
        return "Give the values in the scale that the model card states."
    if matched.ambiguous:
        return f"Say which kind these are by _rnaseq, _cnv or _mut: {name_some(matched.ambiguous)}."
    return "Use HGNC symbols, with _rnaseq, _cnv or _mut, in one line or as gene,value."


def _warn(matched: _Matched, listed: dict[str, tuple[str, ...]], panel: GenePanel) -> tuple[str, ...]:
    said = {
        "missing": "are missing; the median of the training patients stands in for them",
        "duplicated": "are given more than once, with one value",
        "not_numeric": "hold text, not a number, and count as missing",
        "out_of_range": "lie far outside the cohort's range",
    }
    warnings = matched.said + [
        f"{len(listed[state])} of {len(panel.columns)} genes {text}: {name_some(listed[state])}."
        for state, text in said.items() if listed[state]
    ]
    spelling = {symbol.casefold(): symbol for symbol in _kinds_of_symbols(panel.columns)}
    near = [
        f"{name} for {spelling[symbol.casefold()]}"
        for name in matched.unknown
        if (symbol := split_column(name)[0]).casefold() in spelling and spelling[symbol.casefold()] != symbol
    ]
    if near:
        warnings.append(f"{len(near)} names differ from a gene in upper and lower case only: {name_some(near)}.")
    warnings += _hints(matched, panel)
    if matched.ambiguous:
        warnings.append(f"{len(matched.ambiguous)} symbols could be of several kinds: {name_some(matched.ambiguous)}.")
    if matched.unknown:
        warnings.append(f"{len(matched.unknown)} names are not among the model's genes: {name_some(matched.unknown)}.")
    return tuple(warnings)


def _hints(matched: _Matched, panel: GenePanel) -> list[str]:
    """Names that fit no gene but are a gene's other name, or were a gene before Excel; hints, never replacements."""
    if not matched.unknown:
        return []
    known = _kinds_of_symbols(panel.columns)
    missing = {symbol for symbol in known if not any(f"{symbol}_{kind}" in matched.found for kind in known[symbol])}
    hints = [f"{name} for {found}" for name in matched.unknown
             if (found := hint_of(split_column(name)[0], missing)) is not None]  # fmt: skip
    dates = [name for name in matched.unknown if is_excel_date(split_column(name)[0])]
    said = []
    if hints:
        said.append(
            f"{len(hints)} names may be other names of genes that are missing; write the model's if they are: "
            f"{name_some(hints)}."
        )
    if dates:
        said.append(
            f"{len(dates)} names are dates that Excel has made of gene symbols (SEPTIN, MARCHF, DELEC): "
            f"{name_some(dates)}. Export the table as CSV from its source."
        )
    return said
