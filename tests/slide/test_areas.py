"""Areas drawn by hand: as QuPath and survdash write them, and as an enemy would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from survdash.errors import SlideError
from survdash.slide.areas import MAX_BYTES, read_areas
from survdash.slide.geojson import write_tissue_geojson
from survdash.slide.reader import open_slide
from survdash.slide.rules import TissueRule
from survdash.slide.tiles import lay_grid
from survdash.slide.tissue import find_tissue

SQUARE = [[0, 0], [512, 0], [512, 512], [0, 512], [0, 0]]


def feature(rings: Any, name: Any = "Tissue", kind: str = "Polygon") -> dict[str, Any]:
    return {
        "type": "Feature", "id": "any", "geometry": {"type": kind, "coordinates": rings},
        "properties": {"objectType": "annotation", "classification": {"name": name, "color": [0, 0, 0]}},
    }  # fmt: skip


def write(folder: Path, content: Any) -> Path:
    path = folder / "areas.geojson"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_what_survdash_writes_reads_back_as_the_same_mask(shared: Path, tmp_path: Path) -> None:
    with open_slide(shared / "slides" / "CMU-1-Small-Region.svs") as slide:
        tissue = find_tissue(slide, TissueRule(view_px=512))
        write_tissue_geojson(tissue, slide, tmp_path / "tissue.geojson")
        added, removed = read_areas(tmp_path / "tissue.geojson").masks(tissue.mask.shape, (slide.width, slide.height))
    np.testing.assert_array_equal(added, tissue.mask)
    assert not removed.any()


def test_areas_add_and_take_away_and_go_before_what_was_found(picture: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(picture).save(tmp_path / "slide.png")
    areas = [feature([[[1536, 1024], [2048, 1024], [2048, 1536], [1536, 1536]]]), feature([SQUARE], "Tissue"),
             feature([[[512, 512], [1024, 512], [1024, 1024], [512, 1024]]], "Ignore*")]  # fmt: skip
    drawn = read_areas(write(tmp_path, {"type": "FeatureCollection", "features": areas}))
    with open_slide(tmp_path / "slide.png", mpp=0.5) as slide:
        found = find_tissue(slide, areas=drawn)
        before, grid = lay_grid(slide, find_tissue(slide)), lay_grid(slide, found)
    assert found.mask[:512, :512].all(), "white glass, added by hand"
    assert not found.mask[512:1024, 512:1024].any()
    theirs = set(map(tuple, before.coords.tolist()))
    ours = set(map(tuple, grid.coords.tolist()))
    assert ours - theirs >= {(1536, 1024), (1792, 1280), (0, 0)}
    assert grid.artefacts.added == len(ours - theirs)
    assert grid.artefacts.removed == len(theirs - ours) == 3  # the fourth is mostly the hole
    assert "drawn by hand" in grid.warnings[-1]


def test_what_is_both_added_and_taken_away_is_taken_away(tmp_path: Path) -> None:
    path = write(tmp_path, [feature([SQUARE]), feature([SQUARE], "Ink")])
    added, removed = read_areas(path).masks((64, 64), (1024, 1024))
    assert not added.any()
    assert removed[:32, :32].all()
    assert removed.sum() == 32 * 32


def test_holes_and_many_polygons(tmp_path: Path) -> None:
    hole = [[128, 128], [256, 128], [256, 256], [128, 256], [128, 128]]
    far = [[[768, 768], [1024, 768], [1024, 1024], [768, 1024]]]
    added, _ = read_areas(write(tmp_path, feature([[SQUARE, hole], far], kind="MultiPolygon"))).masks(
        (64, 64), (1024, 1024)
    )
    expected = np.zeros((64, 64), bool)
    expected[:32, :32] = True
    expected[8:16, 8:16] = False
    expected[48:, 48:] = True
    np.testing.assert_array_equal(added, expected)


@given(st.lists(st.tuples(st.floats(-20, 83), st.floats(-20, 83)), min_size=3, max_size=3))
def test_a_triangle_holds_the_pixels_on_the_inner_side_of_its_three_edges(corners: list[tuple[float, float]]) -> None:
    from survdash.slide.areas import _fill

    (ax, ay), (bx, by), (cx, cy) = corners
    if max(ax, bx, cx) <= 0 or max(ay, by, cy) <= 0 or min(ax, bx, cx) >= 64 or min(ay, by, cy) >= 64:
        return  # outside altogether: refused before anything is filled
    at = np.array(corners)
    ours = _fill([np.concatenate([at, np.roll(at, -1, axis=0)], axis=1)], (64, 64))
    y, x = np.mgrid[0:64, 0:64] + 0.5
    sides = np.stack([
        (x - ax) * (by - ay) - (y - ay) * (bx - ax), (x - bx) * (cy - by) - (y - by) * (cx - bx),
        (x - cx) * (ay - cy) - (y - cy) * (ax - cx),
    ])  # fmt: skip
    clear = (np.abs(sides) > 1e-6).all(axis=0)  # a centre on an edge may fall to either side
    inside = (sides > 0).all(axis=0) | (sides < 0).all(axis=0)
    np.testing.assert_array_equal(ours[clear], inside[clear])


def test_a_class_that_says_nothing_of_tissue_is_refused(tmp_path: Path) -> None:
    for name in ("Tumor", "", None, 3, "x" * 10_000):
        with pytest.raises(SlideError, match="says neither tissue nor what to leave out") as caught:
            read_areas(write(tmp_path, feature([SQUARE], name)))
        assert len(caught.value.message) < 200
        assert "Ignore" in caught.value.hint


POINTS = [[float(x % 7), float(x % 5)] for x in range(300_001)]
DEEP = "[" * 200_000 + "]" * 200_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no GeoJSON"),
        ("not json", "no GeoJSON"),
        (DEEP, "no GeoJSON"),
        ('{"type": "FeatureCollection", "features": 3}', "no GeoJSON of features"),
        ({"type": "FeatureCollection", "features": []}, "no areas"),
        ([3], "no GeoJSON of features"),
        (feature([SQUARE], kind="LineString"), "no polygon"),
        (feature([]), "no polygon"),
        ({**feature([]), "geometry": None}, "no polygon"),
        (feature([[[0, 0], [1, 1]]]), "three points"),
        (feature([[[0, 0], [1, 1], ["a", 2]]]), "three points"),
        (feature([[[0, 0], [1, 1], [True, 2]]]), "three points"),
        (feature([[[0, 0], [1, 1], [2]]]), "three points"),
        (json.dumps(feature([[[0, 0], [1, 1], [0, 3]]])).replace("3", "NaN"), "no coordinate"),
        (json.dumps(feature([[[0, 0], [1, 1], [0, 3]]])).replace("3", "1e999"), "three points"),
        (json.dumps(feature([[[0, 0], [1, 1], [0, 3]]])).replace("3", "9" * 5000), "no GeoJSON|three points"),
        (feature([POINTS]), "more than 300,000 points"),
    ],
)
def test_what_is_no_area_is_refused_by_name(tmp_path: Path, content: Any, words: str) -> None:
    with pytest.raises(SlideError, match=words) as caught:
        read_areas(write(tmp_path, content))
    assert caught.value.message.startswith("areas.geojson")
    assert len(caught.value.message) < 300


def test_a_file_too_large_is_not_read_and_a_missing_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "areas.geojson"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(SlideError, match="larger than 20 MB"):
        read_areas(path)
    with pytest.raises(SlideError, match="cannot be read"):
        read_areas(tmp_path / "none.geojson")


@pytest.mark.parametrize(
    "ring", [[[2000, 0], [2100, 0], [2100, 90]], [[-90, 5], [-5, 5], [-5, 50]], [[0, 0], [1e8, 0], [0, 1e8]]]
)
def test_areas_of_another_slide_are_refused(tmp_path: Path, ring: list) -> None:
    areas = read_areas(write(tmp_path, feature([ring])))
    with pytest.raises(SlideError, match="outside the slide of 1,024 x 1,024 px"):
        areas.masks((64, 64), (1024, 1024))


def test_areas_made_to_take_long_are_refused(tmp_path: Path) -> None:
    whole = [[0, 0], [1024, 0], [0, 1024]]
    areas = read_areas(write(tmp_path, [feature([whole]) for _ in range(500)]))
    with pytest.raises(SlideError, match="cover the slide 500 times"):
        areas.masks((2048, 2048), (1024, 1024))
