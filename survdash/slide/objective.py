"""Whether what a file says of its resolution can be believed."""

from __future__ import annotations

import math
from collections.abc import Mapping

UM_PER_PIXEL_AT_1X = 10.0  # the convention of slide scanners: 20x is 0.5 um/px, 40x is 0.25
MOST_APART = 1.6  # scanners differ by up to 1.2 (0.46 to 0.55 at 20x); the next objective is a factor of 2 away
# MRXS names the lens alone; a camera adapter of 1.6x makes 0.23 um/px of its 20x, and that resolution is right.
LENS_ONLY = frozenset({"mirax"})
# From an oil lens of 100x to 10x, the ends included. A slip of ten turns every usual scan (0.12 to 0.79) away from it.
FINEST_SCAN, COARSEST_SCAN = 0.08, 1.1


def doubt(mpp: float | None, properties: Mapping[str, str]) -> str:
    """Why a resolution that a file states is to be asked for all the same.

    Parameters
    ----------
    mpp : float or None
        Its um per pixel.
    properties : mapping
        OpenSlide's, with ``openslide.objective-power`` and ``openslide.vendor``; empty for plain pictures.

    Returns
    -------
    str
        Words that follow the file's name. Empty where the objective agrees with the resolution within a factor of 1.6,
        or none is named and slide scanners have such a resolution, or ``mpp`` is None.
    """
    if mpp is None:
        return ""
    power = _power(properties)
    if power is not None:
        expected = UM_PER_PIXEL_AT_1X / power
        if max(mpp / expected, expected / mpp) <= MOST_APART:
            return ""
        return (
            f"contradicts itself: it states {mpp:g} um per pixel and an objective of {power:g}x, which has about "
            f"{expected:g}"
        )
    if FINEST_SCAN <= mpp <= COARSEST_SCAN:
        return ""
    return (
        f"states {mpp:g} um per pixel, and slide scanners have {FINEST_SCAN:g} to {COARSEST_SCAN:g}: perhaps a slip of "
        "the decimal point, or the resolution of a print"
    )


def _power(properties: Mapping[str, str]) -> float | None:
    """The magnification of the pixels, where the file names it."""
    try:
        power = float(properties["openslide.objective-power"])
    except (KeyError, ValueError):
        return None
    believed = math.isfinite(power) and power > 0 and properties.get("openslide.vendor") not in LENS_ONLY
    return power if believed else None
