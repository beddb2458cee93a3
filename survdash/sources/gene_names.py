"""What a gene is called: Ensembl ids by a shipped table, hints for former symbols, genes that Excel made dates of.

An id is one gene, so it is translated; a symbol that is another one's former name is only hinted at, never replaced.
``gene_ids.csv`` beside the package has the ids of 23,400 genes (Ensembl, GRCh38) with their symbol of today and that of
about 2014, where it was another; ``tests/reference/make_gene_ids.py`` makes it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from survdash.genes import SUFFIXES
from survdash.sources.table_file import name_some

ENSEMBL = re.compile(r"(ENSG\d{11})(?:\.\d+)?(_PAR_Y)?")
MONTHS = "Jan|Feb|Mar|Mrz|Mär|Apr|May|Mai|Jun|Jul|Aug|Sep|Sept|Oct|Okt|Nov|Dec|Dez"
EXCEL_DATE = re.compile(
    rf"\d{{1,2}}[-. ]{{1,2}}({MONTHS})[a-z.]*|({MONTHS})[a-z.]*[- ]\d{{1,2}}|(19|20)\d\d-\d\d-\d\d([ T].*)?|"
    r"\d{1,2}[/.]\d{1,2}[/.](19|20)\d\d",
    re.IGNORECASE,
)
# Names of the clinic, of proteins and of papers; former symbols stand in gene_ids.csv.
SPOKEN = {
    "HER2": "ERBB2", "HER1": "EGFR", "HER3": "ERBB3", "HER4": "ERBB4", "NEU": "ERBB2", "P53": "TP53", "RB": "RB1",
    "PDL1": "CD274", "PD-L1": "CD274", "B7-H1": "CD274", "PD1": "PDCD1", "PD-1": "PDCD1", "PDL2": "PDCD1LG2",
    "VEGF": "VEGFA", "FLK1": "KDR", "VEGFR2": "KDR", "VEGFR1": "FLT1", "VEGFR3": "FLT4", "CMYC": "MYC", "C-MYC": "MYC",
    "NMYC": "MYCN", "CKIT": "KIT", "C-KIT": "KIT", "CD117": "KIT", "CMET": "MET", "C-MET": "MET", "P16": "CDKN2A",
    "INK4A": "CDKN2A", "ARF": "CDKN2A", "P21": "CDKN1A", "P27": "CDKN1B", "KI67": "MKI67", "KI-67": "MKI67",
    "MLL": "KMT2A", "MLL2": "KMT2D", "MLL3": "KMT2C", "MLL4": "KMT2B", "BRG1": "SMARCA4", "LKB1": "STK11",
    "WTX": "AMER1", "NUT": "NUTM1", "TEL": "ETV6", "AML1": "RUNX1", "ETO": "RUNX1T1", "E2A": "TCF3", "TNFA": "TNF",
    "IL-6": "IL6", "IL-8": "CXCL8", "IL-2": "IL2", "TGFB": "TGFB1", "CD20": "MS4A1", "CD133": "PROM1", "CD340": "ERBB2",
    "H3F3A": "H3-3A", "H3F3B": "H3-3B", "HIST1H3B": "H3C2", "HIST1H4I": "H4C9", "DEC1": "DELEC1", "OCT4": "POU5F1",
}  # fmt: skip
NUMBERED = ((re.compile(r"SEPT(\d{1,2})"), "SEPTIN"), (re.compile(r"MARCH(\d{1,2})"), "MARCHF"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeneNames:
    """Names in the order they were given.

    Parameters
    ----------
    names : tuple of str
        Ensembl ids as symbols, with the ending (``_rnaseq``) that they had; everything else as it was.
    left_out : frozenset of int
        Places of the second copies of genes on the Y chromosome (``_PAR_Y``): the first stands for both.
    notes : tuple of str
    """

    names: tuple[str, ...]
    left_out: frozenset[int]
    notes: tuple[str, ...]


@cache
def _gene_ids() -> dict[str, tuple[str, str]]:
    """Ensembl id to symbol and former symbol."""
    with files("survdash").joinpath("gene_ids.csv").open(encoding="utf-8") as file:
        return {row["ensembl"]: (row["symbol"], row["former"]) for row in csv.DictReader(file)}


@cache
def _other_names() -> dict[str, frozenset[str]]:
    """Symbol to what else its gene is or was called."""
    names: dict[str, set[str]] = {}
    pairs = [(symbol, former) for symbol, former in _gene_ids().values() if former]
    pairs += [(symbol, spoken) for spoken, symbol in SPOKEN.items()]
    for one, other in pairs:
        names.setdefault(one, set()).add(other)
        names.setdefault(other, set()).add(one)
    return {symbol: frozenset(others) for symbol, others in names.items()}


def is_excel_date(name: str) -> bool:
    """Whether a name is a date, as Excel makes of SEPT7, MARCH1 and DEC1.

    Examples
    --------
    >>> [is_excel_date(name) for name in ("7-Sep", "Mar-01", "2023-09-02", "SEPT7")]
    [True, True, True, False]
    """
    return EXCEL_DATE.fullmatch(name.strip()) is not None


def hint_of(symbol: str, known: Collection[str]) -> str | None:
    """The symbol among ``known`` that ``symbol`` is another name of; None where there is none, or several.

    Examples
    --------
    >>> hint_of("HER2", {"ERBB2", "EGFR"}), hint_of("SEPT9", {"SEPTIN9"}), hint_of("XYZ", {"ERBB2"})
    ('ERBB2', 'SEPTIN9', None)
    """
    if symbol in known:
        return None
    others = set(_other_names().get(symbol, ())) | set(_other_names().get(symbol.upper(), ()))
    others |= {f"{start}{match[1]}" for pattern, start in NUMBERED if (match := pattern.fullmatch(symbol))}
    found = [other for other in others if other in known]
    return found[0] if len(found) == 1 else None


def translate(names: Sequence[str], known: Collection[str] = ()) -> GeneNames:
    """Replace Ensembl ids by symbols.

    Parameters
    ----------
    names : sequence of str
        Symbols or ids, with or without version and ending.
    known : collection of str
        Symbols that are looked for: the former symbol of a gene is taken where only that one is among them.

    Returns
    -------
    GeneNames
        Ids that the table does not have stay as they are, and are named.
    """
    if not any(name.startswith("ENSG") for name in names):
        return GeneNames(names=tuple(names), left_out=frozenset(), notes=())
    made, left_out, unknown, translated = [], set(), [], 0
    for place, name in enumerate(names):
        ending = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")
        match = ENSEMBL.fullmatch(name.removesuffix(ending))
        if match is None:
            made.append(name)
            continue
        if match[2]:
            left_out.add(place)
        pair = _gene_ids().get(match[1])
        if pair is None:
            unknown.append(name)
            made.append(name)
            continue
        symbol, former = pair
        made.append(f"{former if former in known and symbol not in known else symbol}{ending}")
        translated += 1
    notes = []
    if translated:
        notes.append(f"{translated} Ensembl ids were translated to symbols by the table of survdash.")
    if unknown:
        notes.append(f"{len(unknown)} Ensembl ids are not in that table: {name_some(unknown)}.")
    if left_out:
        notes.append(f"{len(left_out)} second copies on the Y chromosome (_PAR_Y) were left out.")
    return GeneNames(names=tuple(made), left_out=frozenset(left_out), notes=tuple(notes))
