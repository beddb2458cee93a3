"""Pen marks: thick strokes found by what their colour absorbs, on a view so coarse that no nucleus is left in it.

Stained tissue absorbs green light most; green ink lets it pass, blue ink absorbs red light more, black ink absorbs all
three. Seen nucleus by nucleus these rules eat haematoxylin and keratin, so the view is blurred to 8 um per pixel and
only whole regions as wide as a marker's stroke are judged. Thin ink, and red, which eosin and blood look like, are only
told. What no colour can tell: violet ink has the hue of haematoxylin, faint grey that of a fold, and the blue or green
collagen of a trichrome stain that of a pen (keep the ink there).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

UM_PER_PX = 8.0
BLUR_PX = 2.0
GLASS = 245.0
THICK_UM = 160.0  # a stroke at least this wide is thick; the tips of fine markers draw 300 um and more
SMALLEST_UM2 = 80_000.0  # of a thick region; a square of 280 um
SMALLEST_THIN_UM2 = 10_000.0  # of a faint or narrow region
GROW_UM = 24.0  # the blur makes a rim of mixed colour round a stroke
FAINT, FULL = 0.10, 0.30  # optical density below which a colour says nothing; of a stroke's core
BAND = 64  # rows at a time, so that what is computed of them stays near the processor
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
        bool; narrow or faint ones.
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
    cool, core, red = _colours(blurred)
    thick, thin = _judge_regions(cool, core, pixel_um)
    masks = [thick, (thin | _margin_ink(coarse)) & ~thick, _wide_regions(red, pixel_um)]
    thick, thin, red = (_enlarge(mask, (width, height)) for mask in masks)
    return Ink(thick=thick, thin=thin, red=red)


def _colours(view: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the colour can be ink, where it is strongly so, and where it is marker red."""
    bands = [_judge_colours(view[top : top + BAND]) for top in range(0, len(view), BAND)]
    cool, core, red = (np.concatenate(part) for part in zip(*bands, strict=True))
    return cool, core, red


def _judge_colours(view: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    red, green, blue = densities(view)
    top, low = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    tinted = top > FAINT
    strong_blue = (red > 0.5) & (red > 1.08 * green)  # haematoxylin alone has 0.93, and never so much over 8 um
    greenish = (tinted & (red > 1.15 * green + 0.03)) | strong_blue
    green_core = ((red > 1.3 * green + 0.05) & (top > FULL)) | strong_blue
    black = (low > 0.55) & (low > 0.6 * top)
    redish = (green > 0.45) & (blue > 0.7 * green) & (red < 0.35 * green)
    return greenish | black, green_core | black, redish


def densities(view: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Optical density of red, green and blue: what inks and stains add up in, however translucent.

    Three planes, because numpy is ten times slower across a last axis of three.
    """
    red, green, blue = (cv2.LUT(plane, DENSITY) for plane in cv2.split(view))
    return red, green, blue


def _margin_ink(coarse: np.ndarray) -> np.ndarray:
    """Green to blue dots and rims, before the blur takes them away: the dye that surgeons mark margins with."""
    red, green, _ = densities(coarse)
    return np.asarray((red > 1.3 * green + 0.03) & (np.maximum(red, green) > 0.15))


def _judge_regions(cool: np.ndarray, core: np.ndarray, pixel_um: float) -> tuple[np.ndarray, np.ndarray]:
    """Thick regions with a core, and the rest that is large enough to tell."""
    labels, pixels = parts(cool.astype(np.uint8))
    area = pixels * pixel_um**2
    if not (area >= SMALLEST_THIN_UM2).any():
        return np.zeros_like(cool), np.zeros_like(cool)
    depth = cv2.distanceTransform(np.pad(cool.astype(np.uint8), 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
    wide = np.zeros(len(pixels), bool)
    wide[labels[depth >= THICK_UM / (2 * pixel_um)]] = True
    share = np.bincount(labels[core], minlength=len(pixels)) / np.maximum(pixels, 1)
    thick = wide & (area >= SMALLEST_UM2) & (share >= CORE_SHARE)
    found, thin = chosen(labels, thick), chosen(labels, ~thick & (area >= SMALLEST_THIN_UM2))
    if found.any():
        side = 2 * max(1, round(GROW_UM / pixel_um)) + 1
        found = cv2.dilate(found.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) > 0
    return found, thin & ~found


def _wide_regions(mask: np.ndarray, pixel_um: float) -> np.ndarray:
    if not mask.any():
        return mask
    labels, pixels = parts(mask.astype(np.uint8))
    return chosen(labels, pixels * pixel_um**2 >= SMALLEST_UM2)


def parts(mask: np.ndarray, *, connectivity: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Connected parts of a uint8 mask: the label of each pixel, and of each label its pixels, 0 of what lies outside.

    Counted here because OpenCV takes six times as long where it is asked for the parts' boxes and centres too.
    """
    count, labels = cv2.connectedComponents(mask, connectivity=connectivity)
    pixels = np.bincount(labels.ravel(), minlength=count)
    pixels[0] = 0
    return labels, pixels


def chosen(labels: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Where the label is one to keep; label 0, what lies outside, never is."""
    if not keep[1:].any():
        return np.zeros(labels.shape, bool)
    if keep[1:].all():
        return labels > 0
    return np.asarray(np.take(np.concatenate([[False], keep[1:]]), labels))


def _enlarge(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if (mask.shape[1], mask.shape[0]) == size:
        return mask
    return cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
