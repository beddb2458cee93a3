"""What is on the glass and is no usable tissue: folds, and the rims of air bubbles and coverslips.

Rims are dark lines without colour. Stained tissue is never grey at 8 um per pixel (haematoxylin absorbs blue light less
than half as much as green, eosin hardly any red), so a thin grey line that runs on for more than half a millimetre is
no tissue: on five clean sections the longest such run was 40 um. What lies inside a bubble is tissue seen through air;
its blur, not its colour, gives it away (see ``focus``).

Folds are doubled tissue: dark and strongly saturated, saturation above brightness (Kothari et al. 2013). Looked at on
real sections the rule outlines the turned-over rims of a frozen carcinoma, and just as well the keratin and the dense
basal epithelium of a skin section that has no fold. So what it finds is told and counted, and stays; only what the
strict rule of ``survdash.slide.folds`` finds as well costs tiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from survdash.slide.folds import can_judge, find_folds
from survdash.slide.ink import DENSITY, THICK_UM, UM_PER_PX, brightest_and_darkest, levels_below
from survdash.slide.regions import find_parts

GREY = 0.8  # smallest over largest density of the three colours
FAINTEST = 0.10  # optical density below which a colour says nothing
LONGEST_CLEAN_UM = 600.0  # a rim is longer, corner to corner ...
THIN = 0.2  # ... and fills less than this share of the square on that length: pigment lies in heaps
RIM_BLUR_PX = 1.0
FOLD_BLUR_PX = 2.0
DOUBLED = 1.3  # times the median density of the tissue; the two layers of a turned-over rim came to 1.4
SMALLEST_FOLD_UM2 = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Artefacts:
    """Possible artefacts.

    Parameters
    ----------
    edges : ndarray, shape (h, w)
        bool; long grey lines.
    folds : ndarray, shape (h, w)
        bool; dark and saturated parts of the tissue, which may be folds.
    doubled : ndarray, shape (h, w)
        bool; folds by a strict rule: see ``survdash.slide.folds``.
    judged : bool
        Whether the view is fine enough for that rule; else ``doubled`` is empty.
    """

    edges: np.ndarray
    folds: np.ndarray
    doubled: np.ndarray
    judged: bool = True


def find_artefacts(view: np.ndarray, tissue: np.ndarray, *, um_per_px: float) -> Artefacts:
    """Look for rims and folds.

    Parameters
    ----------
    view : ndarray, shape (h, w, 3)
        RGB uint8, the whole slide.
    tissue : ndarray, shape (h, w)
        bool; what a fold is compared with.
    um_per_px : float
        Resolution of the view; a finer one than 8 is brought to 8 first.

    Returns
    -------
    Artefacts
        Masks of the shape of ``view``.
    """
    height, width = view.shape[:2]
    scale = max(1.0, UM_PER_PX / um_per_px)
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    coarse = cv2.resize(view, size, interpolation=cv2.INTER_AREA) if scale > 1 else view
    inside = cv2.resize(tissue.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    pixel_um = um_per_px * scale
    masks = _rims(coarse, pixel_um), _doubled(coarse, inside, pixel_um)
    edges, folds = (
        cv2.resize(mask.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0 for mask in masks
    )
    doubled = find_folds(view, tissue, um_per_px=um_per_px)
    return Artefacts(edges=edges, folds=folds & tissue, doubled=doubled, judged=can_judge(um_per_px))


def _saturated_below() -> np.ndarray:
    """Of the brightest colour's level, below which level the darkest makes saturation exceed brightness, by OpenCV."""
    brightest, darkest = np.mgrid[:256, :256].astype(np.uint8)
    hsv = cv2.cvtColor(np.dstack([brightest, darkest, darkest]), cv2.COLOR_RGB2HSV)
    return ((hsv[..., 1] > brightest) & (darkest <= brightest)).sum(axis=1).astype(np.uint8)


SATURATED_BELOW = _saturated_below()
GREY_BELOW = levels_below(lambda low, top: (low > GREY * top) & (top > FAINTEST))


def _little_coloured(picture: np.ndarray) -> np.ndarray:
    brightest, darkest = brightest_and_darkest(cv2.split(picture))
    return np.asarray(brightest < cv2.LUT(darkest, GREY_BELOW))


def _rims(coarse: np.ndarray, pixel_um: float) -> np.ndarray:
    coloured_little = _little_coloured(cv2.GaussianBlur(coarse, (0, 0), RIM_BLUR_PX))
    fewest = LONGEST_CLEAN_UM / (np.sqrt(2) * pixel_um) - 2  # a diagonal of so many pixels is as long as a rim
    if np.count_nonzero(coloured_little) < fewest:
        return np.zeros(coloured_little.shape, bool)
    found = find_parts(coloured_little)
    grey = found.only(found.pixels >= fewest).view(np.uint8)
    if not grey.any():
        return np.zeros(grey.shape, bool)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(grey, connectivity=8)
    length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = (length * pixel_um >= LONGEST_CLEAN_UM) & (stats[:, cv2.CC_STAT_AREA] <= THIN * length**2)
    keep[0] = False  # label 0 is what lies outside
    depth = cv2.distanceTransform(np.pad(grey, 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
    keep[labels[depth >= THICK_UM / (2 * pixel_um)]] = False  # as wide as a marker's stroke: see ``ink``
    if not keep.any():
        return np.zeros(labels.shape, bool)
    wider = cv2.dilate(keep[labels].view(np.uint8), np.ones((3, 3), np.uint8))  # the half-grey pixel on either side
    return np.asarray(wider > 0)


def _densities(picture: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Density of all colours together at the pixels of a mask (n,); one plane at a time: a view has millions."""
    total = np.zeros(np.count_nonzero(where), np.float32)
    for plane in range(3):
        total += cv2.LUT(picture[..., plane][where], DENSITY).ravel()
    return total


def _doubled(coarse: np.ndarray, inside: np.ndarray, pixel_um: float) -> np.ndarray:
    fewest = SMALLEST_FOLD_UM2 / pixel_um**2
    # No colour blurs to less than the darkest of each pixel does, and one plane is blurred in a third of the time.
    _, darkest = brightest_and_darkest(cv2.split(coarse))
    darkest = cv2.GaussianBlur(darkest, (0, 0), FOLD_BLUR_PX)
    if np.count_nonzero(inside & (darkest <= SATURATED_BELOW.max())) < fewest:
        return np.zeros_like(inside)
    blurred = cv2.GaussianBlur(coarse, (0, 0), FOLD_BLUR_PX)
    brightest, darkest = brightest_and_darkest(cv2.split(blurred))
    dark = inside & (darkest < cv2.LUT(brightest, SATURATED_BELOW))
    if np.count_nonzero(dark) < fewest:
        return np.zeros_like(inside)
    dark[dark] = _densities(blurred, dark) > DOUBLED * np.median(_densities(blurred, inside))
    found = find_parts(dark)
    return found.only(found.pixels * pixel_um**2 >= SMALLEST_FOLD_UM2)
