"""A slide in the tiles of a zooming viewer: Deep Zoom's levels, each half as large as the one above it.

Level ``last_level`` is the scanned area at full resolution, level 0 is one pixel. Nothing is written to disk: a tile is
read from the slide when it is asked for. Label and macro pictures are no part of it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from survdash.errors import SlideError
from survdash.slide.base import Slide

TILE_PX = 512
QUALITY = 88
LARGEST_CROP_PX = 4096  # side at level 0
CROP_PX = 512  # side of a crop that leaves here, at most
MOST_SOURCE_PX = 1 << 26  # read for one tile; a slide without a fitting level is looked at through its overview
OVERVIEW_PX = 4096


@dataclass(frozen=True, slots=True)
class Pyramid:
    """Deep Zoom's addresses of a picture of ``width`` times ``height`` pixels."""

    width: int
    height: int

    @property
    def last_level(self) -> int:
        """The level at full resolution.

        Examples
        --------
        >>> Pyramid(1, 1).last_level, Pyramid(1024, 10).last_level, Pyramid(1025, 10).last_level
        (0, 10, 11)
        """
        return (max(self.width, self.height) - 1).bit_length()

    def size(self, level: int) -> tuple[int, int]:
        """Width and height at a level."""
        shrink = self.shrink(level)
        return -(-self.width // shrink), -(-self.height // shrink)

    def shrink(self, level: int) -> int:
        """Full-resolution pixels to one of a level, along each side."""
        return 1 << (self.last_level - level)

    def box(self, level: int, column: int, row: int) -> tuple[tuple[int, int, int, int], tuple[int, int]]:
        """Where a tile lies, (x, y, width, height) at full resolution, and its own (width, height).

        Raises
        ------
        SlideError
            If there is no such tile.
        """
        if not 0 <= level <= self.last_level or column < 0 or row < 0:
            raise SlideError("There is no such tile.")
        across, down = self.size(level)
        left, top = column * TILE_PX, row * TILE_PX
        if left >= across or top >= down:
            raise SlideError("There is no such tile.")
        shrink = self.shrink(level)
        columns, rows = min(TILE_PX, across - left), min(TILE_PX, down - top)
        x, y = left * shrink, top * shrink
        width, height = min(columns * shrink, self.width - x), min(rows * shrink, self.height - y)
        return (x, y, width, height), (columns, rows)


class ZoomSlide:
    """An open slide as a viewer asks for it; one thread at a time."""

    def __init__(self, slide: Slide) -> None:
        self.slide, self.pyramid = slide, Pyramid(slide.width, slide.height)
        self._overview: np.ndarray | None = None

    def tile(self, level: int, column: int, row: int) -> bytes:
        """One tile as JPEG.

        Raises
        ------
        SlideError
            If there is no such tile, or the file cannot be read there.
        """
        box, size = self.pyramid.box(level, column, row)
        shrink = self.pyramid.shrink(level)
        own = self.slide.downsamples[self.slide.level_for(shrink)]
        if box[2] * box[3] / own**2 > MOST_SOURCE_PX:
            return to_jpeg(self._from_overview(box, size))
        return to_jpeg(self.slide.read_area(box, size, downsample=shrink))

    def crop(self, x: int, y: int, side: int) -> bytes:
        """A square at full resolution as JPEG, ``x`` and ``y`` counted from the corner of the scanned area.

        Raises
        ------
        SlideError
            If it reaches beyond the slide or is too large, or the file cannot be read there.
        """
        inside = 0 <= x < self.slide.width and 0 <= y < self.slide.height
        if not inside or not 1 <= side <= LARGEST_CROP_PX:
            raise SlideError("There is no such part of the slide.")
        width, height = min(side, self.slide.width - x), min(side, self.slide.height - y)
        shrink = max(1.0, max(width, height) / CROP_PX)
        size = max(1, round(width / shrink)), max(1, round(height / shrink))
        return to_jpeg(self.slide.read_area((x, y, width, height), size, downsample=shrink))

    def close(self) -> None:
        """Let go of the file."""
        self._overview = None
        self.slide.close()

    def _from_overview(self, box: tuple[int, int, int, int], size: tuple[int, int]) -> np.ndarray:
        """A tile cut from a small picture of the whole, for a slide that has no level coarse enough to read it from."""
        if self._overview is None:
            self._overview = self.slide.thumbnail(OVERVIEW_PX)
        rows, columns = self._overview.shape[:2]
        across, down = columns / self.slide.width, rows / self.slide.height
        left, top = int(box[0] * across), int(box[1] * down)
        right, bottom = max(left + 1, round((box[0] + box[2]) * across)), max(top + 1, round((box[1] + box[3]) * down))
        part = Image.fromarray(self._overview[top:bottom, left:right])
        return np.asarray(
            part.resize(size, Image.Resampling.BOX if part.width >= size[0] else Image.Resampling.BILINEAR)
        )


def to_jpeg(image: np.ndarray) -> bytes:
    """RGB uint8 as JPEG, colours at full resolution: stains are told apart by them."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return buffer.getvalue()
