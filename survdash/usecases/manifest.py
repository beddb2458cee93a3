"""A table of new cases, checked whole before any work starts: every fault with its row and column, all at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from survdash.case import Clinical
from survdash.errors import InputError, SurvdashError
from survdash.usecases.case_request import PredictRequest
from survdash.usecases.cases import check_genes, choose_run

COLUMNS = ("case_id", "slides", "genes", "age", "sex", "stage", "mpp")
TEMPLATE = (
    "case_id,slides,genes,age,sex,stage,mpp\n"
    "patient_1,slide_1.svs,genes_1.csv,63,female,II,\n"
    "patient_2,slide_2a.svs; slide_2b.tiff,,71,male,III,0.25\n"
    "patient_3,,genes_3.csv,,,,\n"
)
SEPARATOR = ";"  # between the slides of one case
MAX_ROWS, MAX_BYTES, MAX_ID = 1000, 2_000_000, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong in one cell; ``row`` counts as a spreadsheet does, so the header is row 1. 0 is the whole table."""

    row: int
    column: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The cases of a table, in its order, and all that is wrong with it; work starts only where nothing is."""

    requests: tuple[PredictRequest, ...]
    faults: tuple[Fault, ...]

    def refuse_faults(self) -> None:
        """Raise what is wrong, as one message with a line a fault.

        Raises
        ------
        InputError
            If anything is.
        """
        if self.faults:
            lines = [f"row {one.row}, {one.column}: {one.message}" for one in self.faults]
            raise InputError(f"The table has {len(lines)} faults: " + " | ".join(lines),
                             hint="Mend all of them; nothing was started.")  # fmt: skip


def read_manifest(
    path: Path, *, find: Callable[[str], Path], cohort: str, run: str = "default", even_if_unlike: bool = False
) -> Manifest:
    """Read and check a table of new cases.

    Parameters
    ----------
    path : Path
        CSV or TSV with the columns of ``COLUMNS``; ``case_id`` and one of ``slides`` and ``genes`` must be there.
        Several slides of a case stand in one cell, between semicolons; ``mpp`` is one number for all of them, or one a
        slide.
    find : callable
        From a file's name in the table to where it lies; raises ``InputError`` where it may not be.
    cohort, run : str
        The model, against which genes and given parts are checked.
    even_if_unlike : bool
        See ``PredictRequest``.
    """
    faults: list[Fault] = []
    rows = _rows(path, faults)
    requests: list[PredictRequest] = []
    first_of: dict[str, int] = {}
    slide_of: dict[Path, int] = {}
    for number, cells in rows:
        before = len(faults)
        request = _request(number, cells, faults, find=find, cohort=cohort, run=run, even_if_unlike=even_if_unlike)
        if request is None:
            continue
        first = first_of.setdefault(request.case_id, number)
        if first != number:
            faults.append(Fault(row=number, column="case_id", message=f"the same as in row {first}"))
        for slide in request.slides:
            there = slide_of.setdefault(slide.resolve(), number)
            if there != number:
                words = f"{slide.name} is a slide of row {there} already"
                faults.append(Fault(row=number, column="slides", message=words))
        if len(faults) == before:
            faults += _check_files(number, request)
        requests.append(request)
    return Manifest(requests=tuple(requests), faults=tuple(faults))


def _rows(path: Path, faults: list[Fault]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with its number and its cells without the spaces around them; empty rows are no cases."""
    def whole(words: str) -> None:
        faults.append(Fault(row=0, column="the table", message=words))

    if path.stat().st_size > MAX_BYTES:
        whole(f"larger than {MAX_BYTES / 1e6:g} MB")
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        whole("not text in UTF-8; save it as CSV, UTF-8")
        return
    head = text.partition("\n")[0]
    try:
        table = list(csv.reader(io.StringIO(text), delimiter="\t" if "\t" in head else ",", strict=True))
    except csv.Error as error:
        whole(f"no CSV: {error}")
        return
    names = [name.strip().lower() for name in table[0]] if table else []
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            why = "stands twice" if name in COLUMNS else f"no column of ours; known: {', '.join(COLUMNS)}"
            faults.append(Fault(row=1, column=name or "(no name)", message=why))
    if "case_id" not in names or not {"slides", "genes"} & {*names}:
        whole("needs a column case_id, and slides or genes")
    filled = [(at, row) for at, row in enumerate(table[1:], start=2) if any(cell.strip() for cell in row)]
    if not filled:
        whole("has no case")
    if len(filled) > MAX_ROWS:
        whole(f"has {len(filled):,} cases, more than {MAX_ROWS:,}; split it")
    if faults:
        return
    for at, row in filled:
        if len(row) > len(names):
            words = f"{len(row)} cells below {len(names)} columns"
            faults.append(Fault(row=at, column="the row", message=words))
        yield at, {name: cell.strip() for name, cell in zip(names, row, strict=False)}


