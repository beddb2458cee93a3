"""Blur lowers the measure; a blurred slide is told from a sharp one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.signal import convolve2d

from survdash.errors import InputError
from survdash.slide.focus import blurred_share, measure_focus, measure_grid_focus
from survdash.slide.reader import open_slide
from survdash.slide.tiles import lay_grid
from survdash.slide.tissue import find_tissue


@pytest.mark.parametrize("name", ["CMU-1-Small-Region.svs", "histoprep_slide.jpeg", "tcga_lgg_region.png"])
def test_more_blur_is_less_focus(shared: Path, name: str) -> None:
    with open_slide(shared / "slides" / name, mpp=0.5) as slide:
        grid = lay_grid(slide, find_tissue(slide))
        for x, y in grid.coords[::10].tolist():
            tile = slide.read_tile(x, y, level0_px=256, tile_px=256)
            blurred = [cv2.GaussianBlur(tile, (0, 0), sigma) for sigma in (0.6, 0.9, 1.3, 2.0, 3.0)]
            found = [measure_focus(one) for one in (tile, *blurred)]
            assert found == sorted(found, reverse=True)


def test_it_is_the_variance_of_the_laplacian_of_luminance() -> None:
    tile = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    luminance = np.round(tile @ np.array([0.299, 0.587, 0.114]))  # ITU-R BT.601
    mirrored = np.pad(luminance, 1, mode="reflect")
    truth = convolve2d(mirrored, [[0, 1, 0], [1, -4, 1], [0, 1, 0]], mode="valid").var()
    # OpenCV rounds luminance in integer arithmetic; a step of one grey level here and there.
    assert measure_focus(tile) == pytest.approx(truth, rel=0.001)
    assert measure_focus(np.full((8, 8, 3), 77, np.uint8)) == 0


def test_share_of_blurred_tiles_of_a_sharp_and_a_blurred_slide(shared: Path, tmp_path: Path) -> None:
    with open_slide(shared / "slides" / "histoprep_slide.jpeg", mpp=0.5) as slide:
        grid = lay_grid(slide, find_tissue(slide))
        sharp = measure_grid_focus(slide, grid)
        pixels = slide.thumbnail(2500).copy()
    pixels[:, 1280:] = cv2.GaussianBlur(pixels, (0, 0), 2)[:, 1280:]  # the right of five tiles from the left
    Image.fromarray(pixels).save(tmp_path / "blurred.png")
    with open_slide(tmp_path / "blurred.png", mpp=0.5) as slide:
        half = measure_grid_focus(slide, grid)
    assert sharp.shape == (grid.size,)
    assert blurred_share(sharp) == 0
    assert blurred_share(half) == pytest.approx((grid.coords[:, 0] >= 1280).mean())


def test_what_is_no_tile_is_refused() -> None:
    with pytest.raises(InputError):
        measure_focus(np.zeros((8, 8), np.uint8))
    with pytest.raises(InputError):
        measure_focus(np.zeros((8, 8, 3)))
