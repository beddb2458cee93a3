from __future__ import annotations

import datetime
import io
import zipfile

import pytest
from openpyxl import Workbook

from survdash.errors import ClinicalError
from survdash.sources.workbook import read_sheet


def packed(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def sheet_of(book: Workbook, **options: object):
    return read_sheet(packed(book), "t.xlsx", error=ClinicalError, **options)


@pytest.fixture
def book() -> Workbook:
    made = Workbook()
    made.active.title = "Cover"
    patients = made.create_sheet("Patients")
    first, second = datetime.datetime(2020, 3, 4), datetime.date(2020, 4, 3)
    for row in (["case", "date", "n"], [], ["P1", first, 1.5], ["P2", second, 7]):
        patients.append(row)
    return made


def test_a_sheet_is_chosen_by_its_title_and_cells_keep_their_type(book):
    sheet = sheet_of(book, sheet="Patients")
    assert sheet.titles == ("Cover", "Patients")
    assert sheet.rows == (
        ("case", "date", "n"), ("P1", datetime.datetime(2020, 3, 4), 1.5), ("P2", datetime.datetime(2020, 4, 3), 7),
    )  # fmt: skip
    assert (sheet.lines, sheet.blank) == ((1, 3, 4), 1)


def test_an_empty_first_sheet_and_a_wrong_title_name_the_others(book):
    with pytest.raises(ClinicalError, match=r"is empty.*Cover, Patients"):
        sheet_of(book)
    with pytest.raises(ClinicalError, match=r"no sheet 'Tabelle1'.*Cover, Patients"):
        sheet_of(book, sheet="Tabelle1")


def test_dates_of_a_workbook_counted_from_1904_are_the_same_days(book):
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book.epoch = CALENDAR_MAC_1904
    assert sheet_of(book, sheet="Patients").rows[1][1] == datetime.datetime(2020, 3, 4)


def test_a_formula_without_a_stored_result_is_found(book):
    book["Patients"]["C4"] = "=1+2"
    sheet = sheet_of(book, sheet="Patients")
    assert (sheet.formulas, sheet.unsolved) == (("C4",), ("C4",))


def _replace(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """A workbook with one of its parts changed by hand."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(buffer, "w") as after:
        for one in before.infolist():
            held = before.read(one)
            assert one.filename != part or old in held
            after.writestr(one.filename, held.replace(old, new) if one.filename == part else held)
    return buffer.getvalue()


def test_the_result_that_excel_stored_is_taken(book):
    book["Patients"]["C4"] = "=1+2"
    solved = _replace(packed(book), "xl/worksheets/sheet2.xml", b"<f>1+2</f><v />", b"<f>1+2</f><v>3</v>")
    sheet = read_sheet(solved, "t.xlsx", error=ClinicalError, sheet="Patients")
    assert (sheet.rows[2][2], sheet.formulas, sheet.unsolved) == (3, ("C4",), ())


def test_a_row_number_beyond_excel_is_refused_and_does_not_run_for_ever(book):
    claimed = _replace(packed(book), "xl/worksheets/sheet2.xml", b'<row r="4"', b'<row r="999999999"')
    with pytest.raises(ClinicalError, match=r"more than 1,048,576 rows|damaged"):
        read_sheet(claimed, "t.xlsx", error=ClinicalError, sheet="Patients")


def test_a_wrong_size_written_in_the_file_cuts_nothing_off(book):
    small = _replace(packed(book), "xl/worksheets/sheet2.xml", b'ref="A1:C4"', b'ref="A1:B2"')
    read = read_sheet(small, "t.xlsx", error=ClinicalError, sheet="Patients")
    assert read.rows == sheet_of(book, sheet="Patients").rows
