from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.errors import BagError
from survdash.numpy_stream import open_member, read_header, read_rows
from survdash.settings import settings


def stream(array: np.ndarray) -> io.BytesIO:
    file = io.BytesIO()
    np.save(file, array)
    file.seek(0)
    return file


@given(tiles=st.integers(0, 40), dim=st.integers(1, 5), rows=st.integers(1, 50), kind=st.sampled_from(["<f2", ">f4"]))
def test_blocks_of_rows_are_the_array_whatever_their_size(tiles, dim, rows, kind):
    array = np.arange(tiles * dim, dtype=kind).reshape(tiles, dim)
    for shape in (array, array[None]):
        blocks = list(read_rows(stream(shape), rows=rows))
        assert all(0 < len(block) <= rows for block in blocks)
        np.testing.assert_array_equal(np.concatenate([np.empty((0, dim)), *blocks]), array)


def test_a_shape_that_cannot_be_is_refused():
    content = stream(np.zeros((5, 4), "<f4")).getvalue().replace(b"(5, 4), }", b"(5,-4), }")
    with pytest.raises(BagError, match=r"cannot have the shape \(5, -4\)"):
        read_header(io.BytesIO(content))


def test_one_vector_is_one_row():
    (block,) = read_rows(stream(np.arange(4.0)), rows=2)
    np.testing.assert_array_equal(block, [[0, 1, 2, 3]])


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array([{}], dtype=object), "must hold plain numbers"),
        (np.arange(4), "must hold plain numbers"),
        (np.zeros(2, dtype=[("a", "f4")]), "must hold plain numbers"),
        (np.asfortranarray(np.ones((3, 2))), "column by column"),
    ],
)
def test_arrays_of_other_things_are_refused(array, said):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    file.seek(0)
    with pytest.raises(BagError, match=said):
        read_header(file)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"\x93NUMPY\x09\x00", b"\x93NUMPY\x01\x00\x04\x00{{{{", b"PK"])
def test_what_is_no_array_is_refused(content):
    with pytest.raises(BagError, match=r"no NumPy array|format 9\.0"):
        read_header(io.BytesIO(content))


def test_a_cut_off_array_says_where():
    whole = stream(np.ones((10, 4), np.float32)).getvalue()
    with pytest.raises(BagError, match="cut off at tile 8 of 10"):
        list(read_rows(io.BytesIO(whole[:-40]), rows=10))


def test_a_member_beyond_the_limit_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setenv("SURVDASH_MAX_SLIDE_GB", "0.0001")
    settings.cache_clear()
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("features.npy", stream(np.zeros((1000, 200))).getvalue())
    with (
        zipfile.ZipFile(tmp_path / "a.npz") as archive,
        pytest.raises(BagError, match=r"larger than 0\.0001 GB"),
        open_member(archive, "features.npy"),
    ):
        pass
