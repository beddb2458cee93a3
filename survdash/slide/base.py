"""What every open slide is: levels, tiles at any resolution, a view of the whole.

Memory does not grow with the slide: every read is one tile or one block.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from survdash.errors import SlideError
from survdash.file_hash import content_state, kept_sha256
from survdash.progress import Cancel, Report, silent, track
from survdash.slide.resolution import check_stated_mpp

BLOCK_PX = 4096  # 64 MB as RGBA; strips as wide as the slide would decode most of its tiles twice
LEVEL_SLACK = 1.005  # scanners round: a level said to be 2.0005 times coarser is the one at 2
DAMAGED = "The file may be damaged or cut short; copy it again from where it came."


class Outline(Protocol):
    """What laying a grid must know of a slide; a ``Slide``, or a view of one that is closed."""

    @property
    def path(self) -> Path:
        """Of the file."""

    @property
    def width(self) -> int:
        """Of the scanned area, in level-0 pixels."""

    @property
    def height(self) -> int:
        """Of the scanned area, in level-0 pixels."""

    @property
    def left(self) -> int:
        """Where the scanned area begins in the slide's own level-0 coordinates."""

    @property
    def top(self) -> int:
        """Where the scanned area begins in the slide's own level-0 coordinates."""

    @property
    def mpp(self) -> float | None:
        """At level 0, in um per pixel."""

    @property
    def mpp_doubt(self) -> str:
        """Why what the file says of its resolution is not believed."""


