"""Laws of the tile grid, and its refusals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from survdash.errors import InputError, NotEnoughDataError, SlideError
from survdash.slide.reader import open_slide
from survdash.slide.tiles import TileRule, lay_grid, write_tiles_csv
from survdash.slide.tissue import SlideView, Tissue, find_tissue, judge_tissue


@dataclass
class Glass:
    """The size and resolution of a slide are all that the grid asks for."""

    width: int
    height: int
    mpp: float | None
    path: Path = Path("glass.svs")
    mpp_doubt: str = ""
    left: int = 0
    top: int = 0


def _tissue(mask: np.ndarray, width: int) -> Tissue:
    return Tissue(mask=mask, downsample=width / mask.shape[1], fraction=float(mask.mean()), threshold=20)


@settings(deadline=None)  # the machine that tests may be busy
@given(
    width=st.integers(1, 3000),
    height=st.integers(1, 3000),
    mpp=st.floats(0.1, 2.0),
    shrink=st.integers(1, 40),
    min_tissue=st.floats(0.05, 1.0),
    share=st.floats(0.0, 1.0),
    seed=st.integers(0, 2**32 - 1),
    corner=st.tuples(st.integers(0, 100_000), st.integers(0, 100_000)),
)
def test_tiles_stay_inside_never_overlap_and_pass_the_rule(
    width, height, mpp, shrink, min_tissue, share, seed, corner
) -> None:
    shape = (max(1, height // shrink), max(1, width // shrink))
    blobs = cv2.GaussianBlur(np.random.default_rng(seed).random(shape), (0, 0), 2)
    mask = np.asarray(blobs >= np.quantile(blobs, 1 - share))
    rule = TileRule(tile_px=64, min_tissue=min_tissue)
    slide = Glass(width, height, mpp, left=corner[0], top=corner[1])
    try:
        grid = lay_grid(slide, _tissue(mask, width), rule)
    except NotEnoughDataError:
        side = rule.level0_px(mpp)
        assert side > min(width, height) or mask.mean() < 1  # a slide full of tissue always has tiles
        return
    side = grid.level0_px
    assert grid.coords.dtype == np.int32
    places = grid.coords - corner  # in the scanned area, which they never leave
    assert places.min() >= 0
    assert (places + side <= (width, height)).all()
    columns = places // side
    assert (columns * side == places).all()  # on one lattice as wide as a tile, so none overlap ...
    assert len(np.unique(columns, axis=0)) == grid.size  # ... once each
    for (x, y), told in zip(places[:5].tolist(), grid.tissue[:5].tolist(), strict=True):
        assert told >= min_tissue
        # Counted afresh on points of the tile; 64 x 64 points miss the rims of blobs by a few per cent.
        at = (np.arange(64) + 0.5) / 64 * side
        rows = ((y + at) * shape[0] / height).astype(int)
        found = mask[np.ix_(rows, ((x + at) * shape[1] / width).astype(int))].mean()
        assert told == pytest.approx(found, abs=0.08)


@given(mpp=st.floats(0.05, 2.0), target=st.sampled_from([0.25, 0.5, 1.0]))
def test_a_tile_has_the_size_it_says_to_two_per_cent(mpp: float, target: float) -> None:
    rule = TileRule(target_mpp=target)
    micrometres = rule.level0_px(mpp) * mpp
    # Two per cent by snapping to whole pixels, plus half a level-0 pixel of rounding.
    assert micrometres == pytest.approx(256 * target, rel=0.0205, abs=0.5 * mpp)


@pytest.mark.parametrize(
    ("mpp", "side"), [(0.5, 256), (0.499, 256), (0.2525, 512), (0.25, 512), (0.325, 394), (1.0, 128)]
)
def test_sides_of_the_usual_scanners(mpp: float, side: int) -> None:
    assert TileRule().level0_px(mpp) == side


def test_sparse_tiles_are_dropped(tmp_path: Path) -> None:
    mask = np.zeros((4, 4), bool)
    mask[:, :2] = True  # tile 0 full, tile 1 empty, of two by two tiles of 2 x 2 pixels of the mask
    mask[0, 2] = True  # a quarter of the upper right tile
    slide = Glass(512, 512, 0.5)
    half = lay_grid(slide, _tissue(mask, 512))
    assert half.coords.tolist() == [[0, 0], [0, 256]]
    quarter = lay_grid(slide, _tissue(mask, 512), TileRule(min_tissue=0.25))
    assert quarter.coords.tolist() == [[0, 0], [256, 0], [0, 256]]
    assert quarter.tissue.tolist() == [1.0, 0.25, 1.0]

    write_tiles_csv(quarter, tmp_path / "tiles.csv")
    table = pd.read_csv(tmp_path / "tiles.csv")
    assert list(table.columns) == ["x", "y", "tissue"]
    assert table.to_numpy().tolist() == [[0, 0, 1], [256, 0, 0.25], [0, 256, 1]]


def test_the_low_view_keeps_the_tiles_of_a_finer_one(shared: Path) -> None:
    from survdash.slide.tissue import TissueRule

    with open_slide(shared / "slides" / "TCGA-CR-7395-01A-01-TS1.svs", mpp=0.5) as slide:
        low = lay_grid(slide, find_tissue(slide, TissueRule(view_px=1024)))
        fine = lay_grid(slide, find_tissue(slide, TissueRule(view_px=4443)))
    ours, theirs = set(map(tuple, low.coords.tolist())), set(map(tuple, fine.coords.tolist()))
    assert len(ours ^ theirs) <= 0.05 * len(theirs)


def test_bare_glass_says_no_tissue_found(tmp_path: Path) -> None:
    path = tmp_path / "white.png"
    Image.new("RGB", (1024, 1024), "white").save(path)
    with open_slide(path, mpp=0.5) as slide, pytest.raises(NotEnoughDataError, match="no tissue found"):
        lay_grid(slide, find_tissue(slide))


def test_a_dot_is_smaller_than_one_tile(tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    Image.new("RGB", (1, 1)).save(path)
    with open_slide(path, mpp=0.5) as slide, pytest.raises(NotEnoughDataError, match="smaller than one tile"):
        lay_grid(slide, find_tissue(slide))


def test_without_resolution_there_is_no_grid() -> None:
    with pytest.raises(SlideError, match="does not state its resolution"):
        lay_grid(Glass(1000, 1000, None), _tissue(np.ones((10, 10), bool), 1000))


def test_a_slide_far_too_coarse_is_refused() -> None:
    with pytest.raises(SlideError, match="too coarse"):
        lay_grid(Glass(1000, 1000, 8.0), _tissue(np.ones((10, 10), bool), 1000))


@pytest.mark.parametrize("wrong", [{"tile_px": 4}, {"target_mpp": 0}, {"min_tissue": 0}, {"min_tissue": 1.5}])
def test_a_rule_that_cannot_be_is_refused(wrong: dict) -> None:
    with pytest.raises(InputError):
        TileRule(**wrong)


@settings(deadline=None)
@given(
    width=st.integers(64, 1500), height=st.integers(64, 1500), shrink=st.sampled_from([1, 2, 4, 8]),
    min_tissue=st.floats(0.05, 1.0), share=st.floats(0.2, 1.0), seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_every_tissue_pixel_whose_tile_passes_is_covered(width, height, shrink, min_tissue, share, seed) -> None:
    """Counted tile by tile, pixel by pixel, on tiles that end where pixels of the mask end."""
    width, height = width // shrink * shrink, height // shrink * shrink
    blobs = cv2.GaussianBlur(np.random.default_rng(seed).random((height // shrink, width // shrink)), (0, 0), 2)
    mask = np.asarray(blobs >= np.quantile(blobs, 1 - share))
    slide = Glass(width, height, 0.5)
    wanted = set()
    full = np.kron(mask, np.ones((shrink, shrink), bool))
    for y in range(0, height - 63, 64):
        for x in range(0, width - 63, 64):
            # Shares are rounded at 9 digits, so that a tile exactly at the limit passes.
            if round(float(full[y : y + 64, x : x + 64].mean()), 9) >= min_tissue:
                wanted.add((x, y))
    try:
        grid = lay_grid(slide, _tissue(mask, width), TileRule(tile_px=64, min_tissue=min_tissue))
    except NotEnoughDataError:
        assert not wanted
        return
    assert set(map(tuple, grid.coords.tolist())) == wanted


@pytest.mark.parametrize("name", ["CMU-1-Small-Region.svs", "histoprep_slide.jpeg"])
def test_the_same_region_at_40x_and_20x_gives_the_same_grid_to_one_tile(
    shared: Path, tmp_path: Path, name: str
) -> None:
    with open_slide(shared / "slides" / name, mpp=0.5) as slide:
        view = slide.thumbnail(10_000)
        grid = lay_grid(slide, find_tissue(slide))
    height, width = view.shape[:2]
    Image.fromarray(cv2.resize(view, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)).save(tmp_path / "40x.png")
    with open_slide(tmp_path / "40x.png", mpp=0.25) as slide:
        finer = lay_grid(slide, find_tissue(slide))
    assert finer.level0_px == 2 * grid.level0_px
    ours, theirs = set(map(tuple, grid.coords.tolist())), set(map(tuple, (finer.coords // 2).tolist()))
    assert len(ours ^ theirs) <= 1


def test_the_same_region_at_40x_and_20x_gives_nearly_the_same_features(shared: Path, tmp_path: Path) -> None:
    """What enlarging and averaging back leaves of the detail: cosine distances of 0.005, at most 0.007."""
    from survdash.features.encoders import load_encoder

    with open_slide(shared / "slides" / "CMU-1-Small-Region.svs", mpp=0.5) as slide:
        view = slide.thumbnail(10_000)
        grid = lay_grid(slide, find_tissue(slide))
        chosen = grid.coords[::5].tolist()
        coarse = [slide.read_tile(x, y, level0_px=256, tile_px=256) for x, y in chosen]
    height, width = view.shape[:2]
    Image.fromarray(cv2.resize(view, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)).save(tmp_path / "40x.png")
    with open_slide(tmp_path / "40x.png", mpp=0.25) as slide:
        fine = [slide.read_tile(2 * x, 2 * y, level0_px=512, tile_px=256) for x, y in chosen]
    network = load_encoder("efficientnet-lite0", device="cpu", tile_px=256)
    ours, theirs = (network.encode(np.stack(tiles)) for tiles in (coarse, fine))
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    assert (1 - (ours * theirs).sum(axis=1) / lengths).max() < 0.01


def test_the_order_of_reading_changes_no_tile(shared: Path) -> None:
    with open_slide(shared / "slides" / "CMU-1-Small-Region.svs") as slide:
        grid = lay_grid(slide, find_tissue(slide))
        corners = grid.coords.tolist()

        def read(order):
            return {
                tuple(corners[at]): slide.read_tile(*corners[at], level0_px=grid.level0_px, tile_px=256) for at in order
            }

        rows = read(range(grid.size))
        for order in (np.roll(np.arange(grid.size), 7), np.random.default_rng(0).permutation(grid.size)):
            again = read(order)
            assert all((again[corner] == tile).all() for corner, tile in rows.items())


def test_a_slide_of_ink_alone_says_so(tmp_path: Path) -> None:
    pixels = np.full((1024, 1024, 3), 245, np.uint8)
    pixels[200:800] = (0, 130, 70)
    Image.fromarray(pixels).save(tmp_path / "ink.png")
    with open_slide(tmp_path / "ink.png", mpp=1.0) as slide:
        tissue = find_tissue(slide)
        with pytest.raises(NotEnoughDataError, match="possible ink") as told:
            lay_grid(slide, tissue)
    assert "--keep-ink" in told.value.hint


def test_focus_is_a_column_when_it_was_measured(tmp_path: Path) -> None:
    grid = lay_grid(Glass(512, 256, 0.5), _tissue(np.ones((2, 4), bool), 512))
    write_tiles_csv(grid, tmp_path / "tiles.csv", focus=np.array([12.346, 800]))
    assert (tmp_path / "tiles.csv").read_text() == "x,y,tissue,focus\n0,0,1.0000,12.35\n256,0,1.0000,800.00\n"


def _on_glass(piece: np.ndarray, side: int, *, mpp: float, view_px: int = 2048) -> SlideView:
    """The view of a square slide of ``side`` px with one piece near its middle, its corner on the grid of tiles."""
    at = (side - max(piece.shape)) // 2 // 512 * 512
    across = side / min(view_px, side)
    first, ends = int(at / across), [math.ceil((at + length) / across) for length in piece.shape[:2]]
    corner, (bottom, right) = round(first * across), (round(end * across) for end in ends)
    around = np.full((bottom - corner, right - corner, 3), 243, np.uint8)
    around[at - corner : at - corner + len(piece), at - corner : at - corner + piece.shape[1]] = piece
    pixels = np.full((min(view_px, side), min(view_px, side), 3), 243, np.uint8)
    size = (ends[1] - first, ends[0] - first)
    pixels[first : ends[0], first : ends[1]] = cv2.resize(around, size, interpolation=cv2.INTER_AREA)
    return SlideView(pixels=pixels, path=Path("slide.tiff"), width=side, height=side, mpp=mpp)


@pytest.mark.parametrize("name", ["CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs", "histoprep_slide.jpeg"])
def test_the_same_tissue_on_slides_of_5_to_41_mm_gives_nearly_the_same_grid(shared: Path, name: str) -> None:
    """Filters count in pixels of the view, 2.5 to 20 um here; what changes are tiles of half tissue to within a few px.

    Filters of one size in um were tried: 28 or 56 um, closing 20 or 40. They changed as many tiles, or more.
    """
    with open_slide(shared / "slides" / name, mpp=0.5) as slide:
        piece = slide.thumbnail(10_000)
    grids = []
    for side in (10_240, 20_480, 40_960, 81_920):
        view = _on_glass(piece, side, mpp=0.5)
        grid = lay_grid(view, judge_tissue(view))
        grids.append({tuple(corner) for corner in (grid.coords - (side - max(piece.shape)) // 2 // 512 * 512).tolist()})
    usual = grids[1]
    for found, share in zip(grids, (0.02, 0.0, 0.03, 0.07), strict=True):
        assert len(usual ^ found) <= max(2, share * len(usual))


@pytest.mark.parametrize("mpp", [0.25, 0.5])
@pytest.mark.parametrize(("um", "kept"), [(180, True), (80, False)])
def test_a_small_piece_on_a_large_slide_stays_by_its_size_in_um(mpp, um, kept) -> None:
    piece = np.full((round(um / mpp), round(um / mpp), 3), (220, 120, 180), np.uint8)
    view = _on_glass(piece, round(20_480 / mpp), mpp=mpp)  # 20 mm: a pixel of the view is 10 um
    assert judge_tissue(view).mask.any() == kept
