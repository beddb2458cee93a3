"""The outlines filled again give the mask, and are what RFC 7946 asks for."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from survdash.slide.geojson import outline_pieces, tissue_to_geojson, write_tissue_geojson
from survdash.slide.reader import open_slide
from survdash.slide.tissue import Tissue, find_tissue


def _area(ring: list) -> float:
    x, y = np.array(ring, float).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def _fill(rings: list, shape: tuple[int, int]) -> np.ndarray:
    """Pixels whose centre lies inside, counted by crossings to the left: no library's idea of an edge."""
    crossings = np.zeros((shape[0], shape[1] + 1), int)
    for ring in rings:
        for (x0, y0), (x1, y1) in pairwise(ring):
            if x0 == x1:
                crossings[min(y0, y1) : max(y0, y1), x0] += 1
    return np.cumsum(crossings, axis=1)[:, :-1] % 2 == 1


def _check(mask: np.ndarray) -> None:
    pieces = outline_pieces(mask)
    assert len(pieces) == cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[0] - 1
    filled = [_fill(rings, mask.shape) for rings in pieces]
    assert (np.sum(filled, axis=0) == mask).all() if pieces else not mask.any()
    for rings, pixels in zip(pieces, filled, strict=True):
        assert _area(rings[0]) > 0
        assert all(_area(hole) < 0 for hole in rings[1:])
        assert sum(map(_area, rings)) == pixels.sum()
        for ring in rings:
            assert len(ring) >= 5
            assert ring[0] == ring[-1]
            assert len(set(ring[:-1])) == len(ring) - 1, "a ring that touches itself is not valid"


@settings(deadline=None, max_examples=200)
@given(height=st.integers(1, 14), width=st.integers(1, 14), share=st.floats(0, 1), seed=st.integers(0, 2**32 - 1))
def test_noise_comes_back(height: int, width: int, share: float, seed: int) -> None:
    _check(np.random.default_rng(seed).random((height, width)) < share)


def test_corners_that_touch_are_cut_apart() -> None:
    _check(np.eye(3, dtype=bool))
    ring = np.ones((4, 4), bool)
    ring[1, 1] = ring[2, 2] = False  # two holes that touch each other by a corner
    _check(ring)
    pinched = np.ones((3, 3), bool)
    pinched[0, 0] = pinched[1, 1] = False  # a hole that touches the outside by a corner
    _check(pinched)


def test_a_real_slide_comes_back_in_level_0_pixels(shared: Path, tmp_path: Path) -> None:
    with open_slide(shared / "slides" / "CMU-1-Small-Region.svs") as slide:
        tissue = find_tissue(slide)
        write_tissue_geojson(tissue, slide, tmp_path / "tissue.geojson")
        size = (slide.height, slide.width)
    made = json.loads((tmp_path / "tissue.geojson").read_text())
    assert set(made) == {"type", "features"}
    assert made["type"] == "FeatureCollection"
    canvas = Image.new("1", (size[1], size[0]))
    from PIL import ImageDraw

    draw = ImageDraw.Draw(canvas)
    for feature in made["features"]:
        assert feature["type"] == "Feature"
        assert feature["geometry"]["type"] == "Polygon"
        assert feature["properties"]["objectType"] == "annotation"
        assert feature["properties"]["classification"]["name"] == "Tissue"
        for ring, colour in zip(feature["geometry"]["coordinates"], [1, *[0] * 999], strict=False):
            draw.polygon([tuple(point) for point in ring], fill=colour)
    truth = cv2.resize(tissue.mask.astype(np.uint8), (size[1], size[0]), interpolation=cv2.INTER_NEAREST) > 0
    # Pillow paints the rim too: half a pixel along outlines of about 30,000 px in a picture of 6.6 million.
    assert np.mean(np.asarray(canvas) != truth) < 0.01


def test_excluded_ink_has_a_class_of_its_own(shared: Path) -> None:
    mask = np.zeros((8, 8), bool)
    mask[:, :4] = True
    tissue = Tissue(mask=mask, downsample=1, fraction=0.5, threshold=20, excluded=~mask)
    with open_slide(shared / "slides" / "tcga_lgg_region.png", mpp=0.5) as slide:
        made = tissue_to_geojson(tissue, slide)["features"]
    assert isinstance(made, list)
    assert [one["properties"]["classification"]["name"] for one in made] == ["Tissue", "Possible ink"]
    assert made[0]["geometry"]["coordinates"] == [[[0, 0], [512, 0], [512, 1024], [0, 1024], [0, 0]]]


def test_no_tissue_is_an_empty_collection() -> None:
    assert outline_pieces(np.zeros((4, 4), bool)) == []


@pytest.mark.parametrize("side", [400])
def test_many_pieces_are_quick(side: int) -> None:
    checkers = np.indices((side, side)).sum(axis=0) % 2 == 0
    assert len(outline_pieces(checkers)) == side * side // 2
