"""Folds: tissue that lies on itself, so that a band of it is twice as dense as what lies on both of its sides.

Density alone does not tell: dense epithelium and keratin are as dark. But an epithelium parts two different things, a
gland's inside from its stroma or the skin from the air, and absorbs other colours than they do, because it holds more
nuclei. A fold has the same tissue on both sides, and every colour is absorbed more by the same factor. The rule is
strict (``docs/decisions/008-folds.md``): it misses half of what it could find, and all folds at the rim of the tissue,
which have one side only, but takes hardly any sound tissue.
"""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np

from survdash.slide.ink import DENSITY
from survdash.slide.regions import find_parts

UM_PER_PX = 16.0  # a fold of 50 um is three pixels wide
DARKER_THAN_ALL, DARKER_THAN_NEAR = 1.3, 1.25  # times the median density of the tissue, and the mean around
NEAR_UM = 800.0
SIDES_UM = (48.0, 80.0, 112.0, 144.0, 192.0, 240.0)  # how far from a pixel of the fold its two sides are looked for
WIDEST_UM = 330.0  # the two distances together
DIRECTIONS = 8
LEAST, MOST = 1.7, 3.2  # times the density of the sides, in each colour
EVEN = 1.15  # times the factor of one colour is the most that another's may be
ALIKE = 0.3  # of their density is the most that the two sides may differ by
FAINTEST = 0.15  # density of the sides, all colours together, below which they are glass
STEEPEST = 0.5  # of its density is the most that a side may change by from pixel to pixel
LEAST_DENSITY = 0.02  # of a colour; less is noise
SHORTEST_UM = 300.0


def find_folds(view: np.ndarray, tissue: np.ndarray, *, um_per_px: float) -> np.ndarray:
    """Look for folds inside the tissue.

    Parameters
    ----------
    view : ndarray, shape (h, w, 3)
        RGB uint8.
    tissue : ndarray, shape (h, w)
        bool.
    um_per_px : float
        Resolution of the view; a finer one than 16 is brought to 16 first.

    Returns
    -------
    ndarray, shape (h, w)
        bool.
    """
    height, width = tissue.shape
    scale = max(1.0, UM_PER_PX / um_per_px)
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    coarse = cv2.resize(view, size, interpolation=cv2.INTER_AREA) if scale > 1 else view
    inside = cv2.resize(tissue.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    found = _bands(coarse, inside, um_per_px * scale)
    if not found.any():
        return np.zeros_like(tissue)
    return (cv2.resize(found.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0) & tissue


def _bands(view: np.ndarray, tissue: np.ndarray, pixel_um: float) -> np.ndarray:
    """Long dark bands of which enough is twice what lies on both sides."""
    colours = [cv2.LUT(plane, DENSITY) for plane in cv2.split(view)]
    total = colours[0] + colours[1] + colours[2]
    if not tissue.any():
        return np.zeros_like(tissue)
    side = 2 * max(1, round(NEAR_UM / pixel_um / 2)) + 1
    near, pixels = (
        cv2.boxFilter(plane, cv2.CV_32F, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
        for plane in (np.where(tissue, total, np.float32(0)), tissue.astype(np.float32))
    )
    dark = tissue & (total > DARKER_THAN_ALL * np.median(total[tissue]))
    dark &= total * pixels > DARKER_THAN_NEAR * near
    band = find_parts(dark)
    fewest = SHORTEST_UM / pixel_um
    dark = band.only(band.pixels >= fewest)
    if not dark.any():
        return dark
    doubled = _doubled(colours, total, tissue, dark, pixel_um)
    doubled = cv2.morphologyEx(doubled.view(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) & dark.view(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(doubled, connectivity=8)
    keep = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) * pixel_um >= SHORTEST_UM
    keep[0] = False  # label 0 is what lies outside
    return np.asarray(keep[labels])


def _doubled(
    colours: list[np.ndarray], total: np.ndarray, tissue: np.ndarray, dark: np.ndarray, pixel_um: float
) -> np.ndarray:
    """Where, in any direction, alike tissue lies on both sides and every colour is doubled between."""
    margin = round(SIDES_UM[-1] / pixel_um) + 1
    smooth, kernel = cv2.blur(total, (3, 3)), np.ones((3, 3), np.uint8)
    # Where anything dark ends, its blurred rim looks like thinner tissue of its own colour: no side is there.
    steep = cv2.morphologyEx(smooth, cv2.MORPH_GRADIENT, kernel) > STEEPEST * smooth
    # Nor outside of the tissue: nothing is less dense than infinity.
    around = np.pad(np.where(tissue & ~steep, smooth, np.float32(np.inf)), margin, constant_values=np.inf)
    soft = [np.pad(cv2.blur(plane, (3, 3)), margin).ravel() for plane in colours]
    rows, columns = np.nonzero(dark)
    places = (rows + margin) * around.shape[1] + columns + margin
    flat, passed = around.ravel(), np.zeros(len(places), bool)
    pale = smooth[rows, columns] / LEAST * (1 + ALIKE)  # a side that is denser cannot pass whatever the other is
    for angle in np.arange(DIRECTIONS) * np.pi / DIRECTIONS:
        steps = [
            round(np.sin(angle) * um / pixel_um) * around.shape[1] + round(np.cos(angle) * um / pixel_um)
            for um in SIDES_UM
        ]
        one, other = ([flat[places + sign * step] <= pale for step in steps] for sign in (1, -1))
        left = np.flatnonzero(np.any(one, axis=0) & np.any(other, axis=0) & ~passed)
        for (near, step), (far, back) in product(zip(SIDES_UM, steps, strict=True), repeat=2):
            if near + far <= WIDEST_UM:
                here, first, second = places[left], places[left] + step, places[left] - back
                inside = (flat[first] < np.inf) & (flat[second] < np.inf)
                own, sides = [plane[here] for plane in soft], [(plane[first], plane[second]) for plane in soft]
                passed[left] |= inside & _is_double(own, sides)
    found = np.zeros_like(dark)
    found[rows[passed], columns[passed]] = True
    return found


def _is_double(own: list[np.ndarray], sides: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Of densities (n,) of each colour, here and on both sides: whether all are higher here by nearly one factor."""
    both = [(first + second) / 2 for first, second in sides]
    whole = both[0] + both[1] + both[2]
    apart = sum(np.abs(first - second) for first, second in sides)
    factors = [here / np.maximum(there, LEAST_DENSITY) for here, there in zip(own, both, strict=True)]
    least, most = np.minimum.reduce(factors), np.maximum.reduce(factors)
    even = (least >= LEAST) & (most <= MOST) & (most <= EVEN * least)
    return np.asarray(even & (whole > FAINTEST) & (apart <= ALIKE * whole))