def _request(
    number: int, cells: dict[str, str], faults: list[Fault], *, find: Callable[[str], Path], cohort: str, run: str,
    even_if_unlike: bool,
) -> PredictRequest | None:  # fmt: skip
    def wrong(column: str, words: str) -> None:
        faults.append(Fault(row=number, column=column, message=words))

    def found(column: str, name: str) -> Path | None:
        try:
            path = find(name)
        except InputError as error:
            wrong(column, error.message)
            return None
        if not path.is_file():
            wrong(column, f"{name} is not there")
            return None
        return path

    def number_of(column: str, text: str) -> float | None:
        try:
            return float(text)
        except ValueError:
            wrong(column, f"{text!r} is no number")
            return None

    case_id = cells.get("case_id", "")
    if not case_id or len(case_id) > MAX_ID or not case_id.isprintable():
        wrong("case_id", "is missing" if not case_id else f"must be printable and at most {MAX_ID} letters long")
    names = [name.strip() for name in cells.get("slides", "").split(SEPARATOR) if name.strip()]
    slides = [found("slides", name) for name in names]
    genes = found("genes", cells["genes"]) if cells.get("genes") else None
    if not names and not cells.get("genes"):
        wrong("slides", "neither a slide nor a gene table is given")
    age = number_of("age", cells["age"]) if cells.get("age") else None
    stated = [number_of("mpp", one.strip()) for one in cells.get("mpp", "").split(SEPARATOR) if one.strip()]
    if len(stated) > 1 and len(stated) != len(names):
        wrong("mpp", f"{len(stated)} resolutions for {len(names)} slides")
    if any(one is not None and not 0.05 <= one <= 20 for one in stated):
        wrong("mpp", "must be from 0.05 to 20 um per pixel")
    sex = cells.get("sex", "").lower() or None
    try:
        Clinical(age_years=age, sex=sex)
    except InputError as error:
        wrong("age" if "age" in error.message else "sex", error.message)
        return None
    if not case_id or None in slides or (cells.get("genes") and genes is None):
        return None
    return PredictRequest(
        cohort=cohort, run=run, slides=tuple(path for path in slides if path is not None), genes=genes,
        mpp=None if not stated else stated[0] if len(stated) == 1 else tuple(stated), age_years=age, sex=sex,
        stage=cells.get("stage") or None, case_id=case_id, even_if_unlike=even_if_unlike,
    )  # fmt: skip


def _check_files(number: int, request: PredictRequest) -> Iterator[Fault]:
    """What the checks of a single case would find: a model for these parts, slides that open, genes that suffice."""
    from survdash.slide.reader import open_slide

    try:
        choose_run(request)
    except SurvdashError as error:
        yield Fault(row=number, column="slides" if request.slides else "genes", message=error.message)
    for said in request.statements():
        try:
            with open_slide(said.path, mpp=said.mpp) as slide:
                known = slide.mpp is not None
        except SurvdashError as error:
            yield Fault(row=number, column="slides", message=error.message)
            continue
        if not known:
            words = f"{said.path.name} does not say its resolution"
            yield Fault(row=number, column="mpp", message=words)
    if request.genes is not None:
        try:
            check_genes(request.genes, cohort=request.cohort, run=request.run)
        except SurvdashError as error:
            yield Fault(row=number, column="genes", message=error.message)
