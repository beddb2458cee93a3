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

UM_PER_PX = 16.0  # a fold of 50 um is three pixels wide
COARSEST_UM = 20.0  # per pixel: in a coarser view, of a slide wider than 41 mm, folds are not told from nuclei
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
UNIT = 160.0  # steps of density in which colours are compared, so that a view of millions of pixels is quick
UNITS = np.minimum(np.rint(UNIT * DENSITY.clip(0)), 255).astype(np.uint8)
STEEP = (STEEPEST * np.arange(256)).astype(np.uint8)


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
        bool; nothing in a view coarser than 20.
    """
    height, width = tissue.shape
    if not can_judge(um_per_px):
        return np.zeros_like(tissue)
    scale = max(1.0, UM_PER_PX / um_per_px)
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    coarse = cv2.resize(view, size, interpolation=cv2.INTER_AREA) if scale > 1 else view
    inside = cv2.resize(tissue.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    found = _bands(coarse, inside, um_per_px * scale)
    if not found.any():
        return np.zeros_like(tissue)
    return (cv2.resize(found.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0) & tissue


def can_judge(um_per_px: float) -> bool:
    """Whether a view of this resolution is fine enough for folds to be told."""
    return um_per_px <= COARSEST_UM


def _bands(view: np.ndarray, tissue: np.ndarray, pixel_um: float) -> np.ndarray:
    """Long bands that are twice what lies on both sides."""
    colours = cv2.LUT(view, UNITS)
    total = cv2.transform(colours, np.full((1, 3), 1 / 3, np.float32))
    dark = _dark(total, tissue, pixel_um)
    if not dark.any():
        return dark
    doubled = _doubled(colours, total, tissue, dark, pixel_um)
    if not doubled.any():
        return doubled
    kernel = np.ones((3, 3), np.uint8)
    whole = cv2.dilate(doubled.view(np.uint8), kernel)  # each place that was tried speaks for those beside it
    closed = cv2.morphologyEx(whole, cv2.MORPH_CLOSE, kernel) & dark.view(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    keep = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) * pixel_um >= SHORTEST_UM
    keep[0] = False  # label 0 is what lies outside
    return np.asarray(keep[labels])


def _dark(total: np.ndarray, tissue: np.ndarray, pixel_um: float) -> np.ndarray:
    """Where the tissue is denser than the slide's and than what is around; around is looked at in a coarser view."""
    few = total[::4, ::4][tissue[::4, ::4]]
    if not len(few):
        return np.zeros_like(tissue)
    inside = tissue.view(np.uint8)
    size = (max(1, total.shape[1] // 4), max(1, total.shape[0] // 4))
    side = 2 * max(1, round(NEAR_UM / pixel_um / 8)) + 1
    sums, pixels = (
        cv2.boxFilter(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), cv2.CV_32F, (side, side),
                      normalize=False, borderType=cv2.BORDER_CONSTANT)
        for plane in (total * inside, inside * np.uint8(255))
    )  # fmt: skip
    least = np.maximum(DARKER_THAN_NEAR * sums / np.maximum(pixels / 255, 1e-6), DARKER_THAN_ALL * np.median(few))
    near = cv2.resize(least.clip(0, 255).astype(np.uint8), total.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(tissue & (total > near))


def _doubled(
    colours: np.ndarray, total: np.ndarray, tissue: np.ndarray, dark: np.ndarray, pixel_um: float
) -> np.ndarray:
    """Of every fourth dark place: where each colour is doubled between alike tissue on two opposite sides."""
    margin = round(SIDES_UM[-1] / pixel_um) + 1
    smooth, kernel = cv2.blur(total, (3, 3)), np.ones((3, 3), np.uint8)
    # Where anything dark ends, its blurred rim looks like thinner tissue of its own colour: no side is there.
    steep = cv2.morphologyEx(smooth, cv2.MORPH_GRADIENT, kernel) > cv2.LUT(smooth, STEEP)
    # Nor outside of the tissue: nothing counts as denser than 255.
    blocked = (steep | ~tissue).view(np.uint8) * np.uint8(255)
    around = cv2.copyMakeBorder(
        cv2.max(smooth, blocked), margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=255
    )
    soft = cv2.copyMakeBorder(cv2.blur(colours, (3, 3)), margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    soft = soft.reshape(-1, 3)
    tried = np.zeros_like(dark)
    for row in range(4):  # every fourth place, none further than two from the next
        tried[row::4, row * 2 % 4 :: 4] = dark[row::4, row * 2 % 4 :: 4]
    rows, columns = np.nonzero(tried)
    places = (rows + margin) * around.shape[1] + columns + margin
    flat, passed = around.ravel(), np.zeros(len(places), bool)
    # A side that is denser cannot pass whatever the other is.
    pale = np.minimum(smooth[rows, columns] * ((1 + ALIKE) / LEAST), 254).astype(np.uint8)
    for angle in np.arange(DIRECTIONS) * np.pi / DIRECTIONS:
        steps = [
            round(np.sin(angle) * um / pixel_um) * around.shape[1] + round(np.cos(angle) * um / pixel_um)
            for um in SIDES_UM
        ]
        one = [flat[places + step] <= pale for step in steps]
        some = np.flatnonzero(np.logical_or.reduce(one))
        other = [flat[places[some] - step] <= pale[some] for step in steps]
        for (near, step, seen), (far, back, met) in product(
            zip(SIDES_UM, steps, one, strict=True), zip(SIDES_UM, steps, other, strict=True)
        ):
            if near + far <= WIDEST_UM:
                left = some[met & seen[some]]
                here = places[left]
                passed[left] |= _is_double(soft[here], soft[here + step], soft[here - back])
    found = np.zeros_like(dark)
    found[rows[passed], columns[passed]] = True
    return found


def _is_double(own: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of densities (n, 3) here and on both sides, in units: whether all colours are higher by nearly one factor."""
    both = (first.astype(np.float32) + second) / 2
    whole, apart = both.sum(axis=1), np.abs(first.astype(np.float32) - second).sum(axis=1)
    factors = own / np.maximum(both, LEAST_DENSITY * UNIT)
    least, most = factors.min(axis=1), factors.max(axis=1)
    even = (least >= LEAST) & (most <= MOST) & (most <= EVEN * least)
    return np.asarray(even & (whole > FAINTEST * UNIT) & (apart <= ALIKE * whole))
