"""Gene expression of one sample as the GDC gives it: STAR-Counts, one line a gene of GENCODE.

``# gene-model: GENCODE v36``, a header, four lines ``N_...`` of reads that belong to no gene, then 60,660 genes with
counts and, in ``tpm_unstranded``, transcripts per million. Source: NCI-GDC/gdc-rnaseq-tool, augment_star_counts.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.errors import GeneError
from survdash.sources.gene_names import translate
from survdash.sources.tab_file import TabFile, open_tab_file

GENE, TPM = "gene_name", "tpm_unstranded"
SCALE = "log2(TPM + 1)"


def find_renamed(path: Path, symbols: Collection[str]) -> dict[str, str]:
    """Genes that the table calls by an older or newer symbol than the one looked for, known by their Ensembl ids.

    Parameters
    ----------
    path : Path
        Any table of a cohort: all have the same genes.
    symbols : collection of str

    Returns
    -------
    dict
        Id without version to a symbol among ``symbols`` that no gene of the table has.

    Raises
    ------
    GeneError
        If the file is damaged or another kind of table.
    """
    with open_tab_file(path, error=GeneError) as table:
        gene, _ = _places(table)
        rows = [(cells[0].partition(".")[0], cells[gene]) for _, cells in table.rows if not cells[0].endswith("_PAR_Y")]
    names = {name for _, name in rows}
    ids = [gene_id for gene_id, name in rows if name not in symbols]
    called = translate(ids, symbols).names
    found = {gene_id: name for gene_id, name in zip(ids, called, strict=True) if name in symbols and name not in names}
    # Where two ids claim one symbol, nothing says which of them it was.
    return {gene_id: name for gene_id, name in found.items() if list(found.values()).count(name) == 1}


def read_star_counts(
    path: Path, *, symbols: Collection[str] | None = None, renamed: Mapping[str, str] | None = None
) -> pd.Series:
    """Expression of one sample.

    Parameters
    ----------
    path : Path
    symbols : collection of str, optional
        Genes to keep; all by default.
    renamed : mapping, optional
        What ``find_renamed`` found: these genes are kept too, under the symbols that it gives.

    Returns
    -------
    Series
        Index symbol, sorted; log2(TPM + 1). The TPM of several lines of one symbol (copies of a gene, its twin on the Y
        chromosome) are added up before the logarithm: abundances add.

    Raises
    ------
    GeneError
        If the file is damaged, is another kind of table (before 2022 the GDC gave HTSeq counts), or a TPM cannot be.
    """
    totals: dict[str, float] = {}
    with open_tab_file(path, error=GeneError) as table:
        gene, tpm = _places(table)
        for number, cells in table.rows:
            symbol = cells[gene]
            if renamed and symbols is not None and symbol not in symbols:
                symbol = renamed.get(cells[0].partition(".")[0], symbol)
            if cells[0].startswith("N_") or not symbol or (symbols is not None and symbol not in symbols):
                continue
            try:
                value = float(cells[tpm])
            except ValueError:
                value = np.nan
            if not 0 <= value < np.inf:
                raise GeneError(f"{path.name}: {TPM} of {symbol} in line {number} cannot be {cells[tpm][:40]!r}.")
            totals[symbol] = totals.get(symbol, 0.0) + value
    if not totals:
        raise GeneError(f"{path.name} holds none of the genes that are wanted.", hint="Is the file cut off?")
    values = pd.Series(totals, dtype=float).sort_index()
    return pd.Series(np.log2(values + 1), index=values.index)


def _places(table: TabFile) -> tuple[int, int]:
    gene, tpm = table.place(GENE), table.place(TPM)
    if gene is None or tpm is None:
        raise GeneError(
            f"{table.name} is no STAR-Counts table: it lacks {GENE} or {TPM}.",
            hint="HTSeq files are older; fetch the 'STAR - Counts' of the GDC.",
        )
    return gene, tpm
