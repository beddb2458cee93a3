"""Tissue on made pictures, where the truth is known, and on real ones, where it was looked at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from survdash.errors import InputError
from survdash.slide.reader import open_slide
from survdash.slide.tiles import TileRule, lay_grid
from survdash.slide.tissue import SlideView, TissueRule, find_tissue, judge_tissue


def _open(pixels: np.ndarray, folder: Path):
    path = folder / "picture.png"
    Image.fromarray(pixels).save(path)
    return open_slide(path, mpp=0.5)


def test_an_ellipse_with_a_hole_is_found_and_dust_is_not(picture: np.ndarray, tmp_path: Path) -> None:
    with _open(picture, tmp_path) as slide:
        tissue = find_tissue(slide)
    truth = (picture[..., 1] < 200) & (np.arange(2048) < 1800)
    assert tissue.mask.shape == truth.shape
    assert tissue.downsample == 1.0
    assert not tissue.mask[760, 900]
    assert not tissue.mask[:200, 1800:].any()
    # Median and closing round the two rims, about 4,500 px long together, by less than a pixel.
    assert np.mean(tissue.mask != truth) < 4500 / truth.size
    assert tissue.fraction == pytest.approx(truth.mean(), abs=4500 / truth.size)


def test_holes_below_the_limit_are_filled(picture: np.ndarray, tmp_path: Path) -> None:
    cv2.circle(picture, (500, 760), 9, (245, 245, 245), cv2.FILLED)  # 250 px of 3.1 million, below 2e-4
    with _open(picture, tmp_path) as slide:
        assert find_tissue(slide).mask[760, 500]
        assert not find_tissue(slide, TissueRule(min_share=0, small_um=0)).mask[760, 500]


def test_bare_glass_and_black_padding_are_no_tissue(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    glass = rng.integers(238, 246, (800, 800, 3)).astype(np.uint8)
    glass[:, 400:] = rng.integers(0, 12, (800, 400, 3))  # compressed black: its saturation is noise
    with _open(glass, tmp_path) as slide:
        tissue = find_tissue(slide)
    assert tissue.fraction == 0
    assert not tissue.mask.any()


def test_the_papers_plain_threshold_can_be_chosen(picture: np.ndarray, tmp_path: Path) -> None:
    picture[:400, :400] = (250, 242, 246)  # saturation 8 of 255: a veil
    with _open(picture, tmp_path) as slide:
        assert find_tissue(slide, TissueRule(method="fixed", threshold=5)).mask[:390, :390].all()
        follow = find_tissue(slide)
    assert not follow.mask[:390, :390].any()
    assert 15 <= follow.threshold <= 25


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        # Shares of the rule the overlays were judged by; five public rules lie within these bands.
        ("CMU-1-Small-Region.svs", 0.33, 0.38),
        ("TCGA-CR-7395-01A-01-TS1.svs", 0.60, 0.65),
        ("histoprep_slide.jpeg", 0.70, 0.80),
        ("histoprep_tma_spots.jpeg", 0.070, 0.088),
        ("tcga_lgg_region.png", 0.93, 1.0),
    ],
)
def test_real_slides(shared: Path, name: str, low: float, high: float) -> None:
    with open_slide(shared / "slides" / name, mpp=0.5) as slide:
        assert low <= find_tissue(slide).fraction <= high


@pytest.mark.parametrize("mpp", [0.5, 8.0])
def test_every_core_of_a_tissue_array_is_found_and_nothing_else(shared: Path, mpp: float) -> None:
    """94 cores counted by eye, faint and torn ones among them; none lost for its size, none joined to its neighbour."""
    with open_slide(shared / "slides" / "histoprep_tma_spots.jpeg", mpp=mpp) as slide:
        mask = find_tissue(slide).mask
    assert cv2.connectedComponents(mask.astype(np.uint8))[0] - 1 == 94


def test_no_tile_of_real_tissue_is_white_or_black(shared: Path) -> None:
    names = ("CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs", "histoprep_slide.jpeg", "tcga_lgg_region.png")
    for name in names:
        with open_slide(shared / "slides" / name, mpp=0.5) as slide:
            grid = lay_grid(slide, find_tissue(slide))
        assert (grid.artefacts.white, grid.artefacts.black) == (0, 0)


def test_white_in_a_filled_hole_is_left_out_and_padding_is_told(picture: np.ndarray, tmp_path: Path) -> None:
    cv2.circle(picture, (900, 760), 330, (245, 245, 245), cv2.FILLED)
    picture[1220:] = 3
    with _open(picture, tmp_path) as slide:
        filled = find_tissue(slide, TissueRule(min_share=0.15, small_um=100_000))  # the hole, 11 %, is filled
        grid = lay_grid(slide, filled)
        loose = lay_grid(slide, filled, TileRule(least_saturation=0))
    assert grid.artefacts.white == loose.size - grid.size > 0
    assert grid.artefacts.padding == 8  # the lowest of six rows of eight; of the next less than half is black
    assert any(words.startswith("White as a whole") for words in grid.warnings)
    assert any(words.startswith("Black padding") for words in grid.warnings)


def test_a_coarse_view_finds_the_same_tissue(shared: Path) -> None:
    with open_slide(shared / "slides" / "TCGA-CR-7395-01A-01-TS1.svs", mpp=0.5) as slide:
        fine, coarse = find_tissue(slide, TissueRule(view_px=4096)), find_tissue(slide, TissueRule(view_px=1024))
    assert coarse.fraction == pytest.approx(fine.fraction, abs=0.01)


@pytest.mark.parametrize(
    "settings",
    [{"method": "magic"}, {"threshold": 300}, {"lowest": 30}, {"median_px": 6}, {"close_px": 0}, {"view_px": 10}],
)
def test_a_rule_that_cannot_be_is_refused(settings: dict) -> None:
    with pytest.raises(InputError):
        TissueRule(**settings)


@pytest.mark.parametrize("otsu_share", [0.3, 0.6, 1.5])
@pytest.mark.parametrize("tissue_saturation", [6, 40, 70, 160])
def test_the_quick_ways_give_the_threshold_and_the_pixels_of_the_median_filter(otsu_share, tissue_saturation):
    rng = np.random.default_rng(tissue_saturation)
    saturation = np.full((301, 402), 5.0)
    saturation[60:200, 90:330] = tissue_saturation
    noisy = np.clip(saturation + rng.normal(0, 6, saturation.shape), 0, 255).astype(np.uint8)
    pixels = cv2.cvtColor(np.dstack([np.full_like(noisy, 160), noisy, np.full_like(noisy, 220)]), cv2.COLOR_HSV2RGB)
    seen = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)[..., 1]
    rule = TissueRule(otsu_share=otsu_share, close_px=1, min_share=0.0)
    found = judge_tissue(SlideView(pixels=pixels, path=Path("a.png"), width=402, height=301, mpp=None), rule)
    median = cv2.medianBlur(np.ascontiguousarray(seen), rule.median_px)
    otsu, _ = cv2.threshold(median, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    # Of every second pixel: a level or two of Otsu's threshold.
    assert found.threshold == pytest.approx(np.clip(otsu_share * otsu, rule.lowest, rule.highest), abs=2 * otsu_share)
    assert (found.mask == (median > found.threshold)).all()
