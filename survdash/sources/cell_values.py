"""Numbers and dates as hospitals write them; what can be read in two ways is asked about, never guessed.

Numbers: spaces and apostrophes part thousands. A comma or point parts thousands where groups of three follow it, and
decimals otherwise; "1,234" may be either. One file has one decimal mark: any cell that allows only one reading decides
for all, and cells that contradict each other are a fault.

Dates: ISO order, Excel's own dates and names of months are plain; dotted dates have the day first. In "03/04/2020" a
number above 12 anywhere in the file's date columns decides the order for all. Day numbers of Excel (1900 system), as
"43831", are read when the mapping says so. A year of two digits is refused.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from survdash.sources.column_mapping import fold
from survdash.sources.table_file import MISSING, name_some
from survdash.sources.workbook import Cell

# A sign alone is how registries write "none"; real words for "unknown" are the mapping's to name.
MISSING_WORDS = frozenset(fold(word) for word in (*MISSING, "-", "--", "---", ".", "?", "#NV", "#NUM!", "#VALUE!"))
_GROUPED_BY_SPACE = re.compile(r"\d{1,3}([ '’]\d{3})+(?!\d)")
_PLAIN = re.compile(r"\d+")
_EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_WITH_MARK = {
    mark: re.compile(
        rf"(?=[.,]?\d)(\d+|\d{{1,3}}({re.escape(other)}\d{{3}})+)?{re.escape(mark)}\d*(e[+-]?\d+)?", re.IGNORECASE
    )
    for mark, other in ((".", ","), (",", "."))
}
_GROUPED = {mark: re.compile(rf"[1-9]\d{{0,2}}({re.escape(mark)}\d{{3}})+") for mark in ".,"}
_POWER = re.compile(r"\d+e[+-]?\d+", re.IGNORECASE)
_MARKS = {"point": ".", "comma": ","}

_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})([T ].*)?|(\d{4})(\d{2})(\d{2})|(\d{4})年(\d{1,2})月(\d{1,2})日?")
_PARTED = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})( .*)?")
_SHORT_YEAR = re.compile(r"\d{1,2}[./-](\d{1,2}|[^\W\d]{3,9})[./-]\d{2}( .*)?")
_NAMED = re.compile(r"(\d{1,2})[.\- ]{1,2}([^\W\d]{3,9})[.\- ]{1,2}(\d{4})|([^\W\d]{3,9})[. ]{1,2}(\d{1,2}),? (\d{4})")
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_MONTHS = {
    name: number
    for number, names in enumerate((
        "jan januar january janvier", "feb februar february fév février", "mar mär mrz märz march mars",
        "apr april avr avril", "may mai", "jun juni june juin", "jul juli july juil juillet", "aug august aoû août",
        "sep sept september septembre", "oct okt oktober october octobre", "nov november novembre",
        "dec dez dezember december déc décembre",
    ), 1)
    for name in names.split()
}  # fmt: skip
FIRST_YEAR = 1880  # nobody alive since is in a table of slides
EXCEL_DAY_ZERO = datetime.date(1899, 12, 30)  # counts on from here, Excel's own 29 February 1900 included


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How cells of one kind are read throughout a file.

    Parameters
    ----------
    value : str or None
        None where no cell needs a decision, or none allows one.
    fault : str
        What must be asked or repaired; empty when all is well.
    reason : str
        The cell that decided, in words; empty if none did.
    """

    value: str | None
    fault: str = ""
    reason: str = ""


Columns = Mapping[str, Sequence[Cell]]  # name of a column: its cells, all columns as long as ``lines``


def is_missing(cell: Cell, words: Iterable[str] = ()) -> bool:
    """Whether a cell says that nothing is known; ``words`` are further words for it, folded."""
    return cell is None or (isinstance(cell, str) and (fold(cell) in MISSING_WORDS or fold(cell) in words))


def plain_text(cell: Cell) -> str:
    """A cell as text: a whole number of Excel without its ``.0``, a date in ISO order."""
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return "" if cell is None else str(cell)


def decide_decimal(columns: Columns, lines: Sequence[int], *, missing: Iterable[str] = ()) -> Decision:
    """Which decimal mark a file uses, from the cells of its number columns.

    Parameters
    ----------
    columns : mapping
        Name to cells.
    lines : sequence of int
        Line of each cell, for messages.
    missing : iterable of str
        Words for "not known", folded.
    """
    return _decide(columns, lines, missing, shape_of_number, choices=("point", "comma"), key="decimal", open_as={
        "either": "{cell!r} in column {column!r}, line {line}, may be one thousand and more, or have three decimals",
    })  # fmt: skip


def decide_dates(columns: Columns, lines: Sequence[int], *, missing: Iterable[str] = ()) -> Decision:
    """In which order a file writes day and month, from the cells of its date columns; arguments as above."""
    return _decide(columns, lines, missing, shape_of_date, choices=("dmy", "mdy"), key="dates", open_as={
        "either": "{cell!r} in column {column!r}, line {line}, may have the day or the month first",
        "excel": "{cell!r} in column {column!r}, line {line}, may be a day number of Excel (choose excel)",
    })  # fmt: skip


def shape_of_number(cell: Cell) -> str:
    """What a cell tells of the decimal mark: plain, point, comma, either, or wrong if it is no number."""
    if isinstance(cell, (int, float)):
        return "plain"
    text = _bare(cell)
    if text is None:
        return "wrong"
    if _PLAIN.fullmatch(text) or _POWER.fullmatch(text):
        return "plain"
    if _EITHER.fullmatch(text):
        return "either"
    for name, mark in _MARKS.items():
        other = "," if mark == "." else "."
        if _WITH_MARK[mark].fullmatch(text) or _GROUPED[other].fullmatch(text):
            return name
    return "wrong"


