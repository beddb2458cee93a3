from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl import Workbook

from survdash.errors import ClinicalError, GeneError, SurvdashError
from survdash.sources.table_file import list_faults, name_some, read_table


def read(path: Path, content: bytes, **options: object):
    path.write_bytes(content)
    return read_table(path, error=ClinicalError, **options)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_byte_order_mark_and_line_ends_do_not_matter(tmp_path, delimiter, mark, end):
    text = end.join(["case_id, value ", "A,1.5", "B,", ""]).replace(",", delimiter)
    table = read(tmp_path / "t.csv", mark + text.encode(), text=("case_id",))
    assert table.columns == ("case_id", "value")
    assert table.frame[0].tolist() == ["A", "B"]
    assert table.frame[1].iloc[0] == 1.5
    assert table.frame[1].isna().tolist() == [False, True]


def test_ids_that_look_like_numbers_keep_their_zeros(tmp_path):
    table = read(tmp_path / "t.csv", b"case_id,x\n007,1\n008,2\n", text=("case_id",))
    assert table.frame[0].tolist() == ["007", "008"]


def test_numbers_are_read_to_the_last_digit(tmp_path):
    # 17 digits name a double; the fast parser of pandas would miss the last bit of some of these.
    numbers = ["24.466666666666665", "0.1", "1e-7", "5588.019928", "1.7976931348623157e308", "0.30000000000000004"]
    table = read(tmp_path / "t.csv", ("a,b\n" + "\n".join(f"{n},0" for n in numbers)).encode())
    assert table.frame[0].tolist() == [float(n) for n in numbers]


def test_words_for_missing_are_missing_but_gene_like_words_stay(tmp_path):
    table = read(tmp_path / "t.csv", b"stage,x\n[Not Available],1\nStage I,2\nNA,3\n", text=("stage",))
    assert table.frame[0].isna().tolist() == [True, False, True]


def test_quoted_cells_may_hold_the_delimiter_and_line_ends(tmp_path):
    table = read(tmp_path / "t.csv", b'a,b\n"x, y","1\n2"\n"z",w\n')
    assert table.frame[0].tolist() == ["x, y", "z"]


