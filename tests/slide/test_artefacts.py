"""Rims drawn on real tissue, real folds, and real tissue without any."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from survdash.slide.areas import read_areas
from survdash.slide.artefacts import find_artefacts
from survdash.slide.reader import open_slide
from survdash.slide.tiles import TileRule, lay_grid
from survdash.slide.tissue import SlideView, TissueRule, judge_tissue, take_view

CLEAN = (
    "CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs", "histoprep_slide.jpeg", "histoprep_tma_spots.jpeg",
    "tcga_lgg_region.png",
)  # fmt: skip
UM_PER_PX = 2.0


@pytest.fixture(scope="module")
def tissue(shared: Path) -> np.ndarray:
    """A section as a picture of 1,250 x 1,250 px, read as 2 um per pixel: 2.5 mm wide."""
    with open_slide(shared / "slides" / "histoprep_slide.jpeg", mpp=0.5) as slide:
        return slide.thumbnail(1250).copy()


def _rim(view: np.ndarray, shape: str) -> tuple[np.ndarray, np.ndarray]:
    """A grey line of 60 um that lets a quarter of the light through, as a bubble's rim does."""
    stroke = np.zeros(view.shape[:2], np.uint8)
    if shape == "bubble":
        cv2.circle(stroke, (600, 600), 300, 1, 30)
    else:
        cv2.line(stroke, (200, -10), (230, 1260), 1, 30)
    return np.where(stroke[..., None] > 0, 55 + view // 20, view).astype(np.uint8), stroke > 0


@pytest.mark.parametrize("shape", ["bubble", "coverslip"])
def test_rims_are_found_and_little_beside_them(tissue: np.ndarray, shape: str) -> None:
    drawn, stroke = _rim(tissue, shape)
    found = find_artefacts(drawn, np.ones(stroke.shape, bool), um_per_px=UM_PER_PX)
    assert found.edges[stroke].mean() > 0.95
    around = cv2.dilate(stroke.astype(np.uint8), np.ones((33, 33), np.uint8)) > 0  # 32 um: two coarse pixels, two blurs
    assert not found.edges[~around].any()


@pytest.mark.parametrize("name", CLEAN)
@pytest.mark.parametrize("mpp", [0.25, 0.5, 1.0, 4.0])
def test_clean_tissue_has_no_rims(shared: Path, name: str, mpp: float) -> None:
    """At any scale: haematoxylin, keratin, pale stroma, glass."""
    with open_slide(shared / "slides" / name, mpp=mpp) as slide:
        tissue = judge_tissue(take_view(slide, 1024), TissueRule(view_px=1024))
    assert tissue.artefacts is not None
    assert not tissue.artefacts.edges.any()
    assert tissue.left_out is None


def test_the_turned_over_rims_of_a_frozen_section_are_told_and_kept(shared: Path) -> None:
    """At the scale that its nuclei suggest; looked at: dark rims above, left, right and below, two spots inside."""
    with open_slide(shared / "slides" / "TCGA-CR-7395-01A-01-TS1.svs", mpp=2.0) as slide:
        view = take_view(slide)
    told = judge_tissue(view)
    assert told.artefacts is not None
    folds = told.artefacts.folds
    height, width = folds.shape
    inner = np.s_[height // 3 : 2 * height // 3, width // 3 : width // 2]
    assert 0.005 < folds.mean() < 0.03
    assert folds[inner].mean() < folds.mean() / 2
    kept = lay_grid(view, told)
    assert kept.artefacts.folds > 50
    assert any("Possible tissue folds" in words and "not excluded" in words for words in kept.warnings)


def test_keratin_may_be_a_fold_and_stays(shared: Path) -> None:
    with open_slide(shared / "slides" / "CMU-1-Small-Region.svs") as slide:
        view = take_view(slide)
    tissue = judge_tissue(view)
    assert tissue.artefacts is not None
    assert tissue.artefacts.folds.any()
    grid = lay_grid(view, tissue)
    assert (grid.size, grid.artefacts.folded) == (33, 0)


@pytest.mark.parametrize(("name", "mpp"), list(zip(CLEAN, (0.5, 2.0, 4.0, 8.0, 0.5), strict=True)))
def test_the_strict_rule_takes_hardly_a_tile_of_tissue_without_folds(shared: Path, name: str, mpp: float) -> None:
    """Each at a scale that its nuclei or cores suggest."""
    with open_slide(shared / "slides" / name, mpp=mpp) as slide:
        view = take_view(slide)
    for strength in (0.6, 1.0, 1.5):
        stained = (245 * (view.pixels / 245.0) ** strength).clip(0, 255).astype(np.uint8)
        again = replace(view, pixels=stained)
        grid = lay_grid(again, judge_tissue(again, TissueRule(exclude_ink=False)), TileRule(most_enlarged=16))
        assert grid.artefacts.folded <= 0.005 * grid.size


@pytest.fixture(scope="module")
def folded(tissue: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The section with a fold of 100 um across it: the tissue twice as dense."""
    stroke = np.zeros(tissue.shape[:2], np.uint8)
    cv2.line(stroke, (300, 640), (950, 700), 1, 50)
    twice = tissue.astype(float) ** 2 / 245
    return np.where(stroke[..., None] > 0, twice, tissue).astype(np.uint8), stroke > 0


def test_tiles_that_are_mostly_fold_are_left_out_and_the_switch_brings_them_back(
    folded: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    pixels, fold = folded
    Image.fromarray(pixels).save(tmp_path / "fold.png")
    rule = TileRule(tile_px=32, target_mpp=2.0)
    with open_slide(tmp_path / "fold.png", mpp=UM_PER_PX) as slide:
        view = take_view(slide)
    without = lay_grid(view, judge_tissue(view), rule)
    kept = lay_grid(view, judge_tissue(view, TissueRule(exclude_folds=False)), rule)
    assert without.artefacts.folded >= 5
    assert without.artefacts.folded_excluded
    assert not kept.artefacts.folded_excluded
    assert without.artefacts.folded == kept.artefacts.folded == kept.size - without.size
    assert f"Mostly tissue fold, {without.artefacts.folded} tiles excluded." in without.warnings
    gone = set(map(tuple, kept.coords.tolist())) - set(map(tuple, without.coords.tolist()))
    for x, y in gone:  # each lies on the fold that was made
        assert fold[y : y + 32, x : x + 32].mean() > 0.4
    # What the user calls tissue stays.
    ring = [[0, 0], [1250, 0], [1250, 1250], [0, 1250], [0, 0]]
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]},
               "properties": {"classification": {"name": "Tissue"}}}  # fmt: skip
    (tmp_path / "mask.geojson").write_text(json.dumps(feature))
    drawn = lay_grid(view, judge_tissue(view, areas=read_areas(tmp_path / "mask.geojson")), rule)
    assert gone <= set(map(tuple, drawn.coords.tolist()))


def test_tiles_under_rims_are_counted_and_the_switch_brings_them_back(tissue: np.ndarray, tmp_path: Path) -> None:
    stroke = np.zeros(tissue.shape[:2], np.uint8)
    cv2.line(stroke, (-10, 80), (1260, 80), 1, 30)
    tinted = np.array((60, 58, 66))  # a rim without any tint is below the threshold of tissue anyway
    Image.fromarray(np.where(stroke[..., None] > 0, tinted, tissue).astype(np.uint8)).save(tmp_path / "edge.png")
    rule = TileRule(tile_px=16, target_mpp=2.0)  # smaller than the rim is wide
    with open_slide(tmp_path / "edge.png", mpp=UM_PER_PX) as slide:
        view = take_view(slide)
    without = lay_grid(view, judge_tissue(view), rule)
    kept = lay_grid(view, judge_tissue(view, TissueRule(exclude_edges=False)), rule)
    assert without.artefacts.edges_excluded
    assert not kept.artefacts.edges_excluded
    assert without.artefacts.edges > 50
    assert without.size + without.artefacts.edges == kept.size
    assert any("excluded." in words and "coverslip" in words for words in without.warnings)


def test_bare_glass_has_no_artefacts() -> None:
    glass = np.full((300, 300, 3), 243, np.uint8)
    found = find_artefacts(glass, np.zeros((300, 300), bool), um_per_px=8.0)
    assert not found.edges.any()
    assert not found.folds.any()
    assert not found.doubled.any()


@pytest.mark.parametrize(("mpp", "told"), [(4.0, False), (24.0, True)])
def test_where_the_view_is_too_coarse_for_folds_that_is_told(tissue: np.ndarray, mpp: float, told: bool) -> None:
    height, width = tissue.shape[:2]
    view = SlideView(pixels=tissue, path=Path("wide.tiff"), width=width, height=height, mpp=mpp)
    grid = lay_grid(view, judge_tissue(view), TileRule(tile_px=64, target_mpp=min(mpp, 20.0)))
    assert grid.artefacts.folds_unjudged == told
    assert any("Folds were not looked for" in words for words in grid.warnings) == told
