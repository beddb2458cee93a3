"""Mutations: a MAF file, one line a mutation, becomes 0 and 1 for each case and gene."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.errors import GeneError
from survdash.sources.tab_file import open_tab_file
from survdash.sources.table_file import name_some

# Classes that leave the protein as it is; every other one counts as a mutation, a class that we do not know too.
SILENT = frozenset({
    "silent", "intron", "3'utr", "5'utr", "3'flank", "5'flank", "igr", "rna", "lincrna", "targeted_region",
})  # fmt: skip


def read_mutations(
    path: Path, chosen: Mapping[str, str], *, symbols: Collection[str], sequenced: Collection[str] | None,
    asked: Collection[str] = (),
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read which genes are mutated in which case.

    Parameters
    ----------
    path : Path
        ``Hugo_Symbol``, ``Variant_Classification`` and ``Tumor_Sample_Barcode`` are read.
    chosen : mapping
        Sample to case; longer barcodes of a sample are known again.
    symbols : collection of str
        Genes to keep.
    sequenced : collection of str or None
        Samples in which a mutation would have been seen; None where nothing says so: then those that have one.
    asked : collection of str
        Genes in which one would have been seen, though the file may have none: 0 in all that were sequenced.

    Returns
    -------
    values : DataFrame, shape (N, G)
        Index case, sorted, of the sequenced ones; columns the symbols with a mutation in any of them, or asked for;
        0.0 and 1.0.
    notes : tuple of str

    Raises
    ------
    GeneError
        If the file is damaged, lacks one of the three columns, or none of its samples is known.
    """
    hits: dict[str, set[str]] = {}
    seen: set[str] = set()
    silent, strangers = 0, set()
    lengths = sorted({len(sample) for sample in chosen}, reverse=True)
    with open_tab_file(path, error=GeneError) as table:
        places = [table.place(name) for name in ("Hugo_Symbol", "Variant_Classification", "Tumor_Sample_Barcode")]
        if None in places:
            raise GeneError(
                f"{path.name} lacks Hugo_Symbol, Variant_Classification or Tumor_Sample_Barcode.", hint="Is it a MAF?"
            )
        gene, kind, barcode = (place or 0 for place in places)
        for _, cells in table.rows:
            name = cells[barcode].strip()
            sample = next((name[:length] for length in lengths if name[:length] in chosen), None)
            if sample is None:
                strangers.add(name)
                continue
            seen.add(sample)
            if cells[kind].strip().lower() in SILENT:
                silent += 1
            elif cells[gene].strip() in symbols:
                hits.setdefault(cells[gene].strip(), set()).add(chosen[sample])
    if strangers and not seen:
        raise GeneError(f"{path.name} names no sample that is wanted.", hint="Do the files belong together?")
    known = seen if sequenced is None else {sample for sample in chosen if sample in sequenced} | seen
    index = pd.Index(sorted({chosen[sample] for sample in known}), name="case_id", dtype="str")
    values = pd.DataFrame(
        {symbol: np.isin(index, sorted(hits.get(symbol, ()))).astype(float)
         for symbol in sorted(hits.keys() | set(symbols).intersection(asked))}, index=index,
    )  # fmt: skip
    notes = [f"{path.name}: {silent} mutations that leave the protein as it is do not count."] if silent else []
    if sequenced is None:
        notes.append(
            f"Nothing says which samples were sequenced: {len(seen)} that have a mutation are taken for it; in the "
            "others mutations are missing, not 0."
        )
    if strangers:
        notes.append(f"{path.name}: {len(strangers)} other samples are left out ({name_some(sorted(strangers))}).")
    return values, tuple(notes)
