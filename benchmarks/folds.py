"""What the strict rule for folds leaves out of real tissue, and of folds drawn on it: the figures of decision 008.

Real pictures, each read at the scales that are plausible for it, stained 0.6 to 1.5 times as strongly. Drawn folds are
bands 50 to 200 um wide along a curve of 3 mm, where the tissue is twice as dense, or lies over its neighbour. Counted
are tiles of 128 um with half tissue, and as fold those half filled by what is found, as ``lay_grid`` does.
``python -m benchmarks.folds [FOLDER]``
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from benchmarks.slide_reading import REGION
from survdash.slide.folds import find_folds
from survdash.slide.ink import DENSITY, GLASS, UM_PER_PX
from survdash.slide.reader import open_slide
from survdash.slide.tissue import judge_tissue, take_view

SLIDES = (
    ("CMU-1-Small-Region.svs", 0.25), ("CMU-1-Small-Region.svs", 0.5), ("CMU-1-Small-Region.svs", 1.0),
    ("histoprep_slide.jpeg", 4.0), ("histoprep_tma_spots.jpeg", 4.0), ("histoprep_tma_spots.jpeg", 8.0),
    ("tcga_lgg_region.png", 0.5), ("TCGA-CR-7395-01A-01-TS1.svs", 0.5), ("TCGA-CR-7395-01A-01-TS1.svs", 2.0),
)  # fmt: skip
STRENGTHS = (0.6, 0.8, 1.0, 1.25, 1.5)
WIDTHS_UM, DRAWN_UM, TILE_UM, ENOUGH_UM2, REPEATS = (50, 100, 150, 200), 1_500.0, 128.0, 3e6, 6
Seen = tuple[str, np.ndarray, np.ndarray, float]


def densities(view: np.ndarray) -> np.ndarray:
    """Optical densities (h, w, 3), none below 0."""
    return np.dstack([cv2.LUT(plane, DENSITY) for plane in cv2.split(view)]).clip(0)


def stained(density: np.ndarray) -> np.ndarray:
    """The picture that has these densities."""
    return (GLASS * 10**-density).clip(0, 255).astype(np.uint8)


def draw(
    view: np.ndarray, tissue: np.ndarray, um: float, *, seed: int, width: float, neighbour: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The view with one fold, of the tissue on itself or on its ``neighbour``, and where it is."""
    rng = np.random.default_rng(seed)
    places = np.argwhere(cv2.erode(tissue.view(np.uint8), np.ones((9, 9), np.uint8)))
    (y, x), turn = places[rng.integers(len(places))], rng.uniform(0, np.pi)
    turns = turn + np.cumsum(rng.normal(0, 0.03, int(DRAWN_UM / um)))
    half = np.stack([x + np.cumsum(np.cos(turns)), y + np.sin(turns).cumsum()], axis=1)
    line = np.concatenate([2 * half[0] - half[::-1], half]).astype(np.int32)
    stroke = np.zeros(tissue.shape, np.uint8)
    cv2.polylines(stroke, [line], isClosed=False, color=1, thickness=max(1, round(width / um)))
    stroke &= tissue
    density, shift = densities(view), int(width / um) + 3
    soft = cv2.GaussianBlur(stroke.astype(np.float32), (0, 0), 0.7)[..., None]
    return stained(density + soft * (np.roll(density, (shift, shift), (0, 1)) if neighbour else density)), stroke > 0


def tile_shares(mask: np.ndarray, tissue: np.ndarray, um: float) -> tuple[np.ndarray, np.ndarray]:
    """Share of each tile's tissue that the mask fills, and which tiles have half tissue."""
    step = TILE_UM / um
    size = (int(mask.shape[1] / step), int(mask.shape[0] / step))
    part = np.s_[: round(size[1] * step), : round(size[0] * step)]
    fold, all_tissue = (
        cv2.resize(plane[part].astype(np.float32), size, interpolation=cv2.INTER_AREA)
        for plane in (mask & tissue, tissue)
    )
    return fold / np.maximum(all_tissue, 1e-6), all_tissue >= 0.5


def look(folder: Path) -> list[Seen]:
    """Name, view at 8 um per pixel or coarser, tissue and resolution of each slide."""
    seen = []
    for name, mpp in SLIDES:
        with open_slide(folder / name, mpp=mpp) as slide:
            view = take_view(slide)
        scale = max(1.0, UM_PER_PX / (mpp * view.downsample))
        size = (round(view.pixels.shape[1] / scale), round(view.pixels.shape[0] / scale))
        tissue = cv2.resize(judge_tissue(view).mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        coarse = np.asarray(cv2.resize(view.pixels, size, interpolation=cv2.INTER_AREA))
        seen.append((f"{name[:13]} {mpp:g}", coarse, tissue, mpp * view.downsample * scale))
    return seen


def main(folder: Path) -> None:
    """Print the tiles left out of real tissue, and the share found of drawn folds."""
    seen = look(folder)
    for strength in STRENGTHS:
        words = []
        for name, view, tissue, um in seen:
            told = find_folds(stained(strength * densities(view)), tissue, um_per_px=um)
            share, counted = tile_shares(told, tissue, um)
            words.append(f"{name}: {(counted & (share >= 0.5)).sum()} of {counted.sum()}")
        print(f"stained {strength:4.2f} x  " + "  ".join(words), flush=True)
    for neighbour in (False, True):
        for width in WIDTHS_UM:
            area, found, mostly, beside = [], 0, 0, 0
            for _, view, tissue, um in seen:
                for seed in range(REPEATS if tissue.sum() * um**2 > ENOUGH_UM2 else 0):
                    drawn, fold = draw(view, tissue, um, seed=seed, width=width, neighbour=neighbour)
                    told = find_folds(drawn, tissue, um_per_px=um)
                    area.append((told & fold).sum() / max(fold.sum(), 1))
                    (share, counted), (truth, _) = tile_shares(told, tissue, um), tile_shares(fold, tissue, um)
                    most = counted & (truth >= 0.5)
                    found, mostly = found + (most & (share >= 0.5)).sum(), mostly + most.sum()
                    beside += (counted & (truth < 0.05) & (share >= 0.5)).sum()
            how = "over its neighbour" if neighbour else "twice as dense"
            print(f"{how}, {width} um: {np.mean(area):.0%} of the area of {len(area)} folds, {found} of {mostly} tiles "
                  f"mostly fold, {beside} beside", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REGION.parent)
