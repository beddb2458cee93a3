"""The overlay draws on the rim of the tissue and leaves the rest alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from survdash.slide.overlay import INK, OUTLINE, TILE, draw_overlay
from survdash.slide.reader import Slide, open_slide
from survdash.slide.tiles import TileRule, lay_grid
from survdash.slide.tissue import judge_tissue, take_view


@pytest.fixture
def slide(picture: np.ndarray, tmp_path: Path) -> Slide:
    path = tmp_path / "picture.png"
    Image.fromarray(picture).save(path)
    return open_slide(path, mpp=0.5)


def test_the_outline_runs_along_the_tissue(slide: Slide) -> None:
    view = take_view(slide)
    plain, drawn = slide.thumbnail(1024), draw_overlay(view, judge_tissue(view), legend=False)
    assert drawn.shape == plain.shape == (768, 1024, 3)
    changed = (drawn != plain).any(axis=2)
    row = changed[380]  # through the middle: into the ellipse, into the hole, out of the hole, out
    starts = np.flatnonzero(np.diff(row.astype(int), prepend=0) == 1)
    # Centre 900, half axis 620, hole 150, halved; lines are 2 px wide and smoothed.
    np.testing.assert_allclose(starts, [140, 375, 525, 760], atol=4)
    assert not changed[:, 800:].any()
    assert (drawn[changed] == OUTLINE).all(axis=1).any()


def test_tiles_are_squares_and_tints_when_too_small(slide: Slide) -> None:
    view = take_view(slide)
    tissue = judge_tissue(view)
    squares = draw_overlay(view, tissue, lay_grid(slide, tissue))
    assert ((squares == TILE).all(axis=2)).sum() > 100
    tints = draw_overlay(view, tissue, lay_grid(slide, tissue, TileRule(tile_px=16)), max_px=512, legend=False)
    plain = draw_overlay(view, tissue, max_px=512, legend=False)
    assert not ((tints == TILE).all(axis=2)).any()
    assert (tints != plain).any(axis=2).mean() == pytest.approx(tissue.fraction, abs=0.05)


def test_excluded_ink_is_outlined_in_its_own_colour(picture: np.ndarray, tmp_path: Path) -> None:
    picture[600:900] = (0, 130, 70)
    Image.fromarray(picture).save(tmp_path / "inked.png")
    with open_slide(tmp_path / "inked.png", mpp=1.0) as slide:
        view = take_view(slide)
    drawn = draw_overlay(view, judge_tissue(view), legend=False)
    rows = np.flatnonzero((drawn == INK).all(axis=2).any(axis=1))
    # The stroke reaches from 300 to 450 at this size; up to 56 px of rim are excluded with it, 28 here.
    assert 270 <= rows.min() <= 300
    assert 450 <= rows.max() <= 480
