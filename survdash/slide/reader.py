"""Slides and plain pictures behind one small interface.

OpenSlide reads the scanners' formats; TIFF files of JPEG tiles are read past it where that gives the same pixels
faster; PNG, JPEG and plain TIFF pictures are read by Pillow. Only the picture of the tissue is ever touched: label and
macro images are not opened, because they can show a name. Memory does not grow with the slide: every read is one tile
or one block.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from copy import copy
from pathlib import Path
from typing import Self

import numpy as np
import openslide

from survdash.errors import SlideError
from survdash.slide.base import DAMAGED, Outline, Slide, on_white
from survdash.slide.companions import WHOLE, companion_files, missing_companions, slide_sha256
from survdash.slide.jpeg_tiff import CutTileError, JpegTiles, TileError, largest_tile_bytes, tile_pages
from survdash.slide.objective import doubt
from survdash.slide.ome_tiff import OmeSlide, sub_pages
from survdash.slide.picture import PictureSlide
from survdash.slide.resolution import has_tiff_unit, parse_ome_mpp, parse_openslide_mpp
from survdash.slide.tiff_file import parsed_once

DIRECT_VENDORS = frozenset({"aperio", "generic-tiff"})  # a plain grid of tiles; others overlap, shift or leave out
WHOLE_READ_PX = 4096  # OpenSlide reads larger regions in parts, whose corners it rounds to level-0 pixels
TIFF_VENDORS = DIRECT_VENDORS | {"leica", "philips", "trestle", "ventana"}  # their tiles are read whole into memory
LARGEST_TILE_PX = 8192 * 8192  # OpenSlide ends the whole process where it cannot have the memory for one tile
PROOF_TILES = 3  # tried before a level is given up: one may be damaged
# A file can be TIFF and DICOM at once. Uploads have these endings, and OpenSlide's reader of DICOM bears no damaged
# files: it must never see one in the web server.
NOT_DICOM = frozenset({".svs", ".tif", ".tiff", ".ndpi", ".scn", ".bif", ".png", ".jpg", ".jpeg"})
IN_ANY_ORDER = frozenset({"dicom"})  # any file of the slide may be the named one, under any name


class OpenSlideSlide(Slide):
    """A slide in one of OpenSlide's formats."""

    reader = "openslide"

    def __init__(self, path: Path, stated: float | None) -> None:
        self._handle = _open_handle(path)
        properties = self._handle.properties
        self._vendor = properties.get(openslide.PROPERTY_NAME_VENDOR, "")
        _check_tile_size(path, self._handle, tiff=self._vendor in TIFF_VENDORS)
        try:
            self._companions = companion_files(path, self._vendor, properties)
        except SlideError:
            self._handle.close()
            raise
        mpp = parse_ome_mpp(properties.get(openslide.PROPERTY_NAME_COMMENT, "")) if self._is_plain else None
        if mpp is None:
            mpp = parse_openslide_mpp(properties)
            mpp = None if mpp is not None and self._is_plain and not has_tiff_unit(path) else mpp
        self.mpp_doubt = doubt(mpp, properties)
        left, top, width, height = scanned_area(properties, self._handle.dimensions)
        super().__init__(
            path,
            size=(width, height),
            downsamples=tuple(self._handle.level_downsamples),
            mpp=None if self.mpp_doubt else mpp,
            stated=stated,
            corner=(left, top),
        )

    @property
    def _is_plain(self) -> bool:
        """Whether this is a TIFF of no scanner's own kind, OME-TIFF among them."""
        return self._vendor == "generic-tiff"

    def another(self) -> Self:
        """The same slide open once more, for another thread."""
        fresh = copy(self)
        fresh._handle = _open_handle(self.path)
        return fresh

    def close(self) -> None:
        """Let go of the file."""
        self._handle.close()

    @property
    def files(self) -> tuple[Path, ...]:
        """All that ``sha256`` covers."""
        return (self.path, *self._companions)

    def _hash(self) -> str:
        return slide_sha256(self.path, self._companions, in_any_order=self._vendor in IN_ANY_ORDER)

    def _read(self, x: int, y: int, *, level: int, size: tuple[int, int]) -> np.ndarray:
        try:
            image = self._handle.read_region((x, y), level, size)
        except openslide.OpenSlideError:
            # After one unreadable part a handle refuses all others, so only a new one can tell what is really broken.
            self._reopen()
            try:
                image = self._handle.read_region((x, y), level, size)
            except openslide.OpenSlideError as error:
                self._reopen()
                raise self._unreadable(x, y, level=level, size=size, why=error) from error
        return on_white(np.asarray(image))

    def _reopen(self) -> None:
        fresh = _open_handle(self.path)  # before the old one is closed: there may be nothing left to open
        self._handle.close()
        self._handle = fresh

    def _unreadable(self, x: int, y: int, *, level: int, size: tuple[int, int], why: Exception) -> SlideError:
        return SlideError(
            f"{self.path.name}: the part at x={x}, y={y} (level {level}, {size[0]} x {size[1]} px) "
            f"cannot be read: {why}.",
            hint=DAMAGED,
        )


