"""Strokes drawn on real tissue, and real tissue without any."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from survdash.slide.ink import DENSITY, _colours, find_ink
from survdash.slide.reader import open_slide
from survdash.slide.tiles import lay_grid
from survdash.slide.tissue import TissueRule, find_tissue

CLEAN = ("TCGA-CR-7395-01A-01-TS1.svs", "histoprep_slide.jpeg", "histoprep_tma_spots.jpeg", "tcga_lgg_region.png")
GREEN, BLUE, BLACK, RED, VIOLET = (0, 130, 70), (25, 50, 160), (15, 15, 20), (200, 30, 45), (60, 50, 160)
UM_PER_PX = 1.0


@pytest.fixture(scope="module")
def tissue(shared: Path) -> np.ndarray:
    """A section as a picture of 1,250 x 1,250 px, read as 1 um per pixel."""
    with open_slide(shared / "slides" / "histoprep_slide.jpeg", mpp=0.5) as slide:
        return slide.thumbnail(1250)


def _draw(view: np.ndarray, colour: tuple[int, int, int], width: int, opacity: float) -> tuple[np.ndarray, np.ndarray]:
    stroke = np.zeros(view.shape[:2], np.uint8)
    cv2.line(stroke, (-50, 300), (1300, 900), 1, width)
    mixed = (1 - opacity) * view + opacity * np.array(colour)
    return np.where(stroke[..., None] > 0, mixed, view).astype(np.uint8), stroke > 0


@pytest.mark.parametrize("colour", [GREEN, BLUE, BLACK])
def test_thick_strokes_are_found_and_little_beside_them(tissue: np.ndarray, colour: tuple[int, int, int]) -> None:
    drawn, stroke = _draw(tissue, colour, 300, 0.9)
    ink = find_ink(drawn, um_per_px=UM_PER_PX)
    assert ink.thick[stroke].mean() > 0.99
    # A rim of at most 56 um: 24 um by growing, two blurs of 16 um by sight.
    around = cv2.dilate(stroke.astype(np.uint8), np.ones((113, 113), np.uint8)) > 0
    assert not ink.thick[~around].any()


def test_thin_ink_and_red_are_told_and_never_taken(tissue: np.ndarray) -> None:
    drawn, stroke = _draw(tissue, GREEN, 60, 0.9)
    ink = find_ink(drawn, um_per_px=UM_PER_PX)
    assert not ink.thick.any()
    assert ink.thin[stroke].mean() > 0.8
    drawn, stroke = _draw(tissue, RED, 300, 0.9)
    ink = find_ink(drawn, um_per_px=UM_PER_PX)
    assert not ink.thick.any()
    assert ink.red[stroke].mean() > 0.9


@pytest.mark.parametrize("name", CLEAN)
@pytest.mark.parametrize("mpp", [0.25, 0.5, 1.0, 4.0])
def test_clean_tissue_is_no_ink(shared: Path, name: str, mpp: float) -> None:
    """At any scale: dense nuclei, keratin, blood, glass."""
    with open_slide(shared / "slides" / name, mpp=mpp) as slide:
        view = slide.thumbnail(1024)
        ink = find_ink(view, um_per_px=mpp * slide.width / view.shape[1])
    assert not ink.thick.any()
    assert not ink.thin.any()
    assert not ink.red.any()


@pytest.mark.parametrize(
    ("colour", "opacity", "least"), [(VIOLET, 0.9, 0.85), (BLACK, 0.6, 0.7), ((45, 45, 55), 0.6, 0.7)]
)
def test_wide_violet_and_faint_strokes_are_told_and_never_taken(
    tissue: np.ndarray, colour: tuple[int, int, int], opacity: float, least: float
) -> None:
    drawn, stroke = _draw(tissue, colour, 400, opacity)
    ink = find_ink(drawn, um_per_px=UM_PER_PX)
    assert not ink.thick.any()
    assert ink.thin[stroke].mean() > least
    around = cv2.dilate(stroke.astype(np.uint8), np.ones((113, 113), np.uint8)) > 0
    assert not ink.thin[~around].any()


def test_real_margin_ink_is_told_and_keratin_beside_it_kept(shared: Path) -> None:
    with open_slide(shared / "slides" / "CMU-1-Small-Region.svs") as slide:
        grid = lay_grid(slide, find_tissue(slide))
        kept = lay_grid(slide, find_tissue(slide, TissueRule(exclude_ink=False)))
    assert grid.ink.thick == 0
    assert grid.ink.thin > 0
    assert (grid.coords == kept.coords).all()
    assert grid.ink.warnings == (f"Possible thin, faint or violet ink in {grid.ink.thin} tiles; not excluded.",)


def test_haematoxylin_and_eosin_of_any_strength_are_no_ink() -> None:
    """Pure stains by Ruifrok and Johnston's vectors, up to five times as dense as a usual section."""
    vectors = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11]])
    for share in np.linspace(0, 1, 11):
        for density in (0.1, 0.3, 0.6, 1.0, 1.5):
            colour = 245 * 10 ** (-density * (share * vectors[0] + (1 - share) * vectors[1]))
            view = np.full((200, 200, 3), 245, np.uint8)
            view[50:150, 50:150] = colour.round()
            ink = find_ink(view, um_per_px=8)
            assert not ink.thick.any(), (share, density)
            assert not ink.thin.any(), (share, density)


