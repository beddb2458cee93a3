"""Every tile of every level, against the picture the slide was made from."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from survdash.errors import SlideError
from survdash.slide.deep_zoom import TILE_PX, Pyramid, ZoomSlide
from survdash.slide.reader import open_slide

# JPEG at 88 % of a blurred picture, in steps of 255 on average; another part of it differs by 40.
JPEG_STEPS = 3


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@given(st.integers(1, 200_000), st.integers(1, 200_000))
def test_tiles_of_each_level_cover_the_slide_once(width, height):
    pyramid = Pyramid(width, height)
    assert pyramid.size(pyramid.last_level) == (width, height)
    assert pyramid.size(0) == (1, 1)
    for level in (0, pyramid.last_level // 2, pyramid.last_level):
        across, down = pyramid.size(level)
        columns, rows = -(-across // TILE_PX), -(-down // TILE_PX)
        boxes = [pyramid.box(level, column, 0) for column in range(min(columns, 50))]
        ends = [box[0] + box[2] for box, _ in boxes]
        assert [box[0] for box, _ in boxes] == [0, *ends[:-1]]
        if columns <= 50:
            assert ends[-1] == width
        (box, _) = pyramid.box(level, 0, rows - 1)
        assert box[1] + box[3] == height
        for column, row in ((columns, 0), (0, rows), (10**9, 0), (-1, 0), (0, -1)):
            with pytest.raises(SlideError):
                pyramid.box(level, column, row)
    for level in (-1, pyramid.last_level + 1, 10**9):
        with pytest.raises(SlideError):
            pyramid.box(level, 0, 0)


@pytest.mark.parametrize("levels", [1, 3])
def test_a_tile_has_the_pixels_of_the_slide(picture, write_slide, levels):
    rng = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(rng.normal(size=picture.shape), (0, 0), 12)
    smooth = cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    zoom = ZoomSlide(open_slide(write_slide(smooth, levels=levels)))
    last = zoom.pyramid.last_level
    half = cv2.resize(smooth, (1024, 768), interpolation=cv2.INTER_AREA)
    for data, expected in (
        (zoom.tile(last, 1, 2), smooth[1024:1536, 512:1024]),
        (zoom.tile(last - 1, 1, 1), half[512:, 512:]),  # the rest of the last row
        (zoom.crop(100, 200, 256), smooth[200:456, 100:356]),
    ):
        found = decoded(data).astype(int)
        assert found.shape == expected.shape
        assert np.abs(found - expected).mean() < JPEG_STEPS
    zoom.close()


def test_a_slide_without_a_coarse_level_is_seen_through_its_overview(picture, write_slide, monkeypatch):
    path = write_slide(picture)
    direct = ZoomSlide(open_slide(path))
    level = direct.pyramid.last_level - 2
    expected = decoded(direct.tile(level, 0, 0)).astype(int)
    monkeypatch.setattr("survdash.slide.deep_zoom.MOST_SOURCE_PX", 1000)
    monkeypatch.setattr("survdash.slide.deep_zoom.OVERVIEW_PX", 1024)
    seen = decoded(ZoomSlide(open_slide(path)).tile(level, 0, 0)).astype(int)
    assert seen.shape == expected.shape
    assert np.abs(seen - expected).mean() < 2  # averaged in two steps instead of one


def test_what_lies_beyond_the_slide_or_is_too_large_is_refused(picture, write_slide):
    zoom = ZoomSlide(open_slide(write_slide(picture)))
    for x, y, side in ((-1, 0, 256), (2048, 0, 256), (0, 1536, 256), (0, 0, 0), (0, 0, 5000)):
        with pytest.raises(SlideError):
            zoom.crop(x, y, side)
    assert decoded(zoom.crop(2000, 1500, 256)).shape == (36, 48, 3)
    assert max(decoded(zoom.crop(0, 0, 2048)).shape) == 512


def test_only_the_scanned_area_is_shown(picture, write_slide, monkeypatch):
    """An MRXS counts from the corner of a far larger glass; the tiles begin where the scan does."""
    path = write_slide(picture)
    monkeypatch.setattr("survdash.slide.reader.scanned_area", lambda *_: (512, 256, 1024, 1024))
    zoom = ZoomSlide(open_slide(path))
    assert zoom.pyramid == Pyramid(1024, 1024)
    tile = decoded(zoom.tile(zoom.pyramid.last_level, 0, 1)).astype(int)
    assert np.abs(tile - picture[768:1280, 512:1024]).mean() < 1
