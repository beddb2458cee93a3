"""The grid of tiles: squares of one size, side by side from the scanned area's corner, kept where there is tissue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from survdash.errors import NotEnoughDataError, SlideError
from survdash.slide.base import Outline
from survdash.slide.reader import require_mpp
from survdash.slide.rules import DEFAULT_TILES, TileRule
from survdash.slide.tissue import Tissue
from survdash.store import write_text

__all__ = ["DEFAULT_TILES", "ArtefactTiles", "InkTiles", "TileGrid", "TileRule", "lay_grid", "write_tiles_csv"]

LEAST_THIN = 1e-3  # share of the tissue below which thin ink is a grain of dust
MOST_FOLDED = 0.5  # share of a tile's tissue that is fold from which the tile is left out
LEAST_TOUCHED = 0.05  # share of a tile that a fold or a rim covers before the tile counts as touched


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
        Kept tiles touched by thin, faint or violet ink, and by red that may be a marker.
    """

    thick: int = 0
    excluded: bool = False
    thin: int = 0
    red: int = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know, a sentence for each kind."""
        thick = f"Possible ink, {_count(self.thick)} {'excluded' if self.excluded else 'kept'}."
        thin = f"Possible thin, faint or violet ink in {_count(self.thin)}; not excluded."
        red = f"Possible red marker (or blood) in {_count(self.red)}; not excluded."
        counted = ((thick, self.thick), (thin, self.thin), (red, self.red))
        return tuple(words for words, tiles in counted if tiles)


NO_INK = InkTiles()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtefactTiles:
    """How many tiles other things than ink concern.

    Parameters
    ----------
    edges : int
        Tiles that are no tissue for possible rims of bubbles or coverslips; where these are not excluded, kept tiles
        that they touch.
    edges_excluded : bool
    folded : int
        Tiles that are mostly fold.
    folded_excluded : bool
        Whether those were left out.
    folds_unjudged : bool
        Whether folds were not looked for because the view is too coarse, as of a slide wider than 41 mm.
    folds : int
        Kept tiles touched by what may be a fold, or dense epithelium.
    white, black : int
        Tiles with enough tissue by the mask that are too pale or too dark as a whole.
    padding : int
        Tiles at least half of which is black padding.
    added, removed : int
        Tiles that the user's areas brought in and took away.
    """

    edges: int = 0
    edges_excluded: bool = False
    folded: int = 0
    folded_excluded: bool = False
    folds_unjudged: bool = False
    folds: int = 0
    white: int = 0
    black: int = 0
    padding: int = 0
    added: int = 0
    removed: int = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know, a sentence for each kind."""
        told = (
            ("Possible rims of bubbles or of the coverslip", self.edges, self.edges_excluded),
            ("Mostly tissue fold", self.folded, self.folded_excluded),
            ("Possible tissue folds (or dense epithelium)", self.folds, False),
        )
        found = [
            f"{what}, {_count(tiles)} excluded." if excluded else f"{what} in {_count(tiles)}; not excluded."
            for what, tiles, excluded in told
            if tiles
        ]
        if self.folds_unjudged:
            found.append("Folds were not looked for: a slide wider than 41 mm is seen too coarsely for that.")
        for colour, tiles in (("White", self.white), ("Black", self.black)):
            if tiles:
                found.append(f"{colour} as a whole, though tissue by the mask: {_count(tiles)} left out.")
        if self.padding:
            found.append(f"Black padding in {_count(self.padding)}; it is no tissue.")
        if self.added or self.removed:
            found.append(f"Areas drawn by hand brought in {_count(self.added)} and took away {_count(self.removed)}.")
        return tuple(found)


NO_ARTEFACTS = ArtefactTiles()


