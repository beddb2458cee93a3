"""The grid of tiles: squares of one physical size, side by side from the slide's corner, kept where there is tissue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from survdash.errors import InputError, NotEnoughDataError, SlideError
from survdash.slide.reader import Slide, require_mpp
from survdash.slide.tissue import Tissue
from survdash.store import write_text

LEAST_THIN = 1e-3  # share of the tissue below which thin ink is a grain of dust


@dataclass(frozen=True, slots=True, kw_only=True)
class TileRule:
    """How a slide is cut.

    Parameters
    ----------
    tile_px : int
        Side of a tile as the encoder sees it.
    target_mpp : float
        Its resolution in um per pixel; 0.5 is 20x.
    min_tissue : float
        Share of a tile that must be tissue, above 0 and up to 1.
    snap : float
        A slide whose resolution is within this share of a whole multiple of ``target_mpp`` is read by whole pixels
        instead of being resampled.
    most_enlarged : float
        Slides coarser than this times ``target_mpp`` are refused: enlarging does not bring back what was not scanned.
    """

    tile_px: int = 256
    target_mpp: float = 0.5
    min_tissue: float = 0.5
    snap: float = 0.02
    most_enlarged: float = 4.0

    def __post_init__(self) -> None:
        if self.tile_px < 16 or not 0.05 <= self.target_mpp <= 20 or not 0 < self.min_tissue <= 1:
            raise InputError(
                f"Tiles of {self.tile_px} px, {self.target_mpp:g} um/px, {self.min_tissue:g} tissue are not possible.",
                hint="At least 16 px, 0.05 to 20 um/px, and a share of tissue above 0 and up to 1.",
            )

    def level0_px(self, mpp: float) -> int:
        """Side of a tile at level 0 of a slide of ``mpp`` um per pixel."""
        ratio = self.target_mpp / mpp
        whole = round(ratio)
        if whole >= 1 and abs(ratio - whole) <= self.snap * ratio:
            return self.tile_px * whole
        return max(1, round(self.tile_px * ratio))


DEFAULT_TILES = TileRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class InkTiles:
    """How many tiles ink concerns.

    Parameters
    ----------
    thick : int
        Tiles that are tissue with thick strokes counted as tissue, and are not without.
    excluded : bool
        Whether those were left out.
    thin, red : int
        Kept tiles touched by thin ink, and by red that may be a marker.
    """

    thick: int = 0
    excluded: bool = False
    thin: int = 0
    red: int = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know, a sentence for each kind."""
        thick = f"Possible ink, {_count(self.thick)} {'excluded' if self.excluded else 'kept'}."
        thin = f"Possible thin ink in {_count(self.thin)}; not excluded."
        red = f"Possible red marker (or blood) in {_count(self.red)}; not excluded."
        counted = ((thick, self.thick), (thin, self.thin), (red, self.red))
        return tuple(words for words, tiles in counted if tiles)


NO_INK = InkTiles()


def _count(tiles: int) -> str:
    return f"{tiles:,} tile" if tiles == 1 else f"{tiles:,} tiles"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileGrid:
    """The tiles that are kept, row by row.

    Parameters
    ----------
    coords : ndarray, shape (M, 2)
        int32, x and y of the top-left corner at level 0.
    tissue : ndarray, shape (M,)
        Share of tissue in each tile, 0 to 1.
    level0_px : int
        Side of a tile at level 0.
    tile_px : int
        Side of a tile as read.
    ink : InkTiles
    """

    coords: np.ndarray
    tissue: np.ndarray
    level0_px: int
    tile_px: int
    ink: InkTiles = NO_INK

    @property
    def size(self) -> int:
        """Number of tiles M."""
        return len(self.coords)


