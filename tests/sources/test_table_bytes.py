from __future__ import annotations

import gzip

import pytest

from survdash.errors import ClinicalError
from survdash.sources.table_bytes import decode, is_western, is_workbook, read_packed, unpack

GERMAN = "Größe;Müller;Straße;é\n"


def text_of(content: bytes, **options: object) -> tuple[str, str]:
    return decode(content, "t.csv", error=ClinicalError, **options)


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("utf-32", "utf-32"), ("cp1252", "cp1252"),
     ("latin-1", "cp1252")],
)  # fmt: skip
def test_one_text_in_every_encoding_is_the_same_text_and_the_encoding_is_told(encoding, told):
    assert text_of(GERMAN.encode(encoding), western=True) == (GERMAN, told)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("病人,年龄\n甲,60\n", "gb18030"), ("a,性别\nb,男\n", "gb18030"), ("имя,возраст\n", "cp1251"),
     ("名前,年齢\n", "shift_jis"), ("όνομα,a\n", "iso8859-7")],
)  # fmt: skip
def test_other_old_encodings_are_asked_for_and_read_once_they_are_named(text, encoding):
    content = text.encode(encoding)
    with pytest.raises(ClinicalError, match=r"line 1 is in another encoding.*State encoding in the mapping"):
        text_of(content, western=True)
    assert text_of(content, encoding=encoding)[0] == text


def test_a_single_chinese_sign_is_not_taken_for_two_western_letters():
    # In GB 18030 the sign for "male" is the bytes of "ÄÐ".
    assert not is_western("id,性别\nP1,男\n".encode("gb18030"))
    assert not is_western("id,sex\nP1,男\n".encode("gb18030"))
    assert is_western("id,Größe\nP1,ä\n".encode("cp1252"))


def test_without_leave_only_utf_8_is_read_and_a_named_encoding_must_fit_and_exist():
    with pytest.raises(ClinicalError, match="is not UTF-8: line 2"):
        text_of("a,b\nMüller,1\n".encode("cp1252"))
    with pytest.raises(ClinicalError, match="is not UTF-8: line 1"):
        text_of(GERMAN.encode("cp1252"), encoding="utf-8", western=True)
    for wrong in ("klingon", "base64"):
        with pytest.raises(ClinicalError, match="no text encoding"):
            text_of(b"a,b\n", encoding=wrong)


def test_a_byte_order_mark_wins_over_what_is_said():
    assert text_of(GERMAN.encode("utf-16"), encoding="cp1252") == (GERMAN, "utf-16")


def test_a_file_of_two_gigabytes_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.write(b"case_id,age\n")
        file.truncate(2_000_000_000)  # sparse: it takes no room on the disk, and reading it would take that of memory
    with pytest.raises(ClinicalError, match=r"big\.csv has 2,000 MB and is larger than 500 MB") as caught:
        read_packed(path, error=ClinicalError)
    assert "SURVDASH_MAX_TABLE_MB" in caught.value.hint


@pytest.mark.usefixtures("small_limit")
def test_a_bomb_is_stopped_at_the_limit():
    bomb = gzip.compress(b"0,0\n" * 5_000_000)
    with pytest.raises(ClinicalError, match=r"larger than 0\.1 MB"):
        unpack(bomb, "t.gz", error=ClinicalError)


def test_only_a_workbook_is_one():
    assert not is_workbook(b"PK\x03\x04 no zip")
    assert not is_workbook(b"a,b\n")