def read_number(cell: Cell, decimal: str | None) -> float | None:
    """A number under one decimal mark; None if it is none."""
    if isinstance(cell, (int, float)):
        return float(cell) if abs(cell) < 1e300 else None
    text = _bare(cell)
    if text is None:
        return None
    if not (_PLAIN.fullmatch(text) or _POWER.fullmatch(text)):
        if decimal is None:
            return None
        mark = _MARKS[decimal]
        other = "," if mark == "." else "."
        if not (_GROUPED[other].fullmatch(text) or _WITH_MARK[mark].fullmatch(text)):
            return None
        text = text.replace(other, "").replace(mark, ".")
    sign = -1.0 if str(cell).lstrip().startswith(("-", "−")) else 1.0
    value = sign * float(text)
    return value if abs(value) < 1e300 else None


def shape_of_date(cell: Cell) -> str:
    """What a cell tells of the order of dates: plain, dmy, mdy, either, excel (a day number), or wrong."""
    if isinstance(cell, datetime.datetime):
        return "plain"
    text = plain_text(cell)
    if _SERIAL.fullmatch(text):
        return "excel"
    if (parted := _PARTED.fullmatch(text)) is not None:
        first, mark, second = int(parted[1]), parted[2], int(parted[3])
        if first > 12 or second > 12:
            return "dmy" if second <= 12 else "mdy" if first <= 12 else "wrong"
        return "plain" if first == second else "dmy" if mark == "." else "either"
    return "plain" if read_date(cell, None) is not None else "wrong"


def read_date(cell: Cell, order: str | None) -> datetime.date | None:
    """A day under one order of dates; None if it is none. The time of the day is left out."""
    if isinstance(cell, datetime.datetime):
        return cell.date()
    text = plain_text(cell)
    if _SERIAL.fullmatch(text):
        return EXCEL_DAY_ZERO + datetime.timedelta(days=int(float(text))) if order == "excel" else None
    if (iso := _ISO.fullmatch(text)) is not None:
        found = [part for part in iso.groups() if part and part.isdigit()]
        return _day(found[0], found[1], found[2])
    if (parted := _PARTED.fullmatch(text)) is not None:
        first, second, year = parted[1], parted[3], parted[4]
        if order in ("dmy", "mdy"):
            return _day(year, second, first) if order == "dmy" else _day(year, first, second)
        return _day(year, second, first) if parted[2] == "." or first == second else None
    if (named := _NAMED.fullmatch(text)) is not None:
        day, name, year = (named[1], named[2], named[3]) if named[1] else (named[5], named[4], named[6])
        return _day(year, str(_MONTHS.get(name.casefold(), 0)), day)
    return None


def why_no_date(cell: Cell, order: str | None) -> str:
    """What is wrong with a cell that ``read_date`` cannot read."""
    text = plain_text(cell)
    if _SHORT_YEAR.fullmatch(text):
        return "has a year of two digits: write four"
    if order in ("dmy", "mdy") and _PARTED.fullmatch(text):
        return f"is no date with the {'day' if order == 'dmy' else 'month'} first"
    return "is no full date"


def _bare(cell: Cell) -> str | None:
    """Digits and marks without sign and without spaces or apostrophes between thousands; None if it is no text."""
    if not isinstance(cell, str):
        return None
    text = cell.strip().replace("−", "-")
    text = text[1:].lstrip() if text[:1] in ("+", "-") else text
    whole = re.match(r"[\d '’]+", text)
    if whole is not None and _GROUPED_BY_SPACE.fullmatch(whole[0].rstrip()):
        text = re.sub(r"[ '’]", "", whole[0]) + text[whole.end():]
    return text if text.isascii() else None


def _day(year: str, month: str, day: str) -> datetime.date | None:
    try:
        found = datetime.date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if found.year >= FIRST_YEAR else None


def _decide(
    columns: Columns, lines: Sequence[int], missing: Iterable[str], shape: object, *, choices: tuple[str, str],
    key: str, open_as: Mapping[str, str],
) -> Decision:
    words, seen = frozenset(missing), dict[str, tuple[str, int, str]]()
    for column, cells in columns.items():
        for cell, line in zip(cells, lines, strict=True):
            if not is_missing(cell, words):
                kind = shape(cell)  # type: ignore[operator]
                seen.setdefault(kind, (column, line, plain_text(cell)))
    said = {kind: f"{cell!r} in column {column!r}, line {line}" for kind, (column, line, cell) in seen.items()}
    here = [choice for choice in choices if choice in seen]
    if len(here) == 2:
        return Decision(value=None, fault=f"{said[here[0]]} contradicts {said[here[1]]}: make them alike")
    value = here[0] if here else None
    asked = [words_of.format(cell=seen[kind][2], column=seen[kind][0], line=seen[kind][1])
             for kind, words_of in open_as.items() if kind in seen and (value is None or kind == "excel")]  # fmt: skip
    if asked:
        options = name_some((*choices, *(("excel",) if "excel" in seen else ())))
        return Decision(value=None, fault=f"{'; '.join(asked)}: state {key} in the mapping ({options})")
    return Decision(value=value, reason=f"{key}: {value}, as {said[here[0]]} shows" if here else "")
