"""Write an image as a pyramidal TIFF, the way slide scanners do."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import tifffile

from survdash.errors import InputError
from survdash.store import new_file

TILE_PX = 256
SMALLEST_LEVEL_PX = 256  # levels are halved until the longer side fits into one tile
JPEG_QUALITY = 90  # half a megabyte a slide, and hardly a difference in its features
UM_PER_CM = 10_000.0


def write_pyramid(image: np.ndarray, path: Path, *, mpp: float) -> None:
    """Write a tiled JPEG pyramid that OpenSlide opens as generic TIFF and whose resolution it reads.

    Parameters
    ----------
    image : ndarray, shape (h, w, 3)
        uint8 RGB, the level of highest resolution.
    path : Path
        Replaced if it is there, whole or not at all.
    mpp : float
        Micrometres per pixel of ``image``.

    Raises
    ------
    InputError
        If the image is not uint8 RGB or the resolution is not above zero.

    Notes
    -----
    Each level halves the one before by area averaging. The resolution is kept in pixels per centimetre, the only unit
    that OpenSlide turns into ``openslide.mpp-x``.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise InputError(f"A slide is written from uint8 RGB; got {image.dtype} of shape {image.shape}.")
    if not (np.isfinite(mpp) and mpp > 0):
        raise InputError(f"A resolution of {mpp} um per pixel is not possible.", hint="Give micrometres per pixel.")
    with new_file(path) as temporary, tifffile.TiffWriter(temporary) as file:
        level, scale = image, 1.0
        while True:
            file.write(
                level,
                photometric="rgb",
                tile=(TILE_PX, TILE_PX),
                compression="jpeg",
                compressionargs={"level": JPEG_QUALITY},
                resolution=(UM_PER_CM / (mpp * scale),) * 2,
                resolutionunit="CENTIMETER",
                subfiletype=0 if level is image else 1,
                metadata=None,  # no ImageDescription: there OpenSlide looks for a vendor's name
                software="survdash",
            )
            if max(level.shape[:2]) <= SMALLEST_LEVEL_PX:
                return
            half = (max(level.shape[1] // 2, 1), max(level.shape[0] // 2, 1))
            level, scale = np.asarray(cv2.resize(level, half, interpolation=cv2.INTER_AREA)), scale * 2.0
