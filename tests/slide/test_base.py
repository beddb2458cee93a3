"""Tiles at any resolution and views of the whole, from any kind of slide."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from survdash.errors import Cancelled
from survdash.progress import Progress
from survdash.slide.reader import open_slide


def test_tiles_of_other_resolution_come_from_the_nearest_finer_level(picture, write_slide) -> None:
    rng = np.random.default_rng(0)
    noisy = np.clip(picture + rng.integers(-20, 20, picture.shape), 0, 255).astype(np.uint8)
    with open_slide(write_slide(noisy, levels=3)) as slide:
        assert slide.level_count == 3
        assert [slide.level_for(value) for value in (0.5, 1.0, 1.9, 2.0, 3.0, 4.0, 50.0)] == [0, 0, 0, 1, 1, 2, 2]
        half = slide.read_tile(256, 256, level0_px=512, tile_px=256)
        odd = slide.read_tile(256, 256, level0_px=384, tile_px=256)
    # The level was made by averaging 2 x 2 pixels, so reading it is the same as averaging here.
    square = noisy[256:768, 256:768]
    np.testing.assert_array_equal(half, cv2.resize(square, (256, 256), interpolation=cv2.INTER_AREA))
    np.testing.assert_array_equal(odd, cv2.resize(noisy[256:640, 256:640], (256, 256), interpolation=cv2.INTER_AREA))


def test_a_thumbnail_in_blocks_is_the_whole_picture(picture, write_slide, monkeypatch) -> None:
    path = write_slide(picture)
    with open_slide(path) as slide:
        whole, odd = slide.thumbnail(512), slide.thumbnail(700)
        monkeypatch.setattr("survdash.slide.base.BLOCK_PX", 300)
        seen: list[Progress] = []
        blocks = slide.thumbnail(512, report=seen.append)
        odd_blocks = slide.thumbnail(700)
    assert len(seen) > 10
    assert {step.step for step in seen} == {"Finding tissue"}
    np.testing.assert_array_equal(blocks, whole)  # the scale is whole (4), so blocks meet on pixel borders
    # At 2.93 the borders of blocks are up to half a level-0 pixel off: only pixels on an edge of the drawing notice.
    assert np.mean((odd_blocks != odd).any(axis=2)) < 0.02


def test_a_thumbnail_can_be_stopped(picture, write_slide) -> None:
    class Set:
        def is_set(self) -> bool:
            return True

    with open_slide(write_slide(picture)) as slide, pytest.raises(Cancelled):
        slide.thumbnail(512, cancel=Set())


def test_a_small_picture_is_not_enlarged(tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    Image.new("RGB", (1, 1)).save(path)
    with open_slide(path) as slide:
        assert slide.thumbnail(500).shape == (1, 1, 3)


def test_the_hash_is_that_of_the_bytes(picture, write_slide) -> None:
    with open_slide(write_slide(picture)) as one, open_slide(write_slide(picture, "copy.tiff")) as other:
        assert one.sha256 == other.sha256
        assert len(one.sha256) == 64
