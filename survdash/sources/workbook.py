"""Excel workbooks (XLSX): the cells of one sheet as Excel keeps them, within limits.

Numbers and dates are taken with their type, so neither decimal marks nor the order of day and month can be mistaken. Of
a formula the result that Excel stored is taken; formulas are counted, and one without a stored result is a fault.
"""

from __future__ import annotations

import datetime
import io
import zipfile
from dataclasses import dataclass

from survdash.errors import InputError
from survdash.sources.table_bytes import ARCHIVE_FAULTS, size_limit, too_large

Cell = str | int | float | datetime.datetime | None
MOST_ROWS = 1_048_576  # of Excel itself; a damaged file may claim any number
MOST_CELLS, MOST_GAPS = 20_000_000, 200_000_000  # kept; gone through: one cell at the far right makes a wide row
# What openpyxl lets through when a workbook is damaged; SyntaxError is the parent of the XML parser's error.
_WORKBOOK_FAULTS = (*ARCHIVE_FAULTS, KeyError, IndexError, TypeError, AttributeError, SyntaxError)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """The cells of one sheet.

    Parameters
    ----------
    title : str
    titles : tuple of str
        Of all sheets of the workbook.
    rows : tuple of tuple
        Rows that are not blank, each as wide as the widest.
    lines : tuple of int
        Excel's number of each row, from 1.
    blank : int
        Blank rows between others.
    formulas : tuple of str
        Addresses of cells that hold a formula, as "C7".
    unsolved : tuple of str
        Those of them without a stored result: they read as empty.
    """

    title: str
    titles: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    lines: tuple[int, ...]
    blank: int
    formulas: tuple[str, ...]
    unsolved: tuple[str, ...]


def read_sheet(packed: bytes, name: str, *, error: type[InputError], sheet: str | None = None) -> Sheet:
    """Read one sheet of a workbook.

    Parameters
    ----------
    packed : bytes
        The whole file.
    name : str
        The file's name, for messages.
    error : type
        Which error to raise.
    sheet : str, optional
        The sheet's title; the first by default.

    Returns
    -------
    Sheet

    Raises
    ------
    InputError
        As ``error``: the file is damaged, empty, unpacks to more than the limit, or has no such sheet.
    """
    from openpyxl import load_workbook  # slow to import, and rarely needed

    with_formulas = _check_parts(packed, name, error=error)
    try:
        values = load_workbook(io.BytesIO(packed), read_only=True, data_only=True)
        titles = tuple(str(one.title) for one in values.worksheets)
        if sheet is not None and sheet not in titles:
            raise error(f"{name} has no sheet {sheet!r}.", hint=f"There are: {', '.join(titles[:10])}.")
        title = sheet if sheet is not None else titles[0]
        rows, lines, last = _read_rows(values[title], name, error)
        values.close()
        addresses: tuple[str, ...] = ()
        unsolved: tuple[str, ...] = ()
        if with_formulas:
            formulas = load_workbook(io.BytesIO(packed), read_only=True, data_only=False)
            addresses, unsolved = _find_formulas(formulas[title], dict(zip(lines, rows, strict=True)))
            formulas.close()
    except InputError:
        raise
    except _WORKBOOK_FAULTS as fault:
        raise error(f"{name} is a damaged Excel file: {str(fault)[:80]}.", hint="Save it anew, or as CSV.") from fault
    if not rows:
        raise error(f"{name} is empty.", hint=f"Sheet {title!r} holds no table; there are: {', '.join(titles[:10])}.")
    width = max(len(row) for row in rows)
    return Sheet(
        title=title, titles=titles, rows=tuple((*row, *[None] * (width - len(row))) for row in rows),
        lines=tuple(lines), blank=last - lines[0] + 1 - len(lines), formulas=addresses, unsolved=unsolved,
    )


def _check_parts(packed: bytes, name: str, *, error: type[InputError]) -> bool:
    """Unpack every part of a workbook once, counting: the sizes written in the archive may be untrue.

    Returns
    -------
    bool
        Whether any sheet has a formula (the XML element ``f``).
    """
    size, limit, with_formulas = 0, size_limit(), False
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            for part in archive.infolist():
                with archive.open(part) as file:
                    tail = b""
                    while block := file.read(1 << 20):
                        size += len(block)
                        if size > limit:
                            raise too_large(name, error)
                        with_formulas = with_formulas or b"<f>" in tail + block or b"<f " in tail + block
                        tail = block[-2:]
    except InputError:
        raise
    except ARCHIVE_FAULTS as fault:
        raise error(f"{name} is a damaged Excel file: {str(fault)[:80]}.", hint="Save it anew, or as CSV.") from fault
    return with_formulas


def _read_rows(sheet: object, name: str, error: type[InputError]) -> tuple[list[tuple[Cell, ...]], list[int], int]:
    """Rows with a cell in them, their numbers, and the number of the last."""
    rows: list[tuple[Cell, ...]] = []
    lines: list[int] = []
    seen, width = 0, 0
    sheet.reset_dimensions()  # type: ignore[attr-defined]  # some writers state a wrong size, which would cut rows off
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):  # type: ignore[attr-defined]
        if number > MOST_ROWS:
            raise error(f"{name} claims more than {MOST_ROWS:,} rows.", hint="Save it anew, or as CSV.")
        seen += len(row)
        cells = tuple(_plain(cell) for cell in row)
        while cells and cells[-1] is None:
            cells = cells[:-1]
        if cells:
            rows.append(cells)
            lines.append(number)
            width = max(width, len(cells))
        if seen > MOST_GAPS or width * len(rows) > MOST_CELLS:
            raise error(f"{name} has more than {MOST_CELLS:,} cells (row {number}).",
                        hint="Delete what stands far to the right, or save it as CSV.")
    return rows, lines, lines[-1] if lines else 0


def _plain(cell: object) -> Cell:
    if cell is None or (isinstance(cell, (str, int, float)) and not isinstance(cell, bool)):
        return None if isinstance(cell, str) and not cell.strip() else cell
    if isinstance(cell, datetime.datetime):
        return cell
    if isinstance(cell, datetime.date):
        return datetime.datetime(cell.year, cell.month, cell.day)
    return str(cell)  # TRUE, a time of day


def _find_formulas(sheet: object, solved: dict[int, tuple[Cell, ...]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    from openpyxl.utils import get_column_letter

    found, unsolved = [], []
    sheet.reset_dimensions()  # type: ignore[attr-defined]
    for number, row in enumerate(sheet.iter_rows(), 1):  # type: ignore[attr-defined]
        for place, cell in enumerate(row):
            if getattr(cell, "data_type", "") != "f":
                continue
            address = f"{get_column_letter(place + 1)}{number}"
            found.append(address)
            cells = solved.get(number, ())
            if place >= len(cells) or cells[place] is None:
                unsolved.append(address)
    return tuple(found), tuple(unsolved)
