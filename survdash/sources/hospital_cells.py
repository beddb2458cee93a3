"""The cells of a hospital's table as values, one row a line: what the mapping says of each column is applied here.

Everything that cannot be read is collected, so that one message names it all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from survdash.cohort import PATIENT_COLUMNS
from survdash.errors import ClinicalError
from survdash.sources.cell_values import (
    Decision,
    decide_dates,
    decide_decimal,
    is_missing,
    plain_text,
    read_date,
    read_number,
    why_no_date,
)
from survdash.sources.clinical_words import SEXES, meaning_of_status, why_identifier
from survdash.sources.column_mapping import DELIMITER_SIGNS, ColumnMapping, fold
from survdash.sources.research_csv import CASE_ID
from survdash.sources.table_cells import CellTable, read_cells
from survdash.sources.table_file import list_faults, name_some
from survdash.sources.workbook import Cell

DATE_KEYS = ("diagnosis", "last_contact", "death", "birth")
KEPT = "keep "  # before the name of a kept column, so that it cannot be taken for a key
# What a kept column must not be called: the cohort has its own under these names.
TAKEN = ("case_id", "censorship", "survival_months", *PATIENT_COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordCount:
    """A word of the status column, how many lines hold it, and what the mapping says it means."""

    word: str
    count: int
    meaning: str | None


@dataclass(slots=True, kw_only=True)
class HospitalReading:
    """A table while it is read."""

    table: CellTable
    mapping: ColumnMapping
    missing: frozenset[str]
    decimal: str | None = None
    dates: str | None = None
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def known(self, column: str) -> list[Cell]:
        """Cells of a column, None where nothing is known."""
        return [None if is_missing(cell, self.missing) else cell for cell in self.table.cells(column)]

    def blame(self, column: str, wrong: Sequence[tuple[int, Cell]], what: str) -> None:
        """Add one fault of a column: the first line, and how many there are."""
        if wrong:
            line, cell = wrong[0]
            more = f" ({len(wrong)} lines)" if len(wrong) > 1 else ""
            self.faults.append(f"column {column!r}, line {line}: {plain_text(cell)[:40]!r} {what}{more}")


def open_table(path: Path, mapping: ColumnMapping) -> HospitalReading:
    """Read the cells of a file and check that every column of the mapping stands in it once.

    Raises
    ------
    ClinicalError
        If the file cannot be read, or columns are absent or stand twice; all are named.
    """
    delimiter = None if mapping.delimiter is None else DELIMITER_SIGNS[mapping.delimiter]
    table = read_cells(path, encoding=mapping.encoding, delimiter=delimiter, sheet=mapping.sheet)
    absent, wrong = [], []
    for column in dict.fromkeys((*mapping.columns.values(), *mapping.keep)):
        count = table.columns.count(column)
        if count == 0:
            absent.append(repr(column))
        elif count > 1:
            wrong.append(f"column {column!r} stands {count} times")
    if absent:
        wrong.append(f"there is no column {', '.join(absent)}")
    if wrong:
        raise ClinicalError(
            f"{table.name}: {list_faults(wrong)}.", hint=f"Its columns: {name_some(table.columns, most=30)}."
        )
    missing = frozenset(fold(word) for word in mapping.missing)
    reading = HospitalReading(table=table, mapping=mapping, missing=missing)
    reading.notes = [f"Read as {table.form}.", *table.notes]
    return reading


def read_cases(reading: HospitalReading) -> list[str]:
    """The patient of each line; a line without, or with an impossible name, is a fault."""
    column, names = reading.mapping.case, []
    wrong: list[tuple[int, Cell]] = []
    absent: list[tuple[int, Cell]] = []
    for cell, line in zip(reading.known(column), reading.table.lines, strict=True):
        name = plain_text(cell)
        if cell is None:
            absent.append((line, None))
        elif not CASE_ID.fullmatch(name):
            wrong.append((line, cell))
        names.append(name)
    reading.blame(column, absent, "names no patient")
    reading.blame(column, wrong, "cannot name a patient: use up to 64 letters, digits and . : + - _")
    return names


def decide(reading: HospitalReading) -> None:
    """Decimal mark and order of dates: what the mapping says, else what the cells tell, else asked."""
    mapping, table = reading.mapping, reading.table
    numbers = {column: reading.known(column) for column in (mapping.time, mapping.age) if column is not None}
    days = {column: reading.known(column) for key, column in mapping.columns.items() if key in DATE_KEYS}
    reading.decimal, reading.dates = mapping.decimal, mapping.dates
    if mapping.decimal is None:
        reading.decimal = _note(reading, decide_decimal(numbers, table.lines))
    if mapping.dates is None:
        reading.dates = _note(reading, decide_dates(days, table.lines))


def _note(reading: HospitalReading, decision: Decision) -> str | None:
    reading.faults.extend([decision.fault] if decision.fault else [])
    reading.notes.extend([f"Told from the cells: {decision.reason}."] if decision.reason else [])
    return decision.value


def stop(reading: HospitalReading) -> None:
    """Raise ClinicalError with all faults that were found so far, if any were."""
    if reading.faults:
        raise ClinicalError(
            f"{reading.table.name}: {list_faults(reading.faults)}.", hint="Repair the table or the mapping."
        )


def read_rows(reading: HospitalReading) -> pd.DataFrame:
    """Every mapped column, one row a line, as plain values: numbers, dates, words; None where nothing is known."""
    rows: dict[str, list[object]] = {}
    for key, column in reading.mapping.columns.items():
        if key in DATE_KEYS:
            rows[key] = _read_dates(reading, column)
        elif key in ("time", "age"):
            rows[key] = _read_numbers(reading, column)
        elif key == "status":
            rows[key] = _read_words(reading, column, dict(reading.mapping.status_words), keep_missing=True)
        elif key == "sex":
            rows[key] = _read_words(reading, column, {**SEXES, **reading.mapping.sex_words}, keep_missing=False)
        elif key != "case":
            rows[key] = [None if cell is None else plain_text(cell) for cell in reading.known(column)]
    for column in _kept_columns(reading):
        rows[KEPT + column] = [None if cell is None else plain_text(cell) for cell in reading.known(column)]
    return pd.DataFrame(rows, index=list(reading.table.lines), dtype=object)


def _read_numbers(reading: HospitalReading, column: str) -> list[object]:
    wrong: list[tuple[int, Cell]] = []
    values: list[object] = []
    for cell, line in zip(reading.known(column), reading.table.lines, strict=True):
        value = None if cell is None else read_number(cell, reading.decimal)
        if cell is not None and value is None:
            wrong.append((line, cell))
        values.append(value)
    mark = {"comma": " with a decimal comma", "point": " with a decimal point", None: ""}[reading.decimal]
    reading.blame(column, wrong, f"is no number{mark}")
    return values


def _read_dates(reading: HospitalReading, column: str) -> list[object]:
    wrong: dict[str, list[tuple[int, Cell]]] = {}
    values: list[object] = []
    for cell, line in zip(reading.known(column), reading.table.lines, strict=True):
        value = None if cell is None else read_date(cell, reading.dates)
        if cell is not None and value is None:
            wrong.setdefault(why_no_date(cell, reading.dates), []).append((line, cell))
        values.append(value)
    for why, lines in wrong.items():
        reading.blame(column, lines, why)
    return values


def _read_words(reading: HospitalReading, column: str, meanings: dict[str, str], *, keep_missing: bool) -> list[object]:
    """Meanings of words; a word that has none is a fault. A word for "missing" may be given a meaning, too."""
    unknown: dict[str, list[int]] = {}
    values: list[object] = []
    for cell, line in zip(reading.table.cells(column), reading.table.lines, strict=True):
        meaning = None if cell is None else meanings.get(fold(plain_text(cell)))
        if meaning is None and not is_missing(cell, reading.missing):
            unknown.setdefault(plain_text(cell), []).append(line)
        values.append(meaning if keep_missing or meaning != "ignore" else None)
    for word, lines in unknown.items():
        reading.faults.append(f"column {column!r}: the mapping does not say what {word[:40]!r} means "
                              f"({len(lines)} lines, the first is {lines[0]})")  # fmt: skip
    return values


def count_words(reading: HospitalReading) -> tuple[WordCount, ...]:
    """Words of the status column, the most frequent first; one that plainly says the opposite is noted."""
    if reading.mapping.status is None:
        return ()
    counts = Counter(plain_text(cell) for cell in reading.known(reading.mapping.status) if cell is not None)
    meanings = reading.mapping.status_words
    words = tuple(WordCount(word=word, count=count, meaning=meanings.get(fold(word)))
                  for word, count in counts.most_common())  # fmt: skip
    for one in words:
        plain = meaning_of_status(one.word)
        if {plain, one.meaning} == {"dead", "alive"}:
            reading.notes.append(
                f"The mapping takes the word {one.word!r} ({one.count} lines) for {one.meaning}, "
                f"but it says {plain}: is the status flipped?"
            )
    return words


def _kept_columns(reading: HospitalReading) -> list[str]:
    """Columns to keep: never those that may name a person, unless the mapping insists."""
    kept = []
    for column in reading.mapping.keep:
        if column in TAKEN or not column.strip():
            reading.faults.append(f"column {column!r} cannot be kept under this name: the cohort has its own")
            continue
        texts = [plain_text(cell) for cell in reading.known(column) if cell is not None]
        why = None if column in reading.mapping.keep_identifiers else why_identifier(column, texts)
        if why is None:
            kept.append(column)
        else:
            reading.notes.append(f"Column {column!r} was not kept: {why}. List it under keep_identifiers to keep it.")
    return kept


