"""The tiles of JPEG-tiled TIFF files (SVS, generic and OME-TIFF), decoded without the way through OpenSlide.

OpenSlide decodes a tile in a third of a millisecond and then needs one more to lay it onto its canvas. Here a tile is
read, decoded by libjpeg-turbo and pasted. Which pages may be read this way is decided by ``tile_pages``; that the
pixels are OpenSlide's is checked by the reader on each slide before it uses this.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg

from survdash.slide.tiff_file import WHAT_DAMAGED_TAGS_RAISE, open_tiff

CACHE_BYTES = 96 * 1024 * 1024  # a row of native tiles of a slide 100,000 px wide, and a quarter
FEWEST_KEPT = 64  # tiles, 12 MB; for reading in blocks of several rows
JPEG, RGB, YCBCR, ONE_PLANE, TOP_LEFT = 7, 2, 6, 1, 1  # values of TIFF tags
DEPTH_TAG, ORIENTATION_TAG, FILL_ORDER_TAG = 32_997, 274, 266
SOI, EOI, APP0, JFIF = b"\xff\xd8", b"\xff\xd9", b"\xff\xe0", b"JFIF\0\x01"
LARGEST_TILE_PX = 2048 * 2048  # several are held at once
NEVER_WRITTEN = bytes(16)  # no JPEG stream ends so: what follows its end marker may, and what a copy left out does
# TIFF says in a tag whether three components are RGB or YCbCr; libjpeg-turbo's own interface reads it from this marker.
ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
TRANSFORM = {RGB: b"\x00", YCBCR: b"\x01"}


class TileError(Exception):
    """A tile that this reader cannot vouch for; whether it is damaged is for OpenSlide to say. Never leaves a slide."""


class CutTileError(TileError):
    """A tile whose end was never written. OpenSlide may take the zeros for codes and show flat colour: not to trust."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TilePage:
    """One level as a grid of JPEG tiles.

    Parameters
    ----------
    width, height : int
        Of the level, in its own pixels.
    tile_width, tile_height : int
    offsets, lengths : ndarray, shape (rows * across,)
        int64, where each tile lies in the file; row by row.
    prefix : bytes
        Start of a JPEG stream that holds the page's colour space and tables; a tile's own stream follows.
    """

    width: int
    height: int
    tile_width: int
    tile_height: int
    offsets: np.ndarray
    lengths: np.ndarray
    prefix: bytes

    @property
    def across(self) -> int:
        """Tiles in a row."""
        return -(-self.width // self.tile_width)

    @property
    def down(self) -> int:
        """Rows of tiles."""
        return -(-self.height // self.tile_height)


def tile_pages(path: Path, sizes: Sequence[tuple[int, int]]) -> tuple[TilePage | None, ...]:
    """Find the pages that are the levels of a slide.

    Parameters
    ----------
    path : Path
        A TIFF file.
    sizes : sequence of (int, int)
        Width and height of each level.

    Returns
    -------
    tuple of TilePage or None
        One per level; None where the page is not of 8-bit JPEG tiles in RGB or YCbCr, where its size is not that of
        one page alone, or where tiles are missing anywhere: then OpenSlide fills in from other levels.
    """
    try:
        with open_tiff(path) as file:
            pages: Iterable[Any] = file.pages
            tiled = [(page, np.array(page.databytecounts, np.int64)) for page in pages if page.is_tiled]
            if not all(len(lengths) and lengths.all() for _, lengths in tiled):
                return (None,) * len(sizes)
            named = [[one for one in tiled if (one[0].imagewidth, one[0].imagelength) == size] for size in sizes]
            return tuple(jpeg_page(*same[0]) if len(same) == 1 else None for same in named)
    except WHAT_DAMAGED_TAGS_RAISE:
        return (None,) * len(sizes)  # what is wrong with the file, OpenSlide says


def largest_tile_bytes(path: Path) -> int:
    """How much the largest tile of a TIFF file is said to take in it; 0 where its tags cannot be read.

    OpenSlide asks for that much memory before it reads, and ends the whole process where it is not to be had.
    """
    try:
        with open_tiff(path) as file:
            pages: Iterable[Any] = file.pages
            return max((max(page.databytecounts, default=0) for page in pages if page.is_tiled), default=0)
    except WHAT_DAMAGED_TAGS_RAISE:
        return 0


def jpeg_page(page: Any, lengths: np.ndarray) -> TilePage | None:
    """A page of tifffile's as a grid of JPEG tiles; None where it is not of 8-bit JPEG tiles in RGB or YCbCr."""
    plain = all(page.tags.valueof(tag, default=1) == 1 for tag in (DEPTH_TAG, ORIENTATION_TAG, FILL_ORDER_TAG))
    kind = (page.compression, page.planarconfig, page.samplesperpixel, page.bitspersample)
    tables = page.jpegtables or SOI + EOI
    if not plain or kind != (JPEG, ONE_PLANE, 3, 8) or page.photometric not in TRANSFORM:
        return None
    if not (tables.startswith(SOI) and tables.endswith(EOI)) or page.tilewidth * page.tilelength > LARGEST_TILE_PX:
        return None
    found = TilePage(
        width=page.imagewidth,
        height=page.imagelength,
        tile_width=page.tilewidth,
        tile_height=page.tilelength,
        offsets=np.array(page.dataoffsets, np.int64),
        lengths=lengths,
        prefix=SOI + ADOBE + TRANSFORM[page.photometric] + tables[len(SOI) : -len(EOI)],
    )
    return found if len(found.offsets) == len(found.lengths) == found.across * found.down else None


class JpegTiles:
    """Regions of a JPEG-tiled TIFF, with the last decoded tiles kept. Use one per thread.

    Parameters
    ----------
    path : Path
    pages : sequence of TilePage or None
        One per level, from ``tile_pages``.
    cache_bytes : int
        Decoded tiles that are kept, in bytes at most; a grid off the file's own asks for each tile up to four times.
        One row of tiles suffices for slides read row by row, and no more is taken: small memory stays in fast memory.
    """

    def __init__(self, path: Path, pages: Sequence[TilePage | None], *, cache_bytes: int = CACHE_BYTES) -> None:
        self.pages = tuple(pages)
        self._file = path.open("rb", buffering=0)
        self._file_bytes = path.stat().st_size
        self._kept: OrderedDict[tuple[int, int], np.ndarray] = OrderedDict()
        self._free: list[np.ndarray] = []
        self._passing: np.ndarray | None = None
        self._limit = cache_bytes
        self._swept = (-1, -1)

    def close(self) -> None:
        """Let go of the file and of the tiles."""
        self._file.close()
        self._kept.clear()
        self._free.clear()

    def read(self, x: int, y: int, *, level: int, size: tuple[int, int]) -> np.ndarray:
        """A region of a level; ``x``, ``y`` and ``size`` (width, height) in pixels of that level.

        Returns
        -------
        ndarray, shape (height, width, 3)
            RGB uint8, white outside the level.

        Raises
        ------
        TileError
            If a tile is damaged or cut short, or the level is not one of JPEG tiles.
        """
        page = self.pages[level] if level < len(self.pages) else None
        if page is None:
            raise TileError(f"no level {level} of JPEG tiles")
        width, height = size
        left, right = max(x, 0), min(x + width, page.width)
        top, bottom = max(y, 0), min(y + height, page.height)
        inside = (left, top, right, bottom) == (x, y, x + width, y + height)
        out = np.empty((height, width, 3), np.uint8) if inside else np.full((height, width, 3), 255, np.uint8)
        if left >= right or top >= bottom:
            return out
        across, tile_width, tile_height = page.across, page.tile_width, page.tile_height
        first_key = (level, top // tile_height * across + left // tile_width)
        for row in range(top // tile_height, (bottom - 1) // tile_height + 1):
            tile_top = row * tile_height
            upper, lower = max(top, tile_top), min(bottom, tile_top + tile_height)
            for column in range(left // tile_width, (right - 1) // tile_width + 1):
                tile_left = column * tile_width
                first, last = max(left, tile_left), min(right, tile_left + tile_width)
                whole = (last - first, lower - upper) == (tile_width, tile_height)
                tile = self._tile(page, (level, row * across + column), first_key, keep=not whole)
                out[upper - y : lower - y, first - x : last - x] = tile[
                    upper - tile_top : lower - tile_top, first - tile_left : last - tile_left
                ]
        return out

    def _tile(self, page: TilePage, key: tuple[int, int], first: tuple[int, int], *, keep: bool) -> np.ndarray:
        """The decoded tile ``key`` (level, index) for a region whose first tile is ``first``.

        One not to keep, of which the region needs all so that no other will ask for it, lies in room of the next.
        """
        tile = self._kept.get(key)
        if tile is not None:
            self._kept.move_to_end(key)
            return tile
        if not keep:
            if self._passing is None or self._passing.shape != (page.tile_height, page.tile_width, 3):
                self._passing = np.empty((page.tile_height, page.tile_width, 3), np.uint8)
            return self._decode(page, key[1], self._passing)
        tile = self._decode(page, key[1], self._room(page, first))
        self._kept[key] = tile
        return tile

    def _room(self, page: TilePage, first: tuple[int, int]) -> np.ndarray:
        """Memory for one tile: new while there may be more, then that of the tiles least likely to be asked for."""
        shape = (page.tile_height, page.tile_width, 3)
        most = max(4, min(self._limit // math.prod(shape), max(FEWEST_KEPT, page.across * 5 // 4)))
        if not self._free and len(self._kept) >= min(FEWEST_KEPT, most):
            done, row = [], (first[0], first[1] // page.across)
            if row != self._swept:  # slides are read row by row: what lies before the region is done with
                self._swept, done = row, [key for key in self._kept if key < first or key[0] != first[0]]
            if not done and len(self._kept) >= most:
                done = [next(iter(self._kept))]  # the tile not used for longest
            self._free = [self._kept.pop(key) for key in done]
        if not self._free:
            return np.empty(shape, np.uint8)
        room = self._free.pop()  # memory that was used before is faster than new memory
        return room if room.shape == shape else np.empty(shape, np.uint8)

    def _decode(self, page: TilePage, index: int, room: np.ndarray) -> np.ndarray:
        offset, length = int(page.offsets[index]), int(page.lengths[index])
        if offset + length > self._file_bytes:  # before memory is taken for what a damaged number promises
            raise TileError(f"tile {index} lies beyond the end of the file")
        self._file.seek(offset)
        data = self._file.read(length)
        if len(data) < length or data[:2] != SOI:
            raise TileError(f"tile {index} is cut short or no JPEG")
        start = 2
        if data[2:4] == APP0:  # says nothing about a tile, but speaks louder about its colours than the prefix
            if data[6 : 6 + len(JFIF)] != JFIF:
                raise TileError(f"tile {index} starts in an unknown way")
            start = 4 + int.from_bytes(data[4:6])
        try:
            # Into room of the tile's size: a header that promises gigapixels gets none.
            tile = simplejpeg.decode_jpeg(page.prefix + data[start:], "RGB", strict=True, buffer=room)
        except ValueError as error:
            kind = CutTileError if data.endswith(NEVER_WRITTEN) and not data.rstrip(b"\0").endswith(EOI) else TileError
            raise kind(f"tile {index}: {error}") from error
        if tile.shape[:2] != (page.tile_height, page.tile_width):
            raise TileError(f"tile {index} is of another size")
        return tile
