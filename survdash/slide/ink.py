"""Pen marks: thick strokes found by what their colour absorbs, on a view so coarse that no nucleus is left in it.

Stained tissue absorbs green light most; green ink lets it pass, blue ink absorbs red light more, black ink absorbs all
three. Seen nucleus by nucleus these rules eat haematoxylin and keratin, so the view is blurred to 8 um per pixel and
only whole regions as wide as a marker's stroke are judged. Thin ink, and red, which eosin and blood look like, are only
told, and so are wide strokes of two kinds that come too near to tissue to be removed: faint grey, and violet, which
absorbs less blue for its green than haematoxylin does. What no colour can tell: faint violet from haematoxylin, and the
blue or green collagen of a trichrome stain from a pen (keep the ink there).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from survdash.slide.regions import find_parts

UM_PER_PX = 8.0
BLUR_PX = 2.0
GLASS = 245.0
THICK_UM = 160.0  # a stroke at least this wide is thick; the tips of fine markers draw 300 um and more
SMALLEST_UM2 = 80_000.0  # of a thick region; a square of 280 um
SMALLEST_THIN_UM2 = 10_000.0  # of a faint or narrow region
GROW_UM = 24.0  # the blur makes a rim of mixed colour round a stroke
FAINT, FULL = 0.10, 0.30  # optical density below which a colour says nothing; of a stroke's core
CORE_SHARE = 0.15  # of a region must be core: a faint cast of one colour is no stroke

DENSITY = -np.log10(np.maximum(np.arange(256, dtype=np.float32), 1) / GLASS)  # of each of 256 grey levels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ink:
    """Possible ink.

    Parameters
    ----------
    thick : ndarray, shape (h, w)
        bool; wide strokes of green, blue or black.
    thin : ndarray, shape (h, w)
        bool; narrow or faint ones, and violet.
    red : ndarray, shape (h, w)
        bool; red marker, or blood.
    """

    thick: np.ndarray
    thin: np.ndarray
    red: np.ndarray


def find_ink(view: np.ndarray, *, um_per_px: float) -> Ink:
    """Look for strokes of a pen.

    Parameters
    ----------
    view : ndarray, shape (h, w, 3)
        RGB uint8, the whole slide.
    um_per_px : float
        Resolution of the view; a finer one than 8 is brought to 8 first.

    Returns
    -------
    Ink
        Masks of the shape of ``view``.
    """
    height, width = view.shape[:2]
    scale = max(1.0, UM_PER_PX / um_per_px)
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    coarse = cv2.resize(view, size, interpolation=cv2.INTER_AREA) if scale > 1 else view
    pixel_um = um_per_px * scale
    blurred = cv2.GaussianBlur(coarse, (0, 0), BLUR_PX * UM_PER_PX / pixel_um)
    cool, core, red, faint = _colours(blurred)
    thick, thin = _judge_regions(cool, core, pixel_um)
    thin |= _margin_ink(coarse)
    if _may_hold_stroke(faint, pixel_um):
        thin |= _judge_regions(faint & ~thick, faint, pixel_um)[0]
    masks = [thick, thin & ~thick, _wide_regions(red, pixel_um)]
    thick, thin, red = (_enlarge(mask, (width, height)) for mask in masks)
    return Ink(thick=thick, thin=thin, red=red)


def levels_below(rule: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """A rule of two densities as a table of grey levels, so that a picture is judged by 8-bit comparisons alone.

    Parameters
    ----------
    rule : callable
        Of the densities of one colour (256, 1) and of another (256,), bool (256, 256); where it holds it must hold for
        every higher density of the one.

    Returns
    -------
    ndarray, shape (256,)
        uint8; the rule holds where the one's grey level is below the table's entry at the other's.
    """
    return rule(DENSITY[:, None], DENSITY).sum(axis=0).astype(np.uint8)


MARGIN = levels_below(lambda red, green: (red > 1.3 * green + 0.03) & (np.maximum(red, green) > 0.15))
# Haematoxylin alone has 0.93 times as much red as green, and never so much over 8 um as a strong blue.
STRONG_BLUE = levels_below(lambda red, green: (red > 0.5) & (red > 1.08 * green))
GREENISH = levels_below(lambda red, green: red > 1.15 * green + 0.03)
GREEN_CORE = levels_below(lambda red, green: red > 1.3 * green + 0.05)
BLACK = levels_below(lambda low, top: (low > 0.55) & (low > 0.6 * top))
# On 18 views of clean tissue nothing as wide as a stroke is so grey, or so violet: haematoxylin has 0.41 times as much
# blue as green in the vectors of Ruifrok and Johnston (2001), and tissue more eosin beside it.
FAINT_BLACK = levels_below(lambda low, top: (low > 0.25) & (low > 0.65 * top))
VIOLET = levels_below(lambda red, green: (red > 0.35) & (red > 0.75 * green))
NOT_VIOLET = levels_below(lambda blue, green: blue >= 0.36 * green)
BLUE_OF_RED = levels_below(lambda blue, green: (green > 0.45) & (blue > 0.7 * green))
NOT_RED = levels_below(lambda red, green: red >= 0.35 * green)
FAINT_LEVEL, FULL_LEVEL = int(np.count_nonzero(DENSITY > FAINT)), int(np.count_nonzero(DENSITY > FULL))


def brightest_and_darkest(planes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The highest and the lowest of each pixel's three grey levels; ``planes`` as ``cv2.split`` gives them."""
    red, green, blue = planes
    return cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)


