"""One text table from disk: CSV, TSV, Excel, or the one member of a zip or gz archive; read as it stands."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.errors import InputError
from survdash.sources.parquet_table import is_parquet, read_parquet
from survdash.sources.table_bytes import check_shape, decode, is_workbook, read_packed, unpack
from survdash.sources.workbook import Cell, read_sheet
from survdash.store import file_sha256

MISSING = (
    "", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None", "[Not Available]", "[Not Applicable]",
    "[Not Evaluated]", "[Unknown]", "[Discrepancy]", "[Completed]", "Not Reported", "not reported",
)
DELIMITERS = ",;\t|"
MOST_FAULTS = 12
LONGEST_NAME, LONGEST_FAULT = 80, 400  # in a message; a name in a broken file may be the whole file


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextTable:
    """A table as it stood in the file.

    Parameters
    ----------
    name : str
        The file's name.
    sha256 : str
        Of the file's bytes.
    columns : tuple of str
        Header, trimmed; repeated and empty names are kept.
    frame : DataFrame
        Columns 0..len(columns)-1; one row a data line.
    delimiter : str
        What parted the cells; empty for Excel and Parquet.
    """

    name: str
    sha256: str
    columns: tuple[str, ...]
    frame: pd.DataFrame
    delimiter: str

    def positions(self, name: str) -> list[int]:
        """Where a column name stands; several places if it is repeated."""
        return [position for position, column in enumerate(self.columns) if column == name]


def list_faults(faults: Iterable[str]) -> str:
    """Join the faults of one file into one message, the first dozen in full."""
    found = list(dict.fromkeys(_clip(fault, LONGEST_FAULT) for fault in faults))
    rest = [f"and {len(found) - MOST_FAULTS} more faults"] if len(found) > MOST_FAULTS else []
    return "; ".join(found[:MOST_FAULTS] + rest)


def name_some(names: Iterable[object], *, most: int = 5) -> str:
    """The first few names of many, for a message; a very long one is cut."""
    found = [str(name) for name in names]
    shown = ", ".join(_clip(name, LONGEST_NAME) for name in found[:most])
    return shown + (f" and {len(found) - most} more" if len(found) > most else "")


def _clip(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def read_table(path: Path, *, error: type[InputError], text: Iterable[str] | None = ()) -> TextTable:
    """Read a table; numbers are parsed exactly, the named columns are left as text.

    Parameters
    ----------
    path : Path
        CSV or TSV (comma, semicolon, tab or bar; UTF-8, or UTF-16 and UTF-32 with a byte-order mark), XLSX (first
        sheet), one of these alone in a zip or gz archive, or Parquet.
    error : type
        Which error to raise.
    text : iterable of str or None
        Columns that hold text whatever they look like; None for all.

    Returns
    -------
    TextTable

    Raises
    ------
    InputError
        As ``error``: the file is absent, empty, binary, too large, in another encoding, ragged, or an archive of
        several files.
    """
    if is_parquet(path):
        columns, frame = read_parquet(path, error=error)
        return TextTable(name=path.name, sha256=file_sha256(path), columns=columns, frame=frame, delimiter="")
    packed, sha256 = read_packed(path, error=error)
    if is_workbook(packed):
        columns, frame = _parse_workbook(packed, path.name, error=error)
        frame = _typed(frame, columns, text)
        return TextTable(name=path.name, sha256=sha256, columns=columns, frame=frame, delimiter="")
    content = decode(unpack(packed, path.name, error=error), path.name, error=error)[0].lstrip("\n")
    delimiter = sniff(content, path.name, error=error)
    columns, lines = _check_shape(content, path.name, delimiter=delimiter, error=error)
    frame = _parse_text(content, path.name, columns=columns, lines=lines, delimiter=delimiter, text=text, error=error)
    return TextTable(name=path.name, sha256=sha256, columns=columns, frame=frame, delimiter=delimiter)


def to_numbers(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """A column as float64 (NaN where missing) and a mask of cells that are neither a finite number nor missing."""
    if pd.api.types.is_numeric_dtype(cells):  # bool too; the way of almost every column
        numbers = cells.to_numpy(float)
        wrong = np.isinf(numbers)
        return (np.where(wrong, np.nan, numbers) if wrong.any() else numbers), wrong
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(float, na_value=np.nan)
    wrong = np.isinf(numbers) | (np.isnan(numbers) & cells.notna().to_numpy(bool))
    return np.where(wrong, np.nan, numbers), wrong


def to_text(cells: pd.Series) -> pd.Series:
    """A column as trimmed text, missing where empty or a word for "missing"."""
    trimmed = cells.astype("str").str.strip()
    return trimmed.mask(cells.isna() | trimmed.isin(MISSING))


def sniff(content: str, name: str, *, error: type[InputError]) -> str:
    """What parts the cells: of comma, semicolon, tab and bar the one that stands in the header most often.

    Raises
    ------
    InputError
        As ``error``: none of them stands there, or far too often.
    """
    header = content.partition("\n")[0]
    unquoted = "".join(header.split('"')[::2])
    counts = {delimiter: unquoted.count(delimiter) for delimiter in DELIMITERS}
    best = max(counts, key=counts.__getitem__)
    if counts[best] == 0:
        raise error(
            f"{name} is not a table: its first line has no comma, semicolon, tab or bar.",
            hint="Give a table with a header line, as CSV, TSV or XLSX.",
        )
    check_shape(counts[best] + 1, content.count("\n"), name, error=error)
    return best


def _check_shape(content: str, name: str, *, delimiter: str, error: type[InputError]) -> tuple[tuple[str, ...], int]:
    """Header and number of data lines; every line must have as many cells as the header."""
    if '"' in content:
        try:
            reader = enumerate(csv.reader(io.StringIO(content), delimiter=delimiter), 1)
            rows = ((number, row) for number, row in reader if row and (len(row) > 1 or row[0].strip()))
            first, header = next(rows)
            counts = [(first, len(header)), *((number, len(row)) for number, row in rows)]
        except csv.Error as fault:
            raise error(f"{name} cannot be read as a table: {fault}.", hint="Check its quotation marks.") from fault
    else:
        lines = content.split("\n")
        header = lines[0].split(delimiter)
        counts = [(number, line.count(delimiter) + 1) for number, line in enumerate(lines, 1) if line.strip(" ")]
    wrong = [(number, count) for number, count in counts if count != len(header)]
    if wrong:
        examples = name_some(f"line {number} has {count}" for number, count in wrong)
        raise error(
            f"{name}: {len(wrong)} lines do not have the {len(header)} cells of the header: {examples}.",
            hint="Is the file cut off, or is the delimiter part of a name?",
        )
    return tuple(cell.strip() for cell in header), len(counts) - 1


def _parse_text(
    content: str, name: str, *, columns: tuple[str, ...], lines: int, delimiter: str, text: Iterable[str] | None,
    error: type[InputError],
) -> pd.DataFrame:
    as_text = set(columns) if text is None else set(text)
    try:
        frame = pd.read_csv(
            io.StringIO(content), sep=delimiter, header=0, names=range(len(columns)), index_col=False, engine="c",
            dtype={place: "str" for place, column in enumerate(columns) if column in as_text},
            keep_default_na=False, na_values=list(MISSING), low_memory=False, skipinitialspace=True,
        )
    except (ValueError, OverflowError) as fault:  # pandas' own parser errors are ValueErrors
        raise error(f"{name} cannot be read as a table: {fault}.", hint="Check its quotation marks.") from fault
    if len(frame) != lines:
        raise error(f"{name}: {len(frame)} of {lines} lines could be read.", hint="Check its quotation marks.")
    return frame


def _parse_workbook(packed: bytes, name: str, *, error: type[InputError]) -> tuple[tuple[str, ...], pd.DataFrame]:
    rows = read_sheet(packed, name, error=error).rows
    dates = [cell for row in (rows[0], [row[0] for row in rows]) for cell in row if isinstance(cell, datetime.datetime)]
    if dates:
        raise error(
            f"{name}: Excel has turned {len(dates)} names into dates, the first into {dates[0]:%Y-%m-%d}.",
            hint="Gene symbols such as SEPT2 suffer this; export the table as CSV from its source.",
        )
    cells = [[_as_text(cell) for cell in row] for row in rows]
    return tuple(cell.strip() for cell in cells[0]), pd.DataFrame(cells[1:], columns=range(len(rows[0])), dtype="str")


def _as_text(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def _typed(frame: pd.DataFrame, columns: tuple[str, ...], text: Iterable[str] | None) -> pd.DataFrame:
    """Excel cells as CSV cells: missing words are missing, columns of numbers are numbers."""
    as_text = set(columns) if text is None else set(text)
    typed = {}
    for place, column in enumerate(columns):
        cells = to_text(frame[place])
        numbers, wrong = to_numbers(cells)
        typed[place] = cells if column in as_text or wrong.any() else pd.Series(numbers)
    return pd.DataFrame(typed, index=frame.index)
