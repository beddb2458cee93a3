"""The coarse levels of an OME-TIFF: they hang below its first page (SubIFDs), where OpenSlide does not look.

Without them a view of the whole slide would decode all of it. Level 0 stays with OpenSlide; a lower level is used when
it shows the same picture as the one above it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from survdash.errors import SlideError
from survdash.slide.base import DAMAGED, Slide
from survdash.slide.jpeg_tiff import JPEG, LARGEST_TILE_PX, JpegTiles, TileError, TilePage, jpeg_page
from survdash.slide.picture import MAX_PAGES, refuse_stack
from survdash.slide.tiff_file import WHAT_DAMAGED_TAGS_RAISE, open_tiff

REDUCED = 1  # bit of NewSubfileType: a smaller copy of another page
COMPARED_PX = 8  # side of the two views that must look alike
MOST_APART = 16.0  # grey levels of 255 on average; levels made by leaving pixels out differ by up to 5
MOST_READ = 4096  # side of what is read of the level above, where a level is far coarser
# None, LZW, Deflate, PackBits, Zstandard: they stop at a tile's size. JPEG 2000 and others take what a header promises.
BOUNDED = frozenset({1, 5, 8, 32_946, 32_773, 50_000})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SubPage(TilePage):
    """A level as a grid of tiles in another compression than JPEG.

    Parameters
    ----------
    decode : callable
        tifffile's for this page.
    """

    decode: Callable[..., Any]


class SubTiles(JpegTiles):
    """Regions of such levels. Use one per thread."""

    def _decode(self, page: TilePage, index: int, room: np.ndarray) -> np.ndarray:
        offset, length = int(page.offsets[index]), int(page.lengths[index])
        if length and not isinstance(page, SubPage):
            return super()._decode(page, index, room)
        room[:] = 255
        if length == 0 or not isinstance(page, SubPage):  # never scanned
            return room
        if offset + length > self._file_bytes:
            raise TileError(f"tile {index} lies beyond the end of the file")
        self._file.seek(offset)
        try:
            found, _, _ = page.decode(self._file.read(length), index)
            height, width, samples = found.shape[-3:]
            if samples != 3 or found.dtype != np.uint8:
                raise TileError(f"tile {index} is not of 8-bit colours")
            room[:height, :width] = found.reshape(-1, height, width, 3)[0]
        except WHAT_DAMAGED_TAGS_RAISE as error:
            raise TileError(f"tile {index}: {error}") from error
        return room


class OmeSlide(Slide):
    """A slide of one level, with those that hang below its page.

    Parameters
    ----------
    whole : Slide
        The first page; closed with this.
    pages : sequence of TilePage
        From ``sub_pages``, falling in size.
    """

    def __init__(self, whole: Slide, pages: tuple[TilePage, ...]) -> None:
        downsamples = tuple((whole.width / page.width + whole.height / page.height) / 2 for page in pages)
        super().__init__(
            whole.path, size=(whole.width, whole.height), downsamples=(1.0, *downsamples), mpp=whole.mpp, stated=None
        )
        self.mpp_source, self.mpp_doubt, self.reader = whole.mpp_source, whole.mpp_doubt, whole.reader
        self._whole, self._tiles = whole, SubTiles(whole.path, (None, *pages))
        for level in range(1, self.level_count):
            if not self._is_like_the_finer(level):
                self.downsamples = self.downsamples[:level]
                break

    def another(self) -> OmeSlide:
        """The same slide open once more, for another thread."""
        fresh = copy(self)
        fresh._whole = self._whole.another()
        fresh._tiles = SubTiles(self.path, self._tiles.pages)
        return fresh

    def close(self) -> None:
        """Let go of the file."""
        self._tiles.close()
        self._whole.close()

    def _hash(self) -> str:
        return self._whole.sha256

    def _read(self, x: int, y: int, *, level: int, size: tuple[int, int]) -> np.ndarray:
        if level == 0:
            return self._whole._read(x, y, level=0, size=size)
        own = self.downsamples[level]
        try:
            return self._tiles.read(round(x / own), round(y / own), level=level, size=size)
        except TileError as error:
            raise SlideError(
                f"{self.path.name}: the part at x={x}, y={y} (level {level}, {size[0]} x {size[1]} px) cannot be "
                f"read: {error}.",
                hint=DAMAGED,
            ) from error

    def _is_like_the_finer(self, level: int) -> bool:
        """Whether the most detailed tile of a level looks like the same place of the level above it."""
        page, own = self._tiles.pages[level], self.downsamples[level]
        if page is None:
            return False
        row, column = divmod(int(np.argmax(page.lengths)), page.across)
        x, y = round(column * page.tile_width * own), round(row * page.tile_height * own)
        side = min(page.tile_width, page.tile_height, int(MOST_READ * self.downsamples[level - 1] / own))
        width = min(side, page.width - column * page.tile_width)
        height = min(side, page.height - row * page.tile_height)
        finer = own / self.downsamples[level - 1]
        try:
            here = self._read(x, y, level=level, size=(width, height))
            above = self._read(x, y, level=level - 1, size=(round(width * finer), round(height * finer)))
        except SlideError:
            return False
        small = [cv2.resize(one, (COMPARED_PX, COMPARED_PX), interpolation=cv2.INTER_AREA) for one in (here, above)]
        return float(np.abs(small[0].astype(float) - small[1]).mean()) <= MOST_APART


def sub_pages(path: Path) -> tuple[TilePage, ...]:
    """The levels below the first page of a TIFF file, falling in size.

    Returns
    -------
    tuple of TilePage
        Of tiles in 8-bit RGB, each smaller than the one before and in the proportions of the first page; it ends at
        the first that is not.

    Raises
    ------
    SlideError
        If the file is a stack of pages of one size: channels or depths.
    """
    try:
        with open_tiff(path) as file:
            first: Any = file.pages[0]
            size = first.imagewidth, first.imagelength
            planes = sum(
                (page.imagewidth, page.imagelength) == size and not page.subfiletype & REDUCED
                for page in _first_pages(file.pages)
            )
            levels: list[TilePage] = []
            for page in first.pages or () if planes == 1 and first.subifds else ():
                made = _sub_page(page, size, levels[-1] if levels else None)
                if made is None:
                    break
                levels.append(made)
    except WHAT_DAMAGED_TAGS_RAISE:
        return ()  # what is wrong with the file, OpenSlide says
    if planes > 1:
        raise refuse_stack(path, planes, size)
    return tuple(levels)


def _first_pages(pages: Any) -> Iterable[Any]:
    return (pages[number] for number in range(min(len(pages), MAX_PAGES)))


def _sub_page(page: Any, size: tuple[int, int], finer: TilePage | None) -> TilePage | None:
    kind = (page.planarconfig, page.samplesperpixel, page.bitspersample)
    if not page.is_tiled or kind != (1, 3, 8) or page.tilewidth * page.tilelength > LARGEST_TILE_PX:
        return None
    width, height = page.imagewidth, page.imagelength
    own = (size[0] / width + size[1] / height) / 2
    in_proportion = abs(size[0] / own - width) <= 1.5 and abs(size[1] / own - height) <= 1.5  # rounded up or down
    if not in_proportion or width >= (size[0] if finer is None else finer.width):
        return None
    if page.compression == JPEG:
        return jpeg_page(page, np.array(page.databytecounts, np.int64))
    if page.compression not in BOUNDED:
        return None
    made = SubPage(
        width=width, height=height, tile_width=page.tilewidth, tile_height=page.tilelength, prefix=b"",
        offsets=np.array(page.dataoffsets, np.int64), lengths=np.array(page.databytecounts, np.int64),
        decode=page.decode,
    )  # fmt: skip
    return made if len(made.offsets) == len(made.lengths) == made.across * made.down else None