class DirectSlide(OpenSlideSlide):
    """A slide whose JPEG tiles are decoded here, wherever that is proven to give OpenSlide's pixels.

    OpenSlide remains the judge: it reads what lies between two pixels of a level, and every part with a tile that is
    not sound, so that pixels and refusals are its own. Only tiles whose end was never written are refused unasked.
    """

    reader = "direct"

    def __init__(self, path: Path, stated: float | None) -> None:
        super().__init__(path, stated)
        self._tiles = JpegTiles(path, tile_pages(path, self._handle.level_dimensions))
        self._proven: dict[int, bool] = {}

    def another(self) -> Self:
        """The same slide open once more, for another thread."""
        fresh = super().another()
        fresh._tiles, fresh._proven = JpegTiles(self.path, self._tiles.pages), dict(self._proven)
        return fresh

    def close(self) -> None:
        """Let go of the file."""
        self._tiles.close()
        super().close()

    def proves(self, level: int) -> bool:
        """Whether tiles of ``level``, the most detailed of those that can be compared, are OpenSlide's to the pixel."""
        if level not in self._proven:
            self._proven[level] = self._compare(level)
        return self._proven[level]

    def _read(self, x: int, y: int, *, level: int, size: tuple[int, int]) -> np.ndarray:
        own = self.downsamples[level]
        at_x, at_y = x / own, y / own
        whole = at_x.is_integer() and at_y.is_integer() and (own.is_integer() or max(size) <= WHOLE_READ_PX)
        if not whole or not self.proves(level):
            return super()._read(x, y, level=level, size=size)
        try:
            return self._tiles.read(int(at_x), int(at_y), level=level, size=size)
        except CutTileError as error:
            raise self._unreadable(x, y, level=level, size=size, why=error) from error
        except TileError:
            return super()._read(x, y, level=level, size=size)

    def _compare(self, level: int) -> bool:
        page, own = self._tiles.pages[level], self.downsamples[level]
        if page is None:
            return False
        lefts, tops = np.arange(page.across) * page.tile_width, np.arange(page.down) * page.tile_height
        # OpenSlide is asked in level-0 pixels: a tile counts where its corner has such an address.
        reachable = np.outer(np.round(tops * own) / own == tops, np.round(lefts * own) / own == lefts).ravel()
        sizes = np.where(reachable, page.lengths, 0)
        fewest = np.partition(sizes, -PROOF_TILES)[-PROOF_TILES] if len(sizes) > PROOF_TILES else 0
        detailed = np.flatnonzero(sizes >= fewest)
        detailed = detailed[np.argsort(sizes[detailed], kind="stable")][::-1][:PROOF_TILES]
        for index in detailed[reachable[detailed]].tolist():
            row, column = divmod(index, page.across)
            left, top = column * page.tile_width, row * page.tile_height
            size = (min(page.tile_width, page.width - left), min(page.tile_height, page.height - top))
            try:
                found = self._tiles.read(left, top, level=level, size=size)
                expected = super()._read(round(left * own), round(top * own), level=level, size=size)
            except (TileError, SlideError):
                continue
            return bool(np.array_equal(found, expected))
        return False


