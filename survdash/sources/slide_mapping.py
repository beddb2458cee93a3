"""Which case a slide belongs to: by a table of the user, by its TCGA barcode, or by its own name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from survdash.errors import BagError
from survdash.foreign_bag import ENDINGS, slide_name
from survdash.sources.table_file import list_faults, name_some, read_table, to_text

BARCODE = re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}(?![A-Z0-9])")
SLIDE_COLUMNS = ("slide_id", "FILENAME", "filename", "slide")
NORMAL = re.compile(rf"{BARCODE.pattern}-1[0-4]")  # kind of the sample: blood and tissue beside the tumour
CASE_COLUMNS = ("case_id", "PATIENT", "patient_id", "case")
HINT = "Give a table with the columns slide_id and case_id."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlideMap:
    """Slides and their cases as a table tells them.

    Parameters
    ----------
    name : str
        Of the file.
    cases : dict
        ``slide_id``, without the ending of a file, to ``case_id``.
    sha256 : str
        Of the file.
    """

    name: str
    cases: dict[str, str]
    sha256: str


def read_slide_map(path: Path) -> SlideMap:
    """Read a table of slides and cases; columns ``slide_id`` and ``case_id``, or STAMP's FILENAME and PATIENT.

    Raises
    ------
    BagError
        If a column is missing, a cell is empty, a slide has two cases, or a TCGA barcode says another case.
    """
    table = read_table(path, error=BagError, text=None)
    slide_key = next((name for name in SLIDE_COLUMNS if name in table.columns), None)
    case_key = next((name for name in CASE_COLUMNS if name in table.columns), None)
    if slide_key is None or case_key is None:
        raise BagError(f"{table.name} does not say which slide is whose.", hint=HINT)
    slides, cases = (to_text(table.frame[table.positions(key)[0]]) for key in (slide_key, case_key))
    faults: list[str] = []
    found: dict[str, tuple[str, int]] = {}
    for line, (slide, case) in enumerate(zip(slides, cases, strict=True), start=2):
        if pd.isna(slide) or pd.isna(case):
            faults.append(f"line {line} has no {slide_key if pd.isna(slide) else case_key}")
            continue
        name = bare_name(str(slide))
        first = found.setdefault(name, (str(case), line))
        if first[0] != case:
            faults.append(f"slide {name} belongs to {first[0]} in line {first[1]} and to {case} in line {line}")
        barcode = BARCODE.match(name)
        if barcode and BARCODE.fullmatch(str(case)) and barcode[0] != case:
            faults.append(f"slide {name} is given to case {case} in line {line}, but its barcode says {barcode[0]}")
    if faults:
        raise BagError(f"{table.name}: {list_faults(faults)}.", hint="One line a slide, each of one case.")
    return SlideMap(name=table.name, cases={name: case for name, (case, _) in found.items()}, sha256=table.sha256)


def bare_name(slide: str) -> str:
    """A slide's name without folders and without the endings of slide and bag files."""
    name = slide.replace("\\", "/").rpartition("/")[2]
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    return slide_name(Path(f"{name}.h5"))


def case_of(slide_id: str, cases: pd.Index) -> str | None:
    """Case of a slide: the first 12 characters of a TCGA barcode, else the name itself if it is a case.

    Rows of slide-level tables are called ``<case>.<number>``; they are known again.

    Examples
    --------
    >>> case_of("TCGA-2F-A9KO-01Z-00-DX1.195576CF", pd.Index(["TCGA-2F-A9KO"]))
    'TCGA-2F-A9KO'
    """
    match = BARCODE.match(slide_id)
    name = match[0] if match else slide_id
    if name in cases:
        return name
    start, _, number = slide_id.rpartition(".")
    return start if number.isdecimal() and start in cases else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matched:
    """Slides with a case of the cohort, and what did not match, in words."""

    owners: dict[str, str]
    notes: tuple[str, ...]


def match_slides(slides: list[str], cases: pd.Index, *, told: SlideMap | None = None) -> Matched:
    """Give each slide its case; with a table, the table alone decides.

    Parameters
    ----------
    slides : list of str
        Each once.
    cases : Index
        Case ids of the cohort.
    told : SlideMap, optional
    """
    if told is None:
        normal = [slide for slide in slides if NORMAL.match(slide)]
        tumour = [slide for slide in slides if slide not in set(normal)]
        owners = {slide: case for slide in tumour if (case := case_of(slide, cases)) is not None}
        said = (f"{len(normal)} bags are of normal tissue and were left out ({name_some(normal)}).",) if normal else ()
        return Matched(owners=owners, notes=(*said, *_strangers([one for one in tumour if one not in owners])))
    owners = {slide: told.cases[slide] for slide in slides if told.cases.get(slide) in cases}
    untold = [slide for slide in slides if slide not in told.cases]
    notes = [f"{len(untold)} bags are not in {told.name} and were left out ({name_some(untold)})."] if untold else []
    notes += _strangers([slide for slide in slides if slide in told.cases and slide not in owners])
    without = sorted(told.cases.keys() - set(slides))
    if without:
        notes.append(f"{len(without)} slides of {told.name} have no bag ({name_some(without)}).")
    return Matched(owners=owners, notes=tuple(notes))


def _strangers(slides: list[str]) -> tuple[str, ...]:
    if not slides:
        return ()
    return (f"{len(slides)} bags belong to no case of the cohort ({name_some(slides)}).",)
