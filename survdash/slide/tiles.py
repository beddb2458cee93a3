"""The grid of tiles: squares of one physical size, side by side from the slide's corner, kept where there is tissue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from survdash.errors import InputError, NotEnoughDataError, SlideError
from survdash.slide.reader import Slide, require_mpp
from survdash.slide.tissue import Tissue
from survdash.store import write_text


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
    """

    coords: np.ndarray
    tissue: np.ndarray
    level0_px: int
    tile_px: int

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
    if not keep.any():
        found = f"{tissue.fraction:.1%} of the slide, no tile with {rule.min_tissue:.0%}" if tissue.fraction else "none"
        raise NotEnoughDataError(
            f"{slide.path.name}: no tissue found ({found}).",
            hint="Look at the overlay; a pale or tiny specimen may need a lower threshold or share of tissue.",
        )
    row, column = np.nonzero(keep)
    coords = (np.stack([column, row], axis=1) * side).astype(np.int32)
    return TileGrid(coords=coords, tissue=share[keep], level0_px=side, tile_px=rule.tile_px)


def write_tiles_csv(grid: TileGrid, path: Path) -> None:
    """Write the tiles as ``x,y,tissue``: level-0 pixels of the top-left corner, share of tissue."""
    lines = [f"{x},{y},{share:.4f}" for (x, y), share in zip(grid.coords.tolist(), grid.tissue.tolist(), strict=True)]
    write_text(path, "\n".join(["x,y,tissue", *lines]) + "\n")


def _tissue_shares(mask: np.ndarray, slide: Slide, side: int) -> np.ndarray:
    """Exact share of tissue in every tile, shape (rows, columns), with tiles that cut through pixels of the mask."""
    total = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1))
    np.cumsum(np.cumsum(mask, axis=0, dtype=np.float64), axis=1, out=total[1:, 1:])
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
