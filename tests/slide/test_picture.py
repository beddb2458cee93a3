"""Plain pictures: as they are, white where transparent, refused before they fill the memory."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from survdash.errors import SlideError
from survdash.slide.reader import open_slide


def test_dots_per_inch_of_a_png_are_no_resolution(picture: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.fromarray(picture).save(path, dpi=(50_800, 50_800))
    with open_slide(path) as slide:
        assert slide.mpp is None


@pytest.mark.parametrize("name", ["picture.png", "picture.tif"])
def test_a_plain_picture_reads_as_it_is(picture: np.ndarray, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Image.fromarray(picture).save(path)
    with open_slide(path, mpp=0.5) as slide:
        assert (slide.width, slide.height) == (2048, 1536)
        tile = slide.read_tile(512, 256, level0_px=256, tile_px=256)
        with pytest.raises(SlideError, match="no part"):
            slide.read_tile(2000, 0, level0_px=256, tile_px=256)
    np.testing.assert_array_equal(tile, picture[256:512, 512:768])


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    pixels = np.zeros((300, 300, 4), np.uint8)  # transparent black, as outside the scanned area
    pixels[:, 150:] = (200, 100, 150, 255)
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path)
    with open_slide(path, mpp=0.5) as slide:
        view = slide.thumbnail(300)
    assert (view[:, :150] == 255).all()
    assert (view[:, 150:] == (200, 100, 150)).all()


def _png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize("side", [9_600, 60_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, side: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_png_header(side, side) + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT")))
    with pytest.raises(SlideError, match="million pixels"):
        open_slide(path)


def test_a_picture_of_sixteen_bits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(np.zeros((64, 64), np.uint16)).save(path)
    with pytest.raises(SlideError, match="8-bit"):
        open_slide(path)
