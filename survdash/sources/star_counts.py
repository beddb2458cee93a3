"""Gene expression of one sample as the GDC gives it: STAR-Counts, one line a gene of GENCODE.

``# gene-model: GENCODE v36``, a header, four lines ``N_...`` of reads that belong to no gene, then 60,660 genes with
counts and, in ``tpm_unstranded``, transcripts per million. Source: NCI-GDC/gdc-rnaseq-tool, augment_star_counts.py.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.errors import GeneError
from survdash.sources.tab_file import open_tab_file

GENE, TPM = "gene_name", "tpm_unstranded"
SCALE = "log2(TPM + 1)"


def read_star_counts(path: Path, *, symbols: Collection[str] | None = None) -> pd.Series:
    """Expression of one sample.

    Parameters
    ----------
    path : Path
    symbols : collection of str, optional
        Genes to keep; all by default.

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
        gene, tpm = table.place(GENE), table.place(TPM)
        if gene is None or tpm is None:
            raise GeneError(
                f"{path.name} is no STAR-Counts table: it lacks {GENE} or {TPM}.",
                hint="HTSeq files are older; fetch the 'STAR - Counts' of the GDC.",
            )
        for number, cells in table.rows:
            symbol = cells[gene]
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
