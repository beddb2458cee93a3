"""Every cell of a hospital's table as it was written, with the line it stands on; nothing is interpreted yet.

Text stays text: what begins like a formula (``=``, ``+``, ``-`` or ``@``) is only reported. Excel's numbers and dates
keep their type.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from survdash.errors import ClinicalError
from survdash.sources.table_bytes import check_shape, decode, is_workbook, read_packed, unpack
from survdash.sources.table_file import DELIMITERS, name_some, sniff
from survdash.sources.workbook import Cell, Sheet, read_sheet

MOST_COLUMNS, MOST_CELLS, LONGEST_CELL = 2_000, 20_000_000, 32_767  # the last is Excel's own limit
# Begins like a formula and is neither a signed number nor a sign alone (a common word for "missing" or "positive").
_FORMULA = re.compile(r"(?=[=+\-@]\s*\S)(?![+\-][\d\s.,'’]+$)(?![=+\-@]+$).+", re.DOTALL)
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2007": " ", "\ufeff": None, "\u200b": None})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellTable:
    """The cells of one table.

    Parameters
    ----------
    name, sha256 : str
        The file's name, and hash of its bytes.
    columns : tuple of str
        Header, trimmed; repeated and empty names are kept.
    rows : tuple of tuple
        Cells of the lines that are not blank; text is trimmed, empty text is None.
    lines : tuple of int
        Line (CSV) or row (Excel) on which each row begins; the header is usually 1.
    form : str
        How it was read, in words: encoding and delimiter, or sheet.
    notes : tuple of str
        What the user should know: blank lines, text that begins like a formula, an encoding that was deduced.
    """

    name: str
    sha256: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    lines: tuple[int, ...]
    form: str
    notes: tuple[str, ...]

    def place(self, column: str) -> int:
        """Where a column stands.

        Raises
        ------
        ClinicalError
            If no column, or more than one, has this name.
        """
        places = [place for place, name in enumerate(self.columns) if name == column]
        if not places:
            raise ClinicalError(
                f"{self.name} has no column {column!r}.", hint=f"There are: {name_some(self.columns, most=20)}."
            )
        if len(places) > 1:
            numbers = " and ".join(str(place + 1) for place in places)
            raise ClinicalError(
                f"{self.name}: column {column!r} stands {len(places)} times (columns {numbers}).",
                hint="Give each column a name of its own.",
            )
        return places[0]

    def cells(self, column: str) -> list[Cell]:
        """The cells of one column, by its name."""
        place = self.place(column)
        return [row[place] for row in self.rows]


def read_cells(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, sheet: str | None = None
) -> CellTable:
    """Read a table's cells.

    Parameters
    ----------
    path : Path
        CSV, TSV, or text parted by semicolon or bar; XLSX; or one of the texts alone in a zip or gz archive.
    encoding : str, optional
        Of the text; by default the rule of ``survdash.sources.table_bytes``, Western European allowed.
    delimiter : str, optional
        Comma, semicolon, tab or bar; by default the one that stands in the header most often.
    sheet : str, optional
        Of a workbook; by default the first.

    Returns
    -------
    CellTable

    Raises
    ------
    ClinicalError
        If the file is absent, too large, in an unknown encoding, ragged or damaged; the message names the line.
    """
    packed, sha256 = read_packed(path, error=ClinicalError)
    if is_workbook(packed):
        return _from_sheet(read_sheet(packed, path.name, error=ClinicalError, sheet=sheet), path.name, sha256)
    if sheet is not None:
        raise ClinicalError(f"{path.name} is no Excel workbook: it has no sheet {sheet!r}.", hint="Leave sheet out.")
    content = unpack(packed, path.name, error=ClinicalError)
    text, found = decode(content, path.name, error=ClinicalError, encoding=encoding, western=True)
    notes = []
    if encoding is None and found == "cp1252":
        notes.append("The file is not UTF-8; it was read as Windows-1252 (Latin-1): check names with accents.")
    if delimiter is not None and delimiter not in tuple(DELIMITERS):
        raise ClinicalError(f"{delimiter[:10]!r} cannot part cells.", hint="Use comma, semicolon, tab or bar.")
    text, skipped = _without_excel_line(text)
    parting = delimiter or sniff(text.lstrip("\n"), path.name, error=ClinicalError)
    header = text.lstrip("\n").partition("\n")[0]
    check_shape(header.count(parting) + 1, text.count("\n"), path.name, error=ClinicalError)
    numbered = list(_parse(text, path.name, parting, first=1 + skipped))
    return _build(path.name, sha256, numbered, blank=_blank_between(numbered),
                  form=f"{found.upper()}, {_NAMES[parting]}", notes=notes)  # fmt: skip


_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def looks_like_formula(cell: Cell) -> bool:
    """Whether a spreadsheet program would run this text as a formula."""
    return isinstance(cell, str) and _FORMULA.fullmatch(cell) is not None


def _without_excel_line(text: str) -> tuple[str, int]:
    """Excel writes ``sep=;`` before the header for its own use."""
    first, _, rest = text.partition("\n")
    return (rest, 1) if re.fullmatch(r'"?sep=.?"?', first.strip(" ")) and rest.strip() else (text, 0)


def _parse(text: str, name: str, delimiter: str, *, first: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True, strict=True)
    total, begin = 0, first
    try:
        for row in reader:
            total += len(row)
            if len(row) > MOST_COLUMNS or total > MOST_CELLS:
                raise ClinicalError(
                    f"{name} has more than {MOST_COLUMNS:,} columns or {MOST_CELLS:,} cells (line {begin}).",
                    hint="Keep the clinical columns alone; genes belong into a table of their own.",
                )
            yield begin, row
            begin = first + reader.line_num
    except csv.Error as fault:
        raise ClinicalError(
            f"{name} cannot be read as a table near line {begin}: {fault}.", hint="Check its quotation marks."
        ) from fault


def _blank_between(numbered: list[tuple[int, list[str]]]) -> int:
    filled = [place for place, (_, row) in enumerate(numbered) if any(cell.strip() for cell in row)]
    return (filled[-1] - filled[0] + 1 - len(filled)) if filled else 0


def _from_sheet(sheet: Sheet, name: str, sha256: str) -> CellTable:
    if sheet.unsolved:
        raise ClinicalError(
            f"{name}: {len(sheet.unsolved)} formulas of sheet {sheet.title!r} have no stored result: "
            f"{name_some(sheet.unsolved)}.", hint="Open the file in Excel and save it, or paste the values.",
        )
    notes = []
    if sheet.formulas:
        notes.append(f"{len(sheet.formulas)} cells are formulas; their stored results are taken: "
                     f"{name_some(sheet.formulas)}.")  # fmt: skip
    if len(sheet.titles) > 1:
        others = [title for title in sheet.titles if title != sheet.title]
        notes.append(f"Sheet {sheet.title!r} was read; other sheets: {name_some(others)}.")
    numbered = list(zip(sheet.lines, map(list, sheet.rows), strict=True))
    return _build(name, sha256, numbered, blank=sheet.blank, form=f"Excel, sheet {sheet.title!r}", notes=notes)


def _build(
    name: str, sha256: str, numbered: list[tuple[int, list[Cell]]] | list[tuple[int, list[str]]], *, blank: int,
    form: str, notes: list[str],
) -> CellTable:
    """Check the shape, trim the text, report what begins like a formula."""
    lines, rows = [], []
    for line, cells in numbered:
        row = tuple(_trim(cell) for cell in cells)
        if any(cell is not None for cell in row):
            lines.append(line)
            rows.append(row)
    header = tuple("" if cell is None else str(cell) for cell in rows[0]) if rows else ()
    wrong = [(line, len(row)) for line, row in zip(lines, rows, strict=True) if len(row) != len(header)]
    if wrong:
        raise ClinicalError(
            f"{name}: {len(wrong)} lines do not have the {len(header)} cells of the header: "
            f"{name_some(f'line {line} has {count}' for line, count in wrong)}.",
            hint="Is the file cut off, does a title stand above the header, or does a cell hold the delimiter?",
        )
    if len(rows) < 2:
        raise ClinicalError(f"{name} has no line below its header.", hint="Choose the file that holds the table.")
    if len(header) > MOST_COLUMNS:
        raise ClinicalError(f"{name} has more than {MOST_COLUMNS:,} columns.", hint="Keep the clinical columns alone.")
    _check_length(name, header, lines, rows)
    said = [f"{blank} blank lines were skipped."] if blank else []
    repeated = [column for column, count in Counter(header).items() if column and count > 1]
    if repeated:
        said.append(f"Columns that stand more than once: {name_some(repeated)}.")
    return CellTable(
        name=name, sha256=sha256, columns=header, rows=tuple(rows[1:]), lines=tuple(lines[1:]), form=form,
        notes=(*notes, *said, *_report_formulas(header, lines, rows)),
    )


def _trim(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    return cell.translate(_SPACES).strip() or None


def _check_length(name: str, header: tuple[str, ...], lines: list[int], rows: list[tuple[Cell, ...]]) -> None:
    for line, row in zip(lines, rows, strict=True):
        for column, cell in zip(header, row, strict=True):
            if isinstance(cell, str) and len(cell) > LONGEST_CELL:
                raise ClinicalError(
                    f"{name}: the cell of column {column[:40]!r} in line {line} holds {len(cell):,} letters.",
                    hint=f"A cell may have {LONGEST_CELL:,}; is a quotation mark missing?",
                )


def _report_formulas(header: tuple[str, ...], lines: list[int], rows: list[tuple[Cell, ...]]) -> list[str]:
    found = [
        f"{column} in line {line}: {cell!r}" for line, row in zip(lines, rows, strict=True)
        for column, cell in zip(header, row, strict=True) if looks_like_formula(cell)
    ]
    if not found:
        return []
    return [f"{len(found)} cells begin like a formula; they are kept as text and never run: {name_some(found)}."]


def as_date(cell: Cell) -> datetime.date | None:
    """The day of a cell that Excel itself keeps as a date."""
    return cell.date() if isinstance(cell, datetime.datetime) else None
