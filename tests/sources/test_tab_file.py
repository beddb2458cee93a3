"""Tab-separated files: comments, gz, and every fault by its file and line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.errors import GeneError
from survdash.sources.tab_file import open_tab_file


def _read(path: Path) -> list[list[str]]:
    with open_tab_file(path, error=GeneError) as table:
        return [list(table.header), *(cells for _, cells in table.rows)]


def test_comments_and_packing_make_no_difference(tmp_path: Path) -> None:
    text = "#a comment\twith a tab\n# another\nx\ty\r\n1\t2\n\n3\t\n"
    plain, packed = tmp_path / "a.tsv", tmp_path / "b.txt"
    plain.write_bytes(b"\xef\xbb\xbf" + text.encode())
    packed.write_bytes(gzip.compress(text.encode(), mtime=0))  # whatever its name says
    assert _read(plain) == _read(packed) == [["x", "y"], ["1", "2"], ["3", ""]]
    with open_tab_file(plain, error=GeneError) as table:
        assert [number for number, _ in table.rows] == [4, 6]
        assert (table.place("Y"), table.place("none", "x"), table.place("none")) == (1, 0, None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"# only comments\n", "is empty"),
        (b"one column\n1\n", "no tab-separated table"),
        (b"x\ty\n1\t2\n3\n", "line 3 has 1 cells, the header 2"),
        (b"x\ty\n1\t2\t3\n", "line 2 has 3 cells"),
        (b"x\ty\n\xff\xfe\t2\n", "is not UTF-8: line 2"),
        (b"x\ty\n1\0\t2\n", "line 2 holds binary data"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "is a Git-LFS pointer"),
        (gzip.compress(b"x\ty\n1\t2\n" * 1000, mtime=0)[:-12], "is a damaged archive"),
        (b"\x1f\x8bnot gz at all", "is a damaged archive"),
    ],
)
def test_faults_are_named_by_file_and_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "table.txt"
    path.write_bytes(content)
    with pytest.raises(GeneError, match=words) as caught:
        _read(path)
    assert "table.txt" in caught.value.message


def test_a_pointer_says_how_the_table_is_fetched(tmp_path: Path) -> None:
    path = tmp_path / "blca_tcga" / "data_cna.txt"
    path.parent.mkdir()
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(GeneError) as caught:
        _read(path)
    assert "lfs pull" in caught.value.hint
    assert "blca_tcga" in caught.value.hint


def test_what_unpacks_to_more_than_the_limit_is_stopped(tmp_path: Path, small_limit: None) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"x\ty\n" + b"1\t2\n" * 100_000, mtime=0))
    with pytest.raises(GeneError, match=r"larger than 0\.1 MB"):
        _read(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(GeneError, match=r"no file 'none\.txt'"):
        _read(tmp_path / "none.txt")


@given(content=st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("random") / "a.tsv"
    path.write_bytes(content)
    try:
        rows = _read(path)
    except GeneError:
        return
    assert len({len(row) for row in rows}) == 1