class Slide(ABC):
    """An open slide; a context manager. Use one per thread.

    Attributes
    ----------
    path : Path
    width, height : int
        Size of the scanned area at level 0, in pixels: of most formats the whole slide. An MRXS, and some SCN and BIF,
        are said to be many times as large as what was scanned of them; the rest is never looked at.
    left, top : int
        Corner of the scanned area. Coordinates are always those of the whole slide, as OpenSlide has them.
    mpp : float or None
        Resolution at level 0 in um per pixel: what the user stated, else what the file states, else None.
    mpp_source : str
        "user", "file" or "".
    mpp_doubt : str
        Why what the file says of its resolution is not believed; ``mpp`` is then None unless stated.
    reader : str
        What reads the pixels: "openslide", "direct" or "picture". The pixels do not depend on it.
    downsamples : tuple of float
        Of each level, rising from 1.
    """

    reader = ""
    mpp_doubt = ""

    def __init__(
        self,
        path: Path,
        *,
        size: tuple[int, int],
        downsamples: tuple[float, ...],
        mpp: float | None,
        stated: float | None,
        corner: tuple[int, int] = (0, 0),
    ) -> None:
        self.path, self.downsamples = path, downsamples
        self.width, self.height = size
        self.left, self.top = corner
        self.mpp = mpp if stated is None else check_stated_mpp(stated)
        self.mpp_source = "user" if stated is not None else "file" if mpp is not None else ""
        self._opened = self._states()

    def __enter__(self) -> Slide:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def another(self) -> Slide:
        """The same slide open once more, for another thread; what was read and proven at opening is not done again.

        Raises
        ------
        SlideError
            If it cannot be opened any more.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""

    @abstractmethod
    def _read(self, x: int, y: int, *, level: int, size: tuple[int, int]) -> np.ndarray:
        """RGB uint8 of ``size`` (width, height) pixels of ``level``; ``x`` and ``y`` at level 0."""

    @property
    def level_count(self) -> int:
        """Number of levels."""
        return len(self.downsamples)

    @property
    def files(self) -> tuple[Path, ...]:
        """All that ``sha256`` covers."""
        return (self.path,)

    def check_unchanged(self) -> None:
        """See that the files are those that were opened: readers open them again by name, and so does the hash.

        Raises
        ------
        SlideError
            If one was written to, or another took its place.
        """
        if self._states() != self._opened:
            raise SlideError(
                f"{self.path.name} was changed while it was read.", hint="Wait until it is whole, and start again."
            )

    def _states(self) -> dict[Path, tuple[int, ...]]:
        try:
            return {path: content_state(path) for path in self.files}
        except OSError as error:
            raise SlideError(f"{self.path.name} is gone, or a part of it.", hint=DAMAGED) from error

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file; of slides kept in many files, of all that hold pixels or their places."""
        return self._hash()

    def _hash(self) -> str:
        return kept_sha256(self.path)

    def level_for(self, downsample: float) -> int:
        """The coarsest level that is at least as fine as ``downsample``."""
        fine = [level for level, own in enumerate(self.downsamples) if own <= downsample * LEVEL_SLACK]
        return fine[-1] if fine else 0

    def read_tile(self, x: int, y: int, *, level0_px: int, tile_px: int) -> np.ndarray:
        """One square tile.

        Parameters
        ----------
        x, y : int
            Top-left corner in level-0 pixels.
        level0_px : int
            Side of the square at level 0.
        tile_px : int
            Side of the result; other resolutions are read from the nearest finer level and averaged by area.

        Returns
        -------
        ndarray, shape (tile_px, tile_px, 3)
            RGB uint8; transparent parts are white.

        Raises
        ------
        SlideError
            If this part of the file cannot be read; a tile is never made up.
        """
        level = self.level_for(level0_px / tile_px)
        side = max(1, round(level0_px / self.downsamples[level]))
        tile = self._read(x, y, level=level, size=(side, side))
        return tile if side == tile_px else _resize(tile, (tile_px, tile_px))

    def thumbnail(self, max_px: int, *, report: Report = silent, cancel: Cancel | None = None) -> np.ndarray:
        """The whole scanned area at most ``max_px`` wide and high, never enlarged.

        Returns
        -------
        ndarray, shape (h, w, 3)
            RGB uint8, from the coarsest level that is fine enough; read in blocks, so that a slide of one level needs
            no more memory than any other.

        Raises
        ------
        SlideError
            If the file cannot be read.
        Cancelled
            If ``cancel`` is set between two blocks.
        """
        scale = max(1.0, max(self.width, self.height) / max_px)
        size = max(1, round(self.width / scale)), max(1, round(self.height / scale))
        whole = (0, 0, self.width, self.height)
        return self.read_area(whole, size, downsample=scale, report=report, cancel=cancel)

    def read_area(
        self, box: tuple[int, int, int, int], size: tuple[int, int], *, downsample: float, report: Report = silent,
        cancel: Cancel | None = None,
    ) -> np.ndarray:
        """A part of the scanned area at any resolution.

        Parameters
        ----------
        box : (x, y, width, height)
            In level-0 pixels, counted from the corner of the scanned area, and within it.
        size : (columns, rows)
            Of the result; read in blocks, and averaged by area where that is half a level's size or less: between
            the two, four neighbours do as well in a sixth of the time.
        downsample : float
            Level-0 pixels to one of the result; read from the coarsest level that is at least as fine.

        Returns
        -------
        ndarray, shape (rows, columns, 3)
            RGB uint8.

        Raises
        ------
        SlideError
            If this part of the file cannot be read.
        Cancelled
            If ``cancel`` is set between two blocks.
        """
        (at_x, at_y, width, height), (columns, rows) = box, size
        level = self.level_for(downsample)
        own = self.downsamples[level]
        level_width, level_height = max(1, math.floor(width / own)), max(1, math.floor(height / own))
        across, down = level_width / columns, level_height / rows
        side = max(1, int(BLOCK_PX / max(across, down)))
        corners = [(left, top) for top in range(0, rows, side) for left in range(0, columns, side)]
        view = np.empty((rows, columns, 3), np.uint8)
        for left, top in track(corners, step="Finding tissue", report=report, cancel=cancel):
            right, bottom = min(left + side, columns), min(top + side, rows)
            x, x_end = round(left * across), max(round(left * across) + 1, round(right * across))
            y, y_end = round(top * down), max(round(top * down) + 1, round(bottom * down))
            place = self.left + at_x + round(x * own), self.top + at_y + round(y * own)
            block = self._read(*place, level=level, size=(x_end - x, y_end - y))
            _resize(block, (right - left, bottom - top), out=view[top:bottom, left:right], least_averaged=2.0)
        return view


def on_white(rgba: np.ndarray) -> np.ndarray:
    """RGB of an RGBA picture laid on white."""
    rgb, alpha = rgba[..., :3], rgba[..., 3:]
    if alpha.min() == 255:
        return np.ascontiguousarray(rgb)
    mixed = rgb.astype(np.uint16) * alpha + np.uint16(255) * (255 - alpha.astype(np.uint16))
    return ((mixed + 127) // 255).astype(np.uint8)


def _resize(
    image: np.ndarray, size: tuple[int, int], *, out: np.ndarray | None = None, least_averaged: float = 1.0
) -> np.ndarray:
    if (image.shape[1], image.shape[0]) == size:
        if out is not None:
            out[:] = image
        return image
    shrinks = size[0] * least_averaged <= image.shape[1] and size[1] * least_averaged <= image.shape[0]
    return np.asarray(cv2.resize(image, size, out, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))
