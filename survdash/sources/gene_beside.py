"""A gene table that stands beside a table of patients without genes, such as a hospital's: joined by case."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from survdash.errors import GeneError
from survdash.sources.feature_table import KEYS
from survdash.sources.gene_rows import read_gene_rows
from survdash.sources.research_csv import gene_places
from survdash.sources.table_file import list_faults, name_some, read_table, to_text


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GenesBeside:
    """Genes of some of the patients.

    Parameters
    ----------
    genes : DataFrame
        Index ``case_id``, sorted, patients of the cohort alone; columns ``SYMBOL_kind``; float32, NaN where missing.
    notes : tuple of str
        Who is in one table alone, which columns are no genes.
    source : dict
        File name and SHA-256.
    """

    genes: pd.DataFrame
    notes: tuple[str, ...]
    source: dict[str, object]


def read_gene_beside(path: Path, cases: pd.Index) -> GenesBeside:
    """Read a table with one line a patient: a case column, and genes named ``SYMBOL_rnaseq``, ``_cnv`` or ``_mut``.

    Parameters
    ----------
    path : Path
    cases : Index
        The patients of the cohort; others are left out and counted.

    Raises
    ------
    GeneError
        If no column names the patient, no column is a gene, a value is no number or contradicts another line, or no
        patient of the cohort is in it; all faults at once.
    """
    table = read_table(path, error=GeneError, text=KEYS)
    key = next((name for name in KEYS if name in table.columns), None)
    if key is None:
        raise GeneError(f"{table.name} names no patient.", hint=f"Give a column {' or '.join(KEYS[:2])}.")
    places, others, faults = gene_places(table)
    if not places and not faults:
        raise GeneError(f"{table.name} has no gene column.", hint="Name genes SYMBOL_rnaseq, SYMBOL_cnv or SYMBOL_mut.")
    named = to_text(table.frame[table.positions(key)[0]])
    if named.isna().any():
        faults.append(f"{key} is missing in {int(named.isna().sum())} lines")
    genes, notes = read_gene_rows(table, places, named, faults) if not faults else (None, ())
    if faults or genes is None:
        raise GeneError(f"{table.name}: {list_faults(faults)}.", hint="Repair the table and import it again.")
    known = genes.index.isin(cases)
    if not known.any():
        raise GeneError(f"{table.name}: none of its {len(genes)} patients is in the cohort "
                        f"({name_some(genes.index)}).", hint="Do the two tables number patients alike?")  # fmt: skip
    told = [f"Gene table: {int(known.sum())} of {len(cases)} patients found; {int((~known).sum())} others left out."]
    if left := [name for name in others if name != key]:
        told.append(f"Columns of the gene table that are no genes: {name_some(left)}.")
    return GenesBeside(genes=genes if known.all() else genes.loc[known], notes=(*told, *notes),
                       source={"file": table.name, "sha256": table.sha256})  # fmt: skip