def _colours(view: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Where the colour can be ink, where it is strongly so, where it is marker red, and where faint grey or violet."""
    red, green, blue = planes = cv2.split(view)
    brightest, darkest = brightest_and_darkest(planes)
    faint = _both(brightest < FAINT_BLACK.max(), lambda: brightest < cv2.LUT(darkest, FAINT_BLACK))
    strong = _both(red < STRONG_BLUE.max(), lambda: red < cv2.LUT(green, STRONG_BLUE))
    strong |= _both(brightest < BLACK.max(), lambda: brightest < cv2.LUT(darkest, BLACK))
    greenish = _both(darkest < FAINT_LEVEL, lambda: red < cv2.LUT(green, GREENISH))
    green_core = _both(greenish, lambda: (red < cv2.LUT(green, GREEN_CORE)) & (darkest < FULL_LEVEL))
    redish = _both(blue < cv2.LUT(green, BLUE_OF_RED), lambda: red >= cv2.LUT(green, NOT_RED))
    violet = _both(red < cv2.LUT(green, VIOLET), lambda: blue >= cv2.LUT(green, NOT_VIOLET))
    return greenish | strong, green_core | strong, redish, violet | faint


def _both(first: np.ndarray, second: Callable[[], np.ndarray]) -> np.ndarray:
    """Where two rules hold; the second is not asked where the first holds nowhere."""
    return first & second() if first.any() else first


def _margin_ink(coarse: np.ndarray) -> np.ndarray:
    """Green to blue dots and rims, before the blur takes them away: the dye that surgeons mark margins with."""
    return np.asarray(cv2.extractChannel(coarse, 0) < cv2.LUT(cv2.extractChannel(coarse, 1), MARGIN))


def _judge_regions(cool: np.ndarray, core: np.ndarray, pixel_um: float) -> tuple[np.ndarray, np.ndarray]:
    """Thick regions with a core, and the rest that is large enough to tell."""
    if np.count_nonzero(cool) * pixel_um**2 < SMALLEST_THIN_UM2:
        return np.zeros_like(cool), np.zeros_like(cool)
    found = find_parts(cool)
    area = found.pixels * pixel_um**2
    if not (area >= SMALLEST_THIN_UM2).any():
        return np.zeros_like(cool), np.zeros_like(cool)
    wide = np.zeros(len(area), bool)
    if _may_hold_stroke(cool, pixel_um):
        depth = cv2.distanceTransform(np.pad(cool.view(np.uint8), 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
        wide[found.labels[depth >= THICK_UM / (2 * pixel_um)]] = True
    share = np.bincount(found.labels[core], minlength=len(area)) / np.maximum(found.pixels, 1)
    judged = wide & (area >= SMALLEST_UM2) & (share >= CORE_SHARE)
    thick, thin = found.only(judged), found.only(~judged & (area >= SMALLEST_THIN_UM2))
    if thick.any():
        side = 2 * max(1, round(GROW_UM / pixel_um)) + 1
        thick = cv2.dilate(thick.view(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) > 0
    return thick, thin & ~thick


def _may_hold_stroke(mask: np.ndarray, pixel_um: float) -> bool:
    """Whether the square lies anywhere in a mask that fits into a stroke's width; the distance allows for 5 % error."""
    inside = max(0, int(np.ceil(0.95 * THICK_UM / (2 * np.sqrt(2) * pixel_um))) - 1)
    return bool(cv2.erode(mask.view(np.uint8), np.ones((2 * inside + 1, 2 * inside + 1), np.uint8)).any())


def _wide_regions(mask: np.ndarray, pixel_um: float) -> np.ndarray:
    if not mask.any():
        return mask
    found = find_parts(mask)
    return found.only(found.pixels * pixel_um**2 >= SMALLEST_UM2)


def _enlarge(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if (mask.shape[1], mask.shape[0]) == size:
        return mask
    return cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