def test_tiles_under_ink_are_counted_and_the_switch_brings_them_back(tissue: np.ndarray, tmp_path: Path) -> None:
    drawn, stroke = _draw(tissue, BLACK, 300, 0.9)
    Image.fromarray(drawn).save(tmp_path / "inked.png")
    with open_slide(tmp_path / "inked.png", mpp=UM_PER_PX) as slide:
        without = lay_grid(slide, find_tissue(slide))
        kept_tissue = find_tissue(slide, TissueRule(exclude_ink=False))
        kept = lay_grid(slide, kept_tissue)
    with open_slide(tmp_path / "inked.png") as slide:
        assert find_tissue(slide).ink is None, "without a resolution ink cannot be judged"
    assert without.ink.excluded
    assert not kept.ink.excluded
    assert without.ink.thick > 10
    assert without.size + without.ink.thick == kept.size
    assert without.ink.warnings[0] == f"Possible ink, {without.ink.thick} tiles excluded."
    assert kept.ink.warnings[0] == f"Possible ink, {kept.ink.thick} tiles kept."
    for x, y in without.coords.tolist():
        assert stroke[y : y + 128, x : x + 128].mean() < 0.5
    assert kept_tissue.excluded is None


@pytest.mark.filterwarnings("error")
def test_a_picture_of_nothing_but_ink_is_all_thick() -> None:
    """No pixel without ink is left to measure a stroke's width from."""
    view = np.broadcast_to(np.array(GREEN, np.uint8), (300, 300, 3)).copy()
    assert find_ink(view, um_per_px=4.0).thick.all()


def test_tables_of_grey_levels_say_what_the_densities_say() -> None:
    """The rules as they read, in densities, on four million colours."""
    view = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3)).astype(np.uint8)
    view[:500] = view[:500] // 3
    red, green, blue = np.moveaxis(DENSITY[view], 2, 0)
    top, low = np.max([red, green, blue], axis=0), np.min([red, green, blue], axis=0)
    blueish = (red > 0.5) & (red > 1.08 * green)
    black = (low > 0.55) & (low > 0.6 * top)
    cool, core, redish, faint = _colours(view)
    violet = (red > 0.35) & (red > 0.75 * green) & (blue < 0.36 * green)
    assert (faint == (violet | ((low > 0.25) & (low > 0.65 * top)))).all()
    assert (cool == (((top > 0.10) & (red > 1.15 * green + 0.03)) | blueish | black)).all()
    assert (core == (((red > 1.3 * green + 0.05) & (top > 0.30)) | blueish | black)).all()
    assert (redish == ((green > 0.45) & (blue > 0.7 * green) & (red < 0.35 * green))).all()
