"""Whether the objective that a file names fits its resolution."""

from __future__ import annotations

import math
from collections.abc import Mapping

UM_PER_PIXEL_AT_1X = 10.0  # the convention of slide scanners: 20x is 0.5 um/px, 40x is 0.25
MOST_APART = 1.6  # scanners differ by up to 1.2 (0.46 to 0.55 at 20x); the next objective is a factor of 2 away
# MRXS names the lens alone; a camera adapter of 1.6x makes 0.23 um/px of its 20x, and that resolution is right.
LENS_ONLY = frozenset({"mirax"})


def contradiction(mpp: float | None, properties: Mapping[str, str]) -> str:
    """What a file says twice and differently about its resolution.

    Parameters
    ----------
    mpp : float or None
        Its um per pixel.
    properties : mapping
        OpenSlide's, with ``openslide.objective-power`` and ``openslide.vendor``.

    Returns
    -------
    str
        Both values in words; empty where they agree within a factor of 1.6 or one is missing.
    """
    try:
        power = float(properties["openslide.objective-power"])
    except (KeyError, ValueError):
        return ""
    if mpp is None or not (math.isfinite(power) and power > 0) or properties.get("openslide.vendor") in LENS_ONLY:
        return ""
    expected = UM_PER_PIXEL_AT_1X / power
    if max(mpp / expected, expected / mpp) <= MOST_APART:
        return ""
    return f"{mpp:g} um per pixel and an objective of {power:g}x, which has about {expected:g}"
