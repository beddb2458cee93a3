"""The picture that shows what was taken for tissue."""

from __future__ import annotations

import cv2
import numpy as np

from survdash.slide.reader import Slide
from survdash.slide.tiles import TileGrid
from survdash.slide.tissue import Tissue

OUTLINE = (0, 114, 178)  # blue: haematoxylin is darker, eosin redder, and colour-blind readers see it
TILE = (0, 158, 115)
INK = (230, 159, 0)  # orange: no stain and no pen has it
TILE_TINT = 0.25
SMALLEST_SQUARE_PX = 6  # below this outlines would hide the tissue: the tiles are tinted instead


def draw_overlay(slide: Slide, tissue: Tissue, grid: TileGrid | None = None, *, max_px: int = 1024) -> np.ndarray:
    """Thumbnail with the outline of the tissue, of excluded ink and, when given, the kept tiles.

    Returns
    -------
    ndarray, shape (h, w, 3)
        RGB uint8, at most ``max_px`` wide and high.

    Raises
    ------
    SlideError
        If the slide cannot be read.
    """
    view = slide.thumbnail(max_px).copy()
    if grid is not None:
        _draw_tiles(view, grid, slide)
    for mask, colour in ((tissue.excluded, INK), (tissue.mask, OUTLINE)):
        if mask is not None:
            _draw_outline(view, mask, colour)
    return view


def _draw_outline(view: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int]) -> None:
    height, width = view.shape[:2]
    small = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(small, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(view, contours, -1, colour, max(1, round(min(height, width) / 400)), cv2.LINE_AA)


def _draw_tiles(view: np.ndarray, grid: TileGrid, slide: Slide) -> None:
    scale = view.shape[1] / slide.width
    corners = np.round(np.concatenate([grid.coords, grid.coords + grid.level0_px], axis=1) * scale).astype(int)
    if grid.level0_px * scale >= SMALLEST_SQUARE_PX:
        for left, top, right, bottom in corners.tolist():
            cv2.rectangle(view, (left, top), (right - 1, bottom - 1), TILE, 1)
        return
    tinted = view.copy()
    for left, top, right, bottom in corners.tolist():
        tinted[top:bottom, left:right] = TILE
    cv2.addWeighted(tinted, TILE_TINT, view, 1 - TILE_TINT, 0, dst=view)