def test_repeated_columns_are_kept_apart(tmp_path):
    table = read(tmp_path / "t.csv", b"g,g,g.1\n1,2,3\n")
    assert table.columns == ("g", "g", "g.1")
    assert table.positions("g") == [0, 1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "binary"),
        (b"case_id,x\nM\xfcller,1\n", "not UTF-8: line 2"),
        (b"a,b\n1,2\n3\n4,5,6\n", "2 lines do not have the 2 cells of the header: line 3 has 1, line 4 has 3"),
        (b"just words\nand more\n", "no comma, semicolon, tab or bar"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git-LFS pointer"),
        (b"PK\x03\x04 not a zip", "damaged or protected archive"),
        (b"\x1f\x8bnot a gz", "damaged or protected archive"),
        (b'a,b\n"1,2\n', "lines do not have"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_name_and_reason(tmp_path, content, said):
    with pytest.raises(ClinicalError, match=r"^t\.csv") as caught:
        read(tmp_path / "t.csv", content)
    assert said in caught.value.message
    assert caught.value.hint


def test_an_absent_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(GeneError, match="There is no file"):
            read_table(path, error=GeneError)


def _zip(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_one_member_of_an_archive_is_read_whatever_its_name(tmp_path):
    packed = _zip(**{"../dataset_csv/tcga_all_clean.csv.zip": b"a,b\n1,2\n", "__MACOSX/._x": b"junk"})
    assert read(tmp_path / "t.zip", packed).frame.shape == (1, 2)
    assert read(tmp_path / "t.gz", gzip.compress(b"a,b\n1,2\n")).frame.shape == (1, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.gz", "t.zip"], "nothing was unpacked to disk"
    assert not (tmp_path.parent / "dataset_csv").exists()
    with pytest.raises(ClinicalError, match="holds 2 files"):
        read(tmp_path / "t.zip", _zip(a=b"a,b\n", b=b"a,b\n"))


@pytest.mark.usefixtures("small_limit")
def test_an_archive_that_unpacks_to_too_much_is_stopped_at_the_limit(tmp_path):
    bomb = b"a,b\n" + b"0,0\n" * 5_000_000
    assert len(_zip(x=bomb)) < 100_000
    for packed in (_zip(x=bomb), gzip.compress(bomb), _zip(**{"xl/workbook.xml": bomb}), bomb):
        with pytest.raises(ClinicalError, match=r"larger than 0\.1 MB"):
            read(tmp_path / "t.zip", packed)


def _workbook(rows: list[list[object]]) -> bytes:
    book, buffer = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(buffer)
    return buffer.getvalue()


def test_excel_reads_as_the_same_table_in_csv(tmp_path):
    rows = [["case_id", "x", "y"], ["007", 1.5, "a"], ["P", None, "[Not Available]"]]
    excel = read(tmp_path / "t.xlsx", _workbook(rows), text=("case_id",))
    plain = read(tmp_path / "t.csv", b"case_id,x,y\n007,1.5,a\nP,,[Not Available]\n", text=("case_id",))
    assert excel.columns == plain.columns
    assert excel.frame[0].tolist() == plain.frame[0].tolist()
    assert excel.frame[1].dtype == plain.frame[1].dtype == float
    assert excel.frame.isna().equals(plain.frame.isna())


def test_a_gene_that_excel_turned_into_a_date_is_noticed(tmp_path):
    with pytest.raises(ClinicalError, match="turned 1 names into dates"):
        read(tmp_path / "t.xlsx", _workbook([["gene", "value"], [datetime(2025, 9, 2), 1.0]]))


def test_long_lists_of_faults_and_names_are_cut():
    assert list_faults(f"fault {i}" for i in range(30)).endswith("and 18 more faults")
    assert name_some(range(7), most=2) == "0, 1 and 5 more"


EXCEL = _workbook([["case_id", "x"], ["A", 1.5]])
ARCHIVE = _zip(x=b"case_id,x\nA,1\n")
SEEDS = st.sampled_from([b"", EXCEL, ARCHIVE, gzip.compress(b"a,b\n1,2\n"), b'case_id,"x"\nA,1\n'])


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=SEEDS, cut=st.integers(0, 6000), tail=st.binary(max_size=60))
def test_no_bytes_bring_out_another_error_than_ours(tmp_path_factory, start, cut, tail):
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    with contextlib.suppress(SurvdashError):
        read(path, start[:cut] + tail)


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text(alphabet='a1,;\t"\n\r .\ufeff\x0b\x1c\u2028-', max_size=60))
def test_no_text_brings_out_another_error_than_ours(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    try:
        table = read(path, text.encode(), text=None)
    except SurvdashError:
        return
    assert table.frame.shape[1] == len(table.columns)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.integers(0, len(EXCEL) - 1), value=st.integers(0, 255))
def test_a_changed_byte_of_an_excel_file_brings_out_no_other_error(tmp_path_factory, place, value):
    broken = bytearray(EXCEL)
    broken[place] = value
    path = tmp_path_factory.mktemp("fuzz") / "t.xlsx"
    with contextlib.suppress(SurvdashError):
        read(path, bytes(broken))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_text_with_a_byte_order_mark_is_read_and_without_one_named(tmp_path, encoding):
    text = "case_id,age\nÄ1,60.5\n"
    marked = encoding in ("utf-16", "utf-32")
    table = read(tmp_path / "t.csv", (text if marked else "\ufeff" + text).encode(encoding), text=("case_id",))
    assert table.columns == ("case_id", "age")
    assert (table.frame[0][0], table.frame[1][0]) == ("Ä1", 60.5)
    if not marked:
        with pytest.raises(ClinicalError, match=r"another encoding.*save it as UTF-8"):
            read(tmp_path / "t.csv", text.encode(encoding))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\xff\xfe\n\0", b"\xff\xfea", b"\xff\xfe\0\0\0\0\0\xff"])
def test_damaged_wide_text_is_a_message(tmp_path, content):
    with pytest.raises(ClinicalError, match=r"is empty|another encoding"):
        read(tmp_path / "t.csv", content)


def test_an_endless_name_does_not_fill_the_message():
    assert len(name_some(["x" * 200_000, "y"])) < 100
    assert len(list_faults(["x" * 200_000])) < 500
    assert name_some(["short"]) == "short"
