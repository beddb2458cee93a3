from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from survdash.errors import ClinicalError
from survdash.sources.table_cells import LONGEST_CELL, looks_like_formula, read_cells


def read(tmp_path: Path, content: bytes | str, name: str = "t.csv", **options: object):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_cells(path, **options)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter_gives_the_same_cells_and_blank_lines_do_not_shift_the_line_numbers(tmp_path, delimiter):
    text = 'id,note\nA,"x, y"\n,\n\n B ,"two\nlines"\nC,\n'
    parted = text.replace(",", delimiter).replace(f"x{delimiter}", f"x{delimiter}")
    table = read(tmp_path, parted)
    assert table.columns == ("id", "note")
    assert table.rows == (("A", f"x{delimiter} y".strip()), ("B", "two\nlines"), ("C", None))
    assert table.lines == (2, 5, 7)
    assert "2 blank lines were skipped." in table.notes


def test_the_line_that_excel_writes_for_itself_is_skipped(tmp_path):
    table = read(tmp_path, "sep=;\nid;n\nA;1\n")
    assert (table.columns, table.lines) == (("id", "n"), (3,))


def test_lines_are_counted_from_the_head_of_the_file_blank_or_not(tmp_path):
    table = read(tmp_path, "\n\nid;n\n\nA;1\n")
    assert (table.columns, table.lines) == (("id", "n"), (5,))


def test_a_stated_delimiter_is_taken(tmp_path):
    table = read(tmp_path, "a,b;c,d\n1,2;3,4\n", delimiter=";")
    assert table.columns == ("a,b", "c,d")
    assert table.form == "UTF-8, semicolon"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,n\nA\nB,2,3\n", "2 lines do not have the 2 cells of the header: line 2 has 1, line 3 has 3"),
        ("Report of 2020,\nid,n,m\n", "lines do not have the 2 cells of the header: line 2 has 3"),
        ("id,n\n", "no line below its header"),
        ('id,n\n"A,1\n', "near line 2"),
        (f"id,n\nA,{'x' * (LONGEST_CELL + 1)}\n", "column 'n' in line 2 holds 32,768 letters"),
        (",".join(map(str, range(2001))) + "\n", "more than 2,000 columns"),
    ],
)
def test_a_broken_table_is_refused_with_its_line(tmp_path, content, said):
    with pytest.raises(ClinicalError, match=r"^t\.csv") as caught:
        read(tmp_path, content)
    assert said in caught.value.message
    assert caught.value.hint


def test_columns_are_found_by_name_and_a_name_that_stands_twice_is_refused(tmp_path):
    table = read(tmp_path, "id,n,n\nA,1,2\n")
    assert table.cells("id") == ["A"]
    assert "Columns that stand more than once: n." in table.notes
    with pytest.raises(ClinicalError, match=r"'n' stands 2 times \(columns 2 and 3\)"):
        table.place("n")
    with pytest.raises(ClinicalError, match="no column 'age'"):
        table.place("age")


def test_text_that_begins_like_a_formula_stays_text_and_is_told_with_column_and_line(tmp_path):
    table = read(tmp_path, 'id,note,n\nA,"=HYPERLINK(""http://x"")",-1.5\nB,@SUM(1),+2\nC,-,"-1,5"\n')
    assert table.cells("note") == ['=HYPERLINK("http://x")', "@SUM(1)", "-"]
    told = next(note for note in table.notes if "formula" in note)
    assert told.startswith("2 cells begin like a formula")
    assert "note in line 2" in told


@pytest.mark.parametrize("cell", ["=1+1", "@x", "+cmd|' /C calc'!A0", "-2+3+cmd", "= 1", "=\n1"])
def test_what_a_spreadsheet_would_run(cell):
    assert looks_like_formula(cell)


@pytest.mark.parametrize("cell", ["-1.5", "+2", "-1,234.5", "-", "--", "+", "a=b", "1:DECEASED", None, 3.0, "- 5"])
def test_what_it_would_not(cell):
    assert not looks_like_formula(cell)


def _workbook() -> bytes:
    book, buffer = Workbook(), io.BytesIO()
    book.active.title = "Read me"
    book.active.append(["nothing here"])
    sheet = book.create_sheet("Data")
    for row in (["id", "n"], ["A", 1.5], ["B", None]):
        sheet.append(row)
    book.save(buffer)
    return buffer.getvalue()


def test_a_sheet_of_a_workbook_is_read_and_the_others_are_named(tmp_path):
    table = read(tmp_path, _workbook(), "t.xlsx", sheet="Data")
    assert (table.rows, table.lines) == ((("A", 1.5), ("B", None)), (2, 3))
    assert "Sheet 'Data' was read; other sheets: Read me." in table.notes
    with pytest.raises(ClinicalError, match="no Excel workbook"):
        read(tmp_path, "id,n\nA,1\n", sheet="Data")


def test_a_formula_of_excel_without_a_result_is_a_fault_with_its_address(tmp_path):
    book, buffer = Workbook(), io.BytesIO()
    for row in (["id", "n"], ["A", "=1+1"]):
        book.active.append(row)
    book.save(buffer)
    with pytest.raises(ClinicalError, match=r"1 formulas .* have no stored result: B2") as caught:
        read(tmp_path, buffer.getvalue(), "t.xlsx")
    assert "Open the file in Excel" in caught.value.hint


def test_an_encoding_that_was_deduced_is_told(tmp_path):
    table = read(tmp_path, "id;Größe\nMüller;1\n".encode("cp1252"))
    assert table.columns == ("id", "Größe")
    assert any("not UTF-8" in note for note in table.notes)


def test_the_one_table_in_a_zip_is_read(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.csv", "id,n\nA,1\n")
    assert read(tmp_path, buffer.getvalue(), "t.zip").cells("id") == ["A"]


@pytest.mark.usefixtures("small_limit")
def test_a_bomb_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", "id,n\n" + "A,1\n" * 1_000_000)
    with pytest.raises(ClinicalError, match=r"larger than 0\.1 MB when unpacked"):
        read(tmp_path, buffer.getvalue(), "t.zip")
