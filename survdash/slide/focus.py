"""How sharp a tile is."""

from __future__ import annotations

import cv2
import numpy as np

from survdash.errors import InputError
from survdash.progress import Cancel, Report, silent, track
from survdash.slide.reader import Slide
from survdash.slide.tiles import TileGrid

# At 0.5 um per pixel every tile of four sharp sections lies above 180, and a blur of 0.75 um (sigma) takes nine tiles
# in ten below 80 and most below 50.
BLURRED_BELOW = 50.0
FOCUS_MPP = 0.5  # um per pixel that the limit is meant for


def measure_focus(tile: np.ndarray) -> float:
    """Variance of the Laplacian of a tile's luminance.

    Parameters
    ----------
    tile : ndarray, shape (h, w, 3)
        RGB uint8, at the resolution that the measure is to be compared at.

    Returns
    -------
    float
        In squared grey levels; 0 for a flat tile.

    Raises
    ------
    InputError
        If this is no RGB uint8 picture.

    Notes
    -----
    Measure LAPV of Pertuz, Puig and Garcia (2013), from Pech-Pacheco et al. (2000). It falls with blur, and also with
    contrast: compare tiles of one stain and one resolution.
    """
    if tile.ndim != 3 or tile.shape[2] != 3 or tile.dtype != np.uint8:
        raise InputError(f"A tile is RGB uint8, not {tile.shape} {tile.dtype}.")
    found = cv2.Laplacian(cv2.cvtColor(tile, cv2.COLOR_RGB2GRAY), cv2.CV_16S)
    # Both sums are whole numbers that float64 holds exactly.
    total, squares = cv2.sumElems(found)[0], cv2.norm(found, cv2.NORM_L2SQR)
    return float((squares - total**2 / found.size) / found.size)


def measure_grid_focus(
    slide: Slide, grid: TileGrid, *, report: Report = silent, cancel: Cancel | None = None
) -> np.ndarray:
    """``measure_focus`` of every tile of a grid; reads them all.

    Returns
    -------
    ndarray, shape (M,)
        In the order of the grid.

    Raises
    ------
    SlideError
        If a tile cannot be read.
    Cancelled
        If ``cancel`` is set between two tiles.
    """
    corners = track(grid.coords.tolist(), step="Measuring focus", report=report, cancel=cancel)
    tiles = (slide.read_tile(x, y, level0_px=grid.level0_px, tile_px=grid.tile_px) for x, y in corners)
    return np.array([measure_focus(tile) for tile in tiles])


def blurred_share(focus: np.ndarray) -> float:
    """Share of tiles below ``BLURRED_BELOW``, 0 to 1; meant for tiles of about 0.5 um per pixel."""
    return float(np.mean(focus < BLURRED_BELOW))