def lay_grid(slide: Slide, tissue: Tissue, rule: TileRule = DEFAULT_TILES) -> TileGrid:
    """Cut a slide into tiles that do not overlap and keep those with enough tissue.

    Raises
    ------
    SlideError
        If the slide's resolution is not stated, or too coarse for these tiles.
    NotEnoughDataError
        If the slide is smaller than one tile or has no tissue.
    """
    mpp = require_mpp(slide)
    if mpp > rule.most_enlarged * rule.target_mpp:
        raise SlideError(
            f"{slide.path.name} has {mpp:g} um per pixel: too coarse for tiles of {rule.target_mpp:g} um per pixel.",
            hint=f"Give a finer scan (up to {rule.most_enlarged * rule.target_mpp:g}), or check the stated resolution.",
        )
    side = rule.level0_px(mpp)
    columns, rows = slide.width // side, slide.height // side
    if columns == 0 or rows == 0:
        raise NotEnoughDataError(
            f"{slide.path.name} ({slide.width} x {slide.height} px) is smaller than one tile of {side} px.",
            hint="Give the slide itself, not a thumbnail of it, or check the stated resolution.",
        )
    share = _tissue_shares(tissue.mask, slide, side)
    keep = share >= rule.min_tissue
    ink = _count_ink(tissue, slide, side, keep=keep, least=rule.min_tissue)
    if not keep.any():
        if ink.thick:
            raise NotEnoughDataError(
                f"{slide.path.name}: no tissue found besides possible ink ({_count(ink.thick)}).",
                hint="Look at the overlay; if it is tissue, keep it (--keep-ink on the command line).",
            )
        found = f"{tissue.fraction:.1%} of the slide, no tile with {rule.min_tissue:.0%}" if tissue.fraction else "none"
        raise NotEnoughDataError(
            f"{slide.path.name}: no tissue found ({found}).",
            hint="Look at the overlay; a pale or tiny specimen may need a lower threshold or share of tissue.",
        )
    row, column = np.nonzero(keep)
    coords = (np.stack([column, row], axis=1) * side).astype(np.int32)
    return TileGrid(coords=coords, tissue=share[keep], level0_px=side, tile_px=rule.tile_px, ink=ink)


def write_tiles_csv(grid: TileGrid, path: Path, *, focus: np.ndarray | None = None) -> None:
    """Write the tiles as ``x,y,tissue``: level-0 pixels of the top-left corner, share of tissue; and ``focus``."""
    columns = [grid.coords[:, 0].astype(str), grid.coords[:, 1].astype(str), [f"{share:.4f}" for share in grid.tissue]]
    names = ["x", "y", "tissue"]
    if focus is not None:
        names.append("focus")
        columns.append([f"{value:.2f}" for value in focus])
    lines = [",".join(row) for row in zip(*columns, strict=True)]
    write_text(path, "\n".join([",".join(names), *lines]) + "\n")


def _count_ink(tissue: Tissue, slide: Slide, side: int, *, keep: np.ndarray, least: float) -> InkTiles:
    if tissue.ink is None:
        return NO_INK
    excluded = tissue.excluded is not None
    other = tissue.mask | tissue.excluded if tissue.excluded is not None else tissue.mask & ~tissue.ink.thick
    # The same tiles with ink as tissue, or without it: those that differ are the ink's.
    thick = keep ^ (_tissue_shares(other, slide, side) >= least) if tissue.ink.thick.any() else np.zeros_like(keep)
    thin, red = 0, 0
    if (tissue.ink.thin & tissue.mask).sum() >= LEAST_THIN * tissue.mask.sum():
        thin = int((keep & (_tissue_shares(tissue.ink.thin & tissue.mask, slide, side) > 0)).sum())
    if tissue.ink.red.any():
        red = int((keep & (_tissue_shares(tissue.ink.red & tissue.mask, slide, side) > 0)).sum())
    return InkTiles(thick=int(thick.sum()), excluded=excluded, thin=thin, red=red)


def _tissue_shares(mask: np.ndarray, slide: Slide, side: int) -> np.ndarray:
    """Exact share of tissue in every tile, shape (rows, columns), with tiles that cut through pixels of the mask."""
    total = cv2.integral(mask.astype(np.uint8), sdepth=cv2.CV_64F)
    at_y = _between(total, np.arange(slide.height // side + 1) * (side * mask.shape[0] / slide.height))
    at_both = _between(at_y.T, np.arange(slide.width // side + 1) * (side * mask.shape[1] / slide.width)).T
    sums = np.diff(np.diff(at_both, axis=0), axis=1)
    area = side * mask.shape[0] / slide.height * (side * mask.shape[1] / slide.width)
    # Rounded where float64 ends for sums of 1e7 pixels, so that a tile full of tissue has exactly 1.
    return np.asarray(np.clip(np.round(sums / area, 9), 0.0, 1.0))


def _between(table: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rows of ``table`` at fractional positions, linearly: exact for a running sum."""
    low = np.minimum(at.astype(int), len(table) - 2)
    weight = (at - low)[:, None]
    return np.asarray(table[low] * (1 - weight) + table[low + 1] * weight)