def _count(tiles: int) -> str:
    return f"{tiles:,} tile" if tiles == 1 else f"{tiles:,} tiles"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileGrid:
    """The tiles that are kept, row by row.

    Parameters
    ----------
    coords : ndarray, shape (M, 2)
        int32, x and y of the top-left corner at level 0 of the whole slide, as OpenSlide counts.
    tissue : ndarray, shape (M,)
        Share of tissue in each tile, 0 to 1.
    level0_px : int
        Side of a tile at level 0.
    tile_px : int
        Side of a tile as read.
    ink : InkTiles
    artefacts : ArtefactTiles
    """

    coords: np.ndarray
    tissue: np.ndarray
    level0_px: int
    tile_px: int
    ink: InkTiles = NO_INK
    artefacts: ArtefactTiles = NO_ARTEFACTS

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of the tiles, a sentence for each kind."""
        return self.ink.warnings + self.artefacts.warnings

    @property
    def size(self) -> int:
        """Number of tiles M."""
        return len(self.coords)


def lay_grid(slide: Outline, tissue: Tissue, rule: TileRule = DEFAULT_TILES) -> TileGrid:
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
    share = _shares(tissue.mask, slide, side)
    keep = share >= rule.min_tissue
    white, black = _pale_and_dark(tissue, slide, side, rule)
    white, black = white & keep, black & keep & ~white
    ink = _count_ink(tissue, slide, side, keep=keep, least=rule.min_tissue)
    keep = keep & ~white & ~black
    folded = keep & _folded(tissue, slide, side, share)
    excluded = tissue.folded is not None
    keep = keep & ~folded if excluded else keep
    artefacts = _count_artefacts(tissue, slide, side, keep=keep, least=rule.min_tissue)
    artefacts = replace(
        artefacts, white=int(white.sum()), black=int(black.sum()), folded=int(folded.sum()),
        folded_excluded=excluded and bool(folded.any()),
    )  # fmt: skip
    if not keep.any():
        if ink.thick:
            raise NotEnoughDataError(
                f"{slide.path.name}: no tissue found besides possible ink ({_count(ink.thick)}).",
                hint="Look at the overlay; if it is tissue, keep it (--keep-ink on the command line).",
            )
        found = f"{tissue.fraction:.1%} of the slide, no tile with {rule.min_tissue:.0%}" if tissue.fraction else "none"
        raise NotEnoughDataError(
            " ".join([f"{slide.path.name}: no tissue found ({found}).", *artefacts.warnings]),
            hint="Look at the overlay; a pale or tiny specimen may need a lower threshold or share of tissue.",
        )
    row, column = np.nonzero(keep)
    coords = (np.stack([column, row], axis=1) * side + (slide.left, slide.top)).astype(np.int32)
    return TileGrid(
        coords=coords, tissue=share[keep], level0_px=side, tile_px=rule.tile_px, ink=ink, artefacts=artefacts
    )


def write_tiles_csv(grid: TileGrid, path: Path, *, focus: np.ndarray | None = None) -> None:
    """Write the tiles as ``x,y,tissue``: level-0 pixels of the top-left corner, share of tissue; and ``focus``."""
    columns = [grid.coords[:, 0].astype(str), grid.coords[:, 1].astype(str), [f"{share:.4f}" for share in grid.tissue]]
    names = ["x", "y", "tissue"]
    if focus is not None:
        names.append("focus")
        columns.append([f"{value:.2f}" for value in focus])
    lines = [",".join(row) for row in zip(*columns, strict=True)]
    write_text(path, "\n".join([",".join(names), *lines]) + "\n")


def _pale_and_dark(tissue: Tissue, slide: Outline, side: int, rule: TileRule) -> tuple[np.ndarray, np.ndarray]:
    """Tiles below the limits of saturation and brightness; never those that the user's areas brought in."""
    nowhere = np.zeros((slide.height // side, slide.width // side), bool)
    drawn = nowhere
    if tissue.added is not None:
        drawn = _shares(tissue.added, slide, side) > 0
    pale, dark = (
        _means(plane, slide, side) < least if plane is not None and least > 0 else nowhere
        for plane, least in (
            (tissue.saturation, rule.least_saturation), (tissue.brightness, rule.least_brightness)
        )
    )  # fmt: skip
    return pale & ~drawn, dark & ~drawn


def _count_artefacts(
    tissue: Tissue, slide: Outline, side: int, *, keep: np.ndarray, least: float
) -> ArtefactTiles:
    """Tiles that one kind alone costs, touches or brings in."""

    def count(mask: np.ndarray, limit: float, among: np.ndarray) -> int:
        return int((among & (_shares(mask, slide, side) >= limit)).sum()) if mask.any() else 0

    found = NO_ARTEFACTS
    if tissue.padding is not None:
        found = replace(found, padding=count(tissue.padding, 0.5, np.ones_like(keep)))
    if tissue.added is not None and tissue.removed is not None:
        without = _shares(tissue.mask & ~tissue.added, slide, side) >= least
        found = replace(
            found, added=int((keep & ~without).sum()), removed=count(tissue.mask | tissue.removed, least, ~keep)
        )
    if tissue.artefacts is None:
        return found
    found = replace(
        found, folds=count(tissue.artefacts.folds & tissue.mask, LEAST_TOUCHED, keep),
        folds_unjudged=not tissue.artefacts.judged,
    )  # fmt: skip
    if tissue.left_out is not None and tissue.left_out.any():
        return replace(found, edges=count(tissue.mask | tissue.left_out, least, ~keep), edges_excluded=True)
    return replace(found, edges=count(tissue.artefacts.edges & tissue.mask, LEAST_TOUCHED, keep))


def _folded(tissue: Tissue, slide: Outline, side: int, share: np.ndarray) -> np.ndarray:
    """Tiles whose tissue, of which they have ``share``, is mostly fold; shape (rows, columns)."""
    folds = tissue.folded if tissue.folded is not None or tissue.artefacts is None else tissue.artefacts.doubled
    if folds is None or not folds.any():
        return np.zeros(share.shape, bool)
    return (share > 0) & (_shares(folds & tissue.mask, slide, side) >= MOST_FOLDED * share)


def _count_ink(tissue: Tissue, slide: Outline, side: int, *, keep: np.ndarray, least: float) -> InkTiles:
    if tissue.ink is None:
        return NO_INK
    excluded = tissue.excluded is not None
    other = tissue.mask | tissue.excluded if tissue.excluded is not None else tissue.mask & ~tissue.ink.thick
    # The same tiles with ink as tissue, or without it: those that differ are the ink's.
    thick = keep ^ (_shares(other, slide, side) >= least) if tissue.ink.thick.any() else np.zeros_like(keep)
    thin, red = 0, 0
    if np.count_nonzero(tissue.ink.thin & tissue.mask) >= LEAST_THIN * np.count_nonzero(tissue.mask):
        thin = int((keep & (_shares(tissue.ink.thin & tissue.mask, slide, side) > 0)).sum())
    if tissue.ink.red.any():
        red = int((keep & (_shares(tissue.ink.red & tissue.mask, slide, side) > 0)).sum())
    return InkTiles(thick=int(thick.sum()), excluded=excluded, thin=thin, red=red)


def _shares(mask: np.ndarray, slide: Outline, side: int) -> np.ndarray:
    """Exact share of every tile that a mask covers, shape (rows, columns)."""
    return np.clip(_means(mask.view(np.uint8), slide, side), 0.0, 1.0)


def _means(plane: np.ndarray, slide: Outline, side: int) -> np.ndarray:
    """Exact mean over every tile, shape (rows, columns), with tiles that cut through pixels of the view."""
    small = plane.size < np.iinfo(np.int32).max // 255  # whole numbers of four bytes do, in half the memory
    total = cv2.integral(plane, sdepth=cv2.CV_32S if small else cv2.CV_64F)
    at_y = _between(total, np.arange(slide.height // side + 1) * (side * plane.shape[0] / slide.height))
    at_both = _between(at_y.T, np.arange(slide.width // side + 1) * (side * plane.shape[1] / slide.width)).T
    sums = np.diff(np.diff(at_both, axis=0), axis=1)
    area = side * plane.shape[0] / slide.height * (side * plane.shape[1] / slide.width)
    # Rounded where float64 ends for sums of 1e7 pixels, so that a tile full of tissue has exactly 1.
    return np.asarray(np.round(sums / area, 9))


def _between(table: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rows of ``table`` at fractional positions, linearly: exact for a running sum."""
    low = np.minimum(at.astype(int), len(table) - 2)
    weight = (at - low)[:, None]
    found = np.take(table, low, axis=0) * (1 - weight)
    found += np.take(table, low + 1, axis=0) * weight
    return np.asarray(found)
