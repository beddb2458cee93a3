"""One parse of a TIFF file for all who ask while it is opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from survdash.slide.tiff_file import WHAT_DAMAGED_TAGS_RAISE, open_tiff, parsed_once


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((32, 32, 3), np.uint8))
    return tmp_path / "a.tif"


def test_who_asks_within_gets_the_same_file_and_it_is_closed_after(path: Path, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((16, 16), np.uint8))
    with parsed_once(path):
        with open_tiff(path) as first, open_tiff(tmp_path / "b.tif") as other:
            assert other.pages[0].imagewidth == 16
        with open_tiff(path) as second:
            assert second is first
        assert not first.filehandle.closed
    assert first.filehandle.closed
    with open_tiff(path) as third:
        assert third is not first


def test_a_file_that_changed_is_parsed_anew_after_the_block(path: Path) -> None:
    with parsed_once(path), open_tiff(path) as file:
        assert file.pages[0].imagewidth == 32
    tifffile.imwrite(path, np.zeros((8, 8), np.uint8))
    with parsed_once(path), open_tiff(path) as file:
        assert file.pages[0].imagewidth == 8


def test_what_is_no_tiff_fails_where_it_is_asked(tmp_path: Path) -> None:
    (tmp_path / "c.tif").write_bytes(b"no TIFF at all")
    with parsed_once(tmp_path / "c.tif"):
        for _ in range(2):
            with pytest.raises(WHAT_DAMAGED_TAGS_RAISE), open_tiff(tmp_path / "c.tif"):
                pass
