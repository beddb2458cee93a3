"""What a strict rule for folds finds among real tissue, and of folds drawn on it: the figures of decision 008.

A fold is darker and more saturated than the median of the slide's tissue, darker than its own surroundings, long and
thin. Real pictures, each read at the scales that are plausible for it, stained 0.6 to 1.5 times as strongly. Drawn
folds are the tissue laid over itself along a curve 60 to 160 um wide. ``python -m benchmarks.folds [FOLDER]``
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from benchmarks.slide_reading import REGION
from survdash.slide.ink import DENSITY, GLASS, UM_PER_PX
from survdash.slide.reader import open_slide
from survdash.slide.tissue import judge_tissue, take_view

SLIDES = (
    ("CMU-1-Small-Region.svs", 0.25), ("CMU-1-Small-Region.svs", 0.5), ("CMU-1-Small-Region.svs", 1.0),
    ("histoprep_slide.jpeg", 4.0), ("histoprep_slide.jpeg", 8.0), ("histoprep_tma_spots.jpeg", 4.0),
    ("histoprep_tma_spots.jpeg", 8.0), ("tcga_lgg_region.png", 0.5), ("TCGA-CR-7395-01A-01-TS1.svs", 2.0),
)  # fmt: skip
# Times the tissue's median density, its surroundings', its median saturation; whether saturation exceeds brightness.
RULES = ((1.3, 1.5, 1.2, True), (1.3, 1.5, 1.2, False), (1.3, 1.5, 1.3, False), (1.5, 1.6, 1.3, False))
STRENGTHS = (0.6, 0.8, 1.0, 1.25, 1.5)
AROUND_UM, WIDEST_UM, SHORTEST_UM, LEAST_ASPECT = 800.0, 300.0, 400.0, 3.0
WIDTHS_UM, DRAWN_UM, ENOUGH_UM2, REPEATS = (60.0, 100.0, 160.0), 1_200.0, 3e6, 6


def densities(view: np.ndarray) -> np.ndarray:
    """Optical densities (h, w, 3), none below 0."""
    return np.dstack([cv2.LUT(plane, DENSITY) for plane in cv2.split(view)]).clip(0)


def stained(density: np.ndarray) -> np.ndarray:
    """The picture that has these densities."""
    return (GLASS * 10**-density).clip(0, 255).astype(np.uint8)


def folds(view: np.ndarray, tissue: np.ndarray, um: float, rule: tuple[float, float, float, bool]) -> np.ndarray:
    """Where the strict rule sees a fold; ``um`` per pixel of the view."""
    of_all, of_near, saturated, vivid = rule
    blurred = cv2.GaussianBlur(view, (0, 0), 2 * UM_PER_PX / um)
    density = densities(blurred).sum(axis=2)
    _, saturation, brightness = cv2.split(cv2.cvtColor(blurred, cv2.COLOR_RGB2HSV))
    side = 2 * int(AROUND_UM / 2 / um) + 1
    near, pixels = (
        cv2.boxFilter(plane, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
        for plane in ((density * tissue).astype(np.float32), tissue.astype(np.float32))
    )
    dark = tissue & (density > of_all * np.median(density[tissue])) & (density > of_near * near / np.maximum(pixels, 1))
    dark &= saturation > saturated * np.median(saturation[tissue])
    if vivid:
        dark &= saturation > brightness
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark.view(np.uint8), connectivity=8)
    length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) * um
    depth = cv2.distanceTransform(np.pad(dark.view(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    width = np.zeros(len(stats))
    np.maximum.at(width, labels.ravel(), 2 * um * depth.ravel())
    mean_width = stats[:, cv2.CC_STAT_AREA] * um**2 / length
    keep = (length >= SHORTEST_UM) & (width <= WIDEST_UM) & (length >= LEAST_ASPECT * mean_width)
    keep[0] = False
    return keep[labels]


def draw(view: np.ndarray, tissue: np.ndarray, um: float, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The view with one fold, and where it is."""
    rng, width = np.random.default_rng(seed), WIDTHS_UM[seed % len(WIDTHS_UM)]
    places = np.argwhere(cv2.erode(tissue.view(np.uint8), np.ones((5, 5), np.uint8)))
    (y, x), turn, bend = places[rng.integers(len(places))], rng.uniform(0, np.pi), rng.uniform(-1e-3, 1e-3) * um
    turns = turn + np.cumsum(bend + rng.normal(0, 0.03, int(DRAWN_UM / um)))
    line = np.stack([x + np.cumsum(np.cos(turns)), y + np.sin(turns).cumsum()], axis=1).astype(np.int32)
    stroke = np.zeros(tissue.shape, np.uint8)
    cv2.polylines(stroke, [line], isClosed=False, color=1, thickness=max(1, round(width / um)))
    stroke &= tissue
    density, shift = densities(view), int(width / um) + 3
    soft = cv2.GaussianBlur(stroke.astype(np.float32), (0, 0), 0.7)[..., None]
    return stained(density + soft * np.roll(density, (shift, shift), (0, 1))), stroke > 0


def main(folder: Path) -> None:
    """Print, for each rule, the share of the tissue taken for folds and the share of drawn folds found."""
    seen = []
    for name, mpp in SLIDES:
        with open_slide(folder / name, mpp=mpp) as slide:
            view = take_view(slide)
        scale = max(1.0, UM_PER_PX / (mpp * view.downsample))
        size = (round(view.pixels.shape[1] / scale), round(view.pixels.shape[0] / scale))
        tissue = cv2.resize(judge_tissue(view).mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        coarse = cv2.resize(view.pixels, size, interpolation=cv2.INTER_AREA)
        seen.append((f"{name[:13]} {mpp:g}", coarse, tissue, mpp * view.downsample * scale))
    for rule in RULES:
        print(f"density {rule[0]} x all, {rule[1]} x near, saturation {rule[2]} x all, above brightness: {rule[3]}")
        for strength in STRENGTHS:
            shares = [
                f"{name}: {folds(stained(strength * densities(view)), tissue, um, rule).sum() / tissue.sum():.2%}"
                for name, view, tissue, um in seen
            ]
            print(f"  stained {strength:4.2f} x  " + "  ".join(shares))
        found = []
        for _, view, tissue, um in seen:
            for seed in range(REPEATS if tissue.sum() * um**2 > ENOUGH_UM2 else 0):
                drawn, fold = draw(view, tissue, um, seed=seed)
                found.append((folds(drawn, tissue, um, rule) & fold).sum() / max(fold.sum(), 1))
        print(f"  of {len(found)} drawn folds {np.mean(found):.0%} of the area is found")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REGION.parent)
