"""The resolution of a slide in micrometres per pixel: stated by the file or the user, never guessed.

What a file states is read here; whether to believe it is asked in ``survdash.slide.objective``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

from survdash.errors import SlideError
from survdash.slide.tiff_file import WHAT_DAMAGED_TAGS_RAISE, open_tiff

LOWEST_MPP, HIGHEST_MPP = 0.05, 20.0  # finer than any light microscope; coarser than a flatbed scan of the glass
SQUARE_WITHIN = 0.02  # x and y may differ by this share before the pixels no longer count as square
MICROMETRES = {2: 25_400.0, 3: 10_000.0}  # TIFF ResolutionUnit: inch, centimetre; 1 means "no unit"
UNIT_TAG = 296
OME_UNITS = {"µm": 1.0, "μm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3}  # the micro sign has two code points
PIXELS = re.compile(r"<(?:\w+:)?Pixels\s([^>]*)>")  # no XML parser: it would unfold what a hostile file nests


def check_stated_mpp(value: float) -> float:
    """The resolution that a user states, in um/px.

    Raises
    ------
    SlideError
        If it is not a number between 0.05 and 20.
    """
    if not (math.isfinite(value) and LOWEST_MPP <= value <= HIGHEST_MPP):
        raise SlideError(
            f"A resolution of {value:g} um per pixel is not possible for a slide.",
            hint=f"Between {LOWEST_MPP:g} and {HIGHEST_MPP:g}; a 20x scan has about 0.5, a 40x scan about 0.25.",
        )
    return float(value)


def square_mpp(x: float, y: float) -> float | None:
    """One resolution for both axes, or None where it is no number above zero or they differ."""
    if not (math.isfinite(x) and math.isfinite(y) and min(x, y) > 0) or abs(x - y) > SQUARE_WITHIN * max(x, y):
        return None
    return math.sqrt(x * y)


def parse_openslide_mpp(properties: Mapping[str, str]) -> float | None:
    """The resolution in OpenSlide's own properties, or None where it is missing or zero."""
    try:
        x, y = (float(properties[f"openslide.mpp-{axis}"]) for axis in "xy")
    except (KeyError, ValueError):
        return None
    return square_mpp(x, y)


def parse_tiff_mpp(x_resolution: float, y_resolution: float, unit: int | None) -> float | None:
    """The resolution in TIFF tags (pixels per unit), or None where the file names no unit."""
    if unit not in MICROMETRES or not (x_resolution > 0 and y_resolution > 0):
        return None
    return square_mpp(MICROMETRES[unit] / x_resolution, MICROMETRES[unit] / y_resolution)


def parse_ome_mpp(description: str) -> float | None:
    """The resolution in the OME-XML of an OME-TIFF's first image, or None where it states none.

    ``PhysicalSizeX`` and ``PhysicalSizeY`` in the units of ``OME_UNITS``; micrometres where none is named, as the
    schema of OME says.
    """
    found = PIXELS.search(description)
    if found is None:
        return None
    named = dict(re.findall(r'(PhysicalSize[XY](?:Unit)?)="([^"]*)"', found.group(1)))
    try:
        x, y = (float(named[f"PhysicalSize{axis}"]) * OME_UNITS[named.get(f"PhysicalSize{axis}Unit", "µm")]
                for axis in "XY")  # fmt: skip
    except (KeyError, ValueError):
        return None
    return square_mpp(x, y)


def has_tiff_unit(path: Path) -> bool:
    """Whether a TIFF file itself names a unit for its resolution.

    OpenSlide takes inches where the tag is missing, as the TIFF standard says; on slides that is a guess.
    """
    try:
        with open_tiff(path) as file:
            tag = file.pages[0].tags.get(UNIT_TAG)  # type: ignore[union-attr]
        return tag is not None and int(tag.value) in MICROMETRES
    except WHAT_DAMAGED_TAGS_RAISE:
        return False  # what is damaged names nothing