def open_slide(path: Path, *, mpp: float | None = None) -> Slide:
    """Open a slide or a plain picture.

    Parameters
    ----------
    path : Path
    mpp : float, optional
        Resolution at level 0 in um per pixel, as the user states it; it goes before what the file says.

    Raises
    ------
    SlideError
        If there is no such file, it is of no known format, damaged, or too large for a plain picture, or ``mpp`` is
        not possible.
    """
    try:
        if not path.is_file():
            raise SlideError(f"There is no slide file {path.name}.", hint=f"Looked at {path}.")
        path.open("rb").close()
    except OSError as error:
        why = error.strerror or "unknown reason"
        raise SlideError(f"{path.name} cannot be opened: {why}.", hint="Make it readable for this user.") from error
    try:
        vendor = openslide.OpenSlide.detect_format(path)
    except openslide.OpenSlideError as error:
        raise SlideError(f"{path.name} cannot be opened: {error}.", hint=DAMAGED) from error
    if vendor == "dicom" and path.suffix.lower() in NOT_DICOM:
        raise SlideError(f"{path.name} is a DICOM file under another name.", hint="Give it the ending .dcm, with all "
                         "files of its slide beside it.")  # fmt: skip
    if not vendor:
        if needs := missing_companions(path):
            raise SlideError(f"{path.name} is only a part of its slide: beside it belong {needs}.", hint=WHOLE)
        return PictureSlide(path, mpp)
    with parsed_once(path) if vendor in TIFF_VENDORS else nullcontext():
        below = sub_pages(path) if vendor == "generic-tiff" else ()
        slide = _open_whole(path, vendor, mpp)
        return OmeSlide(slide, below) if below and slide.level_count == 1 else slide


def _open_whole(path: Path, vendor: str, mpp: float | None) -> OpenSlideSlide:
    if vendor in DIRECT_VENDORS:
        slide = DirectSlide(path, mpp)
        if slide.proves(0):
            return slide
        slide.close()
    return OpenSlideSlide(path, mpp)


def scanned_area(properties: Mapping[str, str], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, width and height at level 0 of what was scanned, as far as a file says; all of ``size`` else."""
    sides = ("x", "y", "width", "height")
    try:
        left, top, width, height = (int(properties[f"openslide.bounds-{side}"]) for side in sides)
    except (KeyError, ValueError):
        return (0, 0, *size)
    right, bottom = min(left + width, size[0]), min(top + height, size[1])
    left, top = max(left, 0), max(top, 0)
    return (left, top, right - left, bottom - top) if left < right and top < bottom else (0, 0, *size)


def require_mpp(slide: Outline) -> float:
    """The resolution of a slide at level 0, in um per pixel.

    Raises
    ------
    SlideError
        If neither the file nor the user states one.
    """
    if slide.mpp is None and slide.mpp_doubt:
        raise SlideError(
            f"{slide.path.name} {slide.mpp_doubt}.",
            hint="State the right um per pixel (--mpp on the command line, 'Resolution' on the page). Ask whoever "
            "scanned it; it is not guessed.",
        )
    if slide.mpp is None:
        raise SlideError(
            f"{slide.path.name} does not state its resolution.",
            hint="State the um per pixel (--mpp on the command line, 'Resolution' on the page): "
            "a 20x scan has about 0.5, a 40x scan about 0.25. Ask whoever scanned it; it is not guessed.",
        )
    return slide.mpp


def _open_handle(path: Path) -> openslide.OpenSlide:
    try:
        return openslide.OpenSlide(path)
    except (openslide.OpenSlideError, OSError) as error:
        raise SlideError(f"{path.name} cannot be opened: {error}.", hint=DAMAGED) from error


def _check_tile_size(path: Path, handle: openslide.OpenSlide, *, tiff: bool) -> None:
    for level in range(handle.level_count):
        width, height = (
            int(handle.properties.get(f"openslide.level[{level}].tile-{side}", 0)) for side in ("width", "height")
        )
        if width * height > LARGEST_TILE_PX:
            handle.close()
            raise SlideError(f"{path.name} is said to have tiles of {width} x {height} px.", hint=DAMAGED)
    if tiff and (size := largest_tile_bytes(path)) > path.stat().st_size:
        handle.close()
        raise SlideError(f"{path.name} is said to have a tile of {size:,} bytes, more than the file.", hint=DAMAGED)
