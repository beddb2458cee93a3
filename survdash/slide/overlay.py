"""The picture that shows what was taken for tissue, with a legend and a scale bar."""

from __future__ import annotations

import cv2
import numpy as np

from survdash.slide.tiles import TileGrid
from survdash.slide.tissue import SlideView, Tissue

OUTLINE = (0, 114, 178)  # blue: haematoxylin is darker, eosin redder, and colour-blind readers see it
TILE = (0, 158, 115)
INK = (230, 159, 0)  # orange: no stain and no pen has it
ARTEFACT = (240, 228, 66)  # yellow
FOLD = (204, 121, 167)  # reddish purple
DRAWN = (86, 180, 233)  # sky blue
TILE_TINT = 0.25
SMALLEST_SQUARE_PX = 6  # below this outlines would hide the tissue: the tiles are tinted instead
FONT = cv2.FONT_HERSHEY_SIMPLEX
INKED, PAPER = (20, 20, 20), (255, 255, 255)
LETTER_PX = 22.0  # height of a letter of this font at scale 1
LONGEST_BAR = 0.25  # of the picture's width
ROUND_UM = tuple(digit * 10**power for power in range(0, 6) for digit in (1, 2, 5))


def draw_overlay(
    view: SlideView, tissue: Tissue, grid: TileGrid | None = None, *, max_px: int = 1024, legend: bool = True
) -> np.ndarray:
    """The view with the outlines of the tissue and of what was left out and, when given, the kept tiles.

    Parameters
    ----------
    view : SlideView
        What the tissue was found on.
    tissue : Tissue
    grid : TileGrid, optional
    max_px : int
        The slide is drawn at most this wide and high.
    legend : bool
        Whether a strip with the meaning of the colours and, where the resolution is known, a scale bar is added below.

    Returns
    -------
    ndarray, shape (h, w, 3)
        RGB uint8.
    """
    height, width = view.pixels.shape[:2]
    scale = min(1.0, max_px / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = cv2.resize(view.pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else view.pixels.copy()
    if grid is not None:
        _draw_tiles(picture, grid, view)
    shown = [("tissue", OUTLINE)]
    layers = (
        (tissue.excluded, INK, "ink, left out"), (tissue.left_out, ARTEFACT, "rim, left out"),
        (tissue.folded, FOLD, "fold: tiles mostly of it left out"), (tissue.removed, DRAWN, "taken away by hand"),
        (tissue.mask, OUTLINE, ""),
    )  # fmt: skip
    for mask, colour, name in layers:
        if mask is not None and mask.any():
            _draw_outline(picture, mask, colour)
            shown += [(name, colour)] if name else []
    if grid is not None:
        shown.append(("tiles", TILE))
    return _with_legend(picture, shown, view) if legend else picture


def _draw_outline(view: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int]) -> None:
    height, width = view.shape[:2]
    small = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(small, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(view, contours, -1, colour, max(1, round(min(height, width) / 400)), cv2.LINE_AA)


def _draw_tiles(picture: np.ndarray, grid: TileGrid, view: SlideView) -> None:
    scale = picture.shape[1] / view.width
    places = grid.coords - (view.left, view.top)
    corners = np.round(np.concatenate([places, places + grid.level0_px], axis=1) * scale).astype(int)
    if grid.level0_px * scale >= SMALLEST_SQUARE_PX:
        for left, top, right, bottom in corners.tolist():
            cv2.rectangle(picture, (left, top), (right - 1, bottom - 1), TILE, 1)
        return
    tinted = picture.copy()
    for left, top, right, bottom in corners.tolist():
        tinted[top:bottom, left:right] = TILE
    cv2.addWeighted(tinted, TILE_TINT, picture, 1 - TILE_TINT, 0, dst=picture)


def _with_legend(picture: np.ndarray, shown: list[tuple[str, tuple[int, int, int]]], view: SlideView) -> np.ndarray:
    """A white strip below: coloured squares with words, as many a line as fit, then the bar."""
    width = picture.shape[1]
    letter = max(9, round(width / 60))
    size, line, x = letter / LETTER_PX, 0, letter
    entries = []
    for name, colour in shown:
        (long, _), _ = cv2.getTextSize(name, FONT, size, 1)
        if x > letter and x + 2 * letter + long > width:
            line, x = line + 1, letter
        entries.append((line, x, name, colour))
        x += 3 * letter + long
    bar = _bar_um(view)
    last = line + 1 + (bar is not None)
    strip = np.full((round(letter * (1.9 * last + 0.8)), width, 3), PAPER, np.uint8)
    for line, x, name, colour in entries:
        base = round(letter * (1.9 * line + 1.7))
        cv2.rectangle(strip, (x, base - letter), (x + letter, base), colour, cv2.FILLED)
        cv2.putText(strip, name, (x + round(1.5 * letter), base), FONT, size, INKED, 1, cv2.LINE_AA)
    if bar is not None and view.mpp is not None:
        base, long = round(letter * (1.9 * last - 0.2)), round(bar / (view.mpp * view.width / width))
        cv2.rectangle(strip, (letter, base - letter // 2), (letter + long, base - letter // 4), INKED, cv2.FILLED)
        words = f"{bar / 1000:g} mm" if bar >= 1000 else f"{bar:g} um"
        cv2.putText(strip, words, (2 * letter + long, base), FONT, size, INKED, 1, cv2.LINE_AA)
    return np.concatenate([picture, strip])


def _bar_um(view: SlideView) -> float | None:
    """The longest round length that fits; None without a resolution."""
    if view.mpp is None:
        return None
    fitting = [um for um in ROUND_UM if um <= LONGEST_BAR * view.mpp * view.width]
    return float(fitting[-1]) if fitting else None
