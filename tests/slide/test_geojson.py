"""The outlines filled again give the mask, and are what RFC 7946 asks for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import geojson
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from survdash.slide.areas import read_areas
from survdash.slide.geojson import outline_pieces, tissue_to_geojson, write_tissue_geojson
from survdash.slide.reader import open_slide
from survdash.slide.tissue import Tissue, TissueRule, find_tissue


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


def _judge(made: dict, mask: np.ndarray, scale: float) -> None:
    """By two libraries that know nothing of us: a geojson reader, and the geometry engine that QuPath has in Java."""
    collection = geojson.loads(json.dumps(made))
    assert isinstance(collection, geojson.FeatureCollection)
    assert collection.is_valid, collection.errors()
    pieces = [shapely.geometry.shape(feature.geometry) for feature in collection.features]
    for piece in pieces:
        assert piece.is_valid, shapely.validation.explain_validity(piece)
        assert piece.geom_type == "Polygon"
        assert piece.exterior.is_ccw  # RFC 7946, 3.1.6: by the numbers; on a screen, whose y points down, clockwise
        assert not any(hole.is_ccw for hole in piece.interiors)
        assert piece.exterior.is_closed
    whole = shapely.union_all(pieces)
    assert whole.area == pytest.approx(mask.sum() * scale**2, rel=1e-4, abs=1e-6)
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    inside = shapely.contains_xy(whole, (columns + 0.5) * scale, (rows + 0.5) * scale)
    np.testing.assert_array_equal(inside, mask)


@dataclass
class Glass:
    """All that the outlines ask of a slide."""

    width: int
    height: int


def _tissue(mask: np.ndarray) -> Tissue:
    return Tissue(mask=mask, downsample=1, fraction=float(mask.mean()), threshold=20)


@settings(deadline=None, max_examples=100)
@given(height=st.integers(1, 14), width=st.integers(1, 14), share=st.floats(0, 1), seed=st.integers(0, 2**32 - 1),
       scale=st.sampled_from([1, 7, 48.75]))  # fmt: skip
def test_others_find_every_polygon_valid(height: int, width: int, share: float, seed: int, scale: float) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < share
    slide = Glass(width=round(width * scale), height=round(height * scale))
    made = tissue_to_geojson(_tissue(mask), slide)  # type: ignore[arg-type]
    if slide.width == width * scale and slide.height == height * scale:
        _judge(made, mask, scale)
    else:  # pixels of the mask are no squares then
        assert all(shapely.geometry.shape(one["geometry"]).is_valid for one in made["features"])  # type: ignore[union-attr, attr-defined]


def test_other_programs_read_the_outlines_of_a_real_slide_and_so_do_we(shared: Path, tmp_path: Path) -> None:
    with open_slide(shared / "slides" / "CMU-1-Small-Region.svs") as slide:
        tissue = find_tissue(slide, TissueRule(view_px=512))
        write_tissue_geojson(tissue, slide, tmp_path / "tissue.geojson")
        size = (slide.width, slide.height)
    text = (tmp_path / "tissue.geojson").read_text()
    pieces = [shapely.geometry.shape(one["geometry"]) for one in json.loads(text)["features"]]
    assert geojson.loads(text).is_valid
    assert all(piece.is_valid and piece.exterior.is_ccw for piece in pieces)
    assert sum(len(piece.interiors) for piece in pieces) > 0
    area = size[0] * size[1] * tissue.fraction
    assert shapely.union_all(pieces).area == pytest.approx(area, rel=1e-4)
    added, removed = read_areas(tmp_path / "tissue.geojson").masks(tissue.mask.shape, size)
    np.testing.assert_array_equal(added, tissue.mask)
    assert not removed.any()


def test_each_feature_is_what_qupath_reads_of_one() -> None:
    """As QuPath's reader asks (qupath.lib.io, PathObjectTypeAdapter): kinds it does not know become annotations too."""
    mask = np.zeros((8, 8), bool)
    mask[2:6, 2:6] = True
    (made,) = tissue_to_geojson(_tissue(mask), Glass(8, 8))["features"]  # type: ignore[arg-type, misc]
    assert set(made) == {"type", "geometry", "properties"}  # an "id" would have to be a UUID
    assert made["properties"]["objectType"] == "annotation"
    kind = made["properties"]["classification"]
    assert set(kind) == {"name", "color"}
    assert isinstance(kind["name"], str)
    assert len(kind["color"]) == 3
    assert all(isinstance(value, int) and 0 <= value <= 255 for value in kind["color"])


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
