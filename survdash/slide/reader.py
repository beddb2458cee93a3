"""Slides and plain pictures behind one small interface.

OpenSlide reads the scanners' formats; PNG, JPEG and plain TIFF pictures are read by Pillow. Only the picture of the
tissue is ever touched: label and macro images are not opened, because they can show a name. Memory does not grow with
the slide: every read is one tile or one block.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import openslide
from PIL import Image, UnidentifiedImageError

from survdash.errors import SlideError
from survdash.progress import Cancel, Report, silent, track
from survdash.slide.resolution import check_stated_mpp, has_tiff_unit, parse_openslide_mpp, parse_tiff_mpp
from survdash.store import file_sha256

PICTURE_FORMATS = ("PNG", "JPEG", "TIFF")
PICTURE_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"})
MAX_PICTURE_PIXELS = 89_000_000  # 270 MB as RGB, below Pillow's own warning about decompression bombs
BLOCK_PX = 4096  # 64 MB as RGBA; strips as wide as the slide would decode most of its tiles twice
LEVEL_SLACK = 1.005  # scanners round: a level said to be 2.0005 times coarser is the one at 2
MANY_FILES = frozenset({"mirax", "hamamatsu", "dicom"})  # the named file is only a part of the slide
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
DAMAGED = "The file may be damaged or cut short; copy it again from where it came."


class Slide(ABC):
    """An open slide; a context manager. Use one per thread.

    Attributes
    ----------
    path : Path
    width, height : int
        Size at level 0, in pixels.
    mpp : float or None
        Resolution at level 0 in um per pixel: what the user stated, else what the file states, else None.
    mpp_source : str
        "user", "file" or "".
    downsamples : tuple of float
        Of each level, rising from 1.
    """

    def __init__(
        self,
        path: Path,
        *,
        size: tuple[int, int],
        downsamples: tuple[float, ...],
        mpp: float | None,
        stated: float | None,
    ) -> None:
        self.path, self.downsamples = path, downsamples
        self.width, self.height = size
        self.mpp = mpp if stated is None else check_stated_mpp(stated)
        self.mpp_source = "user" if stated is not None else "file" if mpp is not None else ""

    def __enter__(self) -> Slide:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file; of slides kept in many files, with OpenSlide's hash of the pixels mixed in."""
        return self._hash()

    def _hash(self) -> str:
        return file_sha256(self.path)

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
        """The whole slide at most ``max_px`` wide and high, never enlarged.

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
        columns, rows = max(1, round(self.width / scale)), max(1, round(self.height / scale))
        level = self.level_for(scale)
        own = self.downsamples[level]
        level_width, level_height = max(1, math.floor(self.width / own)), max(1, math.floor(self.height / own))
        across, down = level_width / columns, level_height / rows
        side = max(1, int(BLOCK_PX / max(across, down)))
        corners = [(left, top) for top in range(0, rows, side) for left in range(0, columns, side)]
        view = np.empty((rows, columns, 3), np.uint8)
        for left, top in track(corners, step="Finding tissue", report=report, cancel=cancel):
            right, bottom = min(left + side, columns), min(top + side, rows)
            x, x_end = round(left * across), max(round(left * across) + 1, round(right * across))
            y, y_end = round(top * down), max(round(top * down) + 1, round(bottom * down))
            block = self._read(round(x * own), round(y * own), level=level, size=(x_end - x, y_end - y))
            view[top:bottom, left:right] = _resize(block, (right - left, bottom - top))
        return view


class OpenSlideSlide(Slide):
    """A slide in one of OpenSlide's formats."""

    def __init__(self, path: Path, stated: float | None) -> None:
        self._handle = _open_handle(path)
        properties = self._handle.properties
        self._vendor = properties.get(openslide.PROPERTY_NAME_VENDOR, "")
        mpp = parse_openslide_mpp(properties)
        if mpp is not None and self._vendor == "generic-tiff" and not has_tiff_unit(path):
            mpp = None
        super().__init__(
            path,
            size=self._handle.dimensions,
            downsamples=tuple(self._handle.level_downsamples),
            mpp=mpp,
            stated=stated,
        )

    def close(self) -> None:
        """Let go of the file."""
        self._handle.close()

    def _hash(self) -> str:
        own = file_sha256(self.path)
        if self._vendor not in MANY_FILES:
            return own
        pixels = self._handle.properties.get(openslide.PROPERTY_NAME_QUICKHASH1, "")
        return hashlib.sha256(f"{own} {pixels}".encode()).hexdigest()

    def _read(self, x: int, y: int, *, level: int, size: tuple[int, int]) -> np.ndarray:
        try:
            image = self._handle.read_region((x, y), level, size)
        except openslide.OpenSlideError:
            # After one unreadable part a handle refuses all others, so only a new one can tell what is really broken.
            self._handle.close()
            self._handle = _open_handle(self.path)
            try:
                image = self._handle.read_region((x, y), level, size)
            except openslide.OpenSlideError as error:
                self._handle.close()
                self._handle = _open_handle(self.path)
                raise SlideError(
                    f"{self.path.name}: the part at x={x}, y={y} (level {level}, {size[0]} x {size[1]} px) "
                    f"cannot be read: {error}.",
                    hint=DAMAGED,
                ) from error
        return _on_white(np.asarray(image))


class PictureSlide(Slide):
    """A plain picture as a slide of one level; decoded into memory when its pixels are first asked for."""

    def __init__(self, path: Path, stated: float | None) -> None:
        with _open_picture(path) as image:
            _check_pages(path, image)
            super().__init__(path, size=image.size, downsamples=(1.0,), mpp=_picture_mpp(image), stated=stated)
        self._decoded: np.ndarray | None = None

    def close(self) -> None:
        """Let go of the pixels."""
        self._decoded = None

    def _read(self, x: int, y: int, *, level: int, size: tuple[int, int]) -> np.ndarray:
        width, height = size
        part = self._pixels()[y : y + height, x : x + width]
        if part.shape[:2] != (height, width):
            raise SlideError(f"{self.path.name} has no part of {width} x {height} px at x={x}, y={y}.")
        return part

    def _pixels(self) -> np.ndarray:
        if self._decoded is None:
            with _open_picture(self.path) as image:
                try:
                    image.load()
                    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
                        self._decoded = _on_white(np.asarray(image.convert("RGBA")))
                    else:
                        self._decoded = np.asarray(image.convert("RGB"))
                except (OSError, ValueError, SyntaxError) as error:
                    raise SlideError(f"{self.path.name} cannot be read: {error}.", hint=DAMAGED) from error
        return self._decoded


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
    if not path.is_file():
        raise SlideError(f"There is no slide file {path.name}.", hint=f"Looked at {path}.")
    try:
        vendor = openslide.OpenSlide.detect_format(path)
    except openslide.OpenSlideError as error:
        raise SlideError(f"{path.name} cannot be opened: {error}.", hint=DAMAGED) from error
    return OpenSlideSlide(path, mpp) if vendor else PictureSlide(path, mpp)


def require_mpp(slide: Slide) -> float:
    """The resolution of a slide at level 0, in um per pixel.

    Raises
    ------
    SlideError
        If neither the file nor the user states one.
    """
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


def _open_picture(path: Path) -> Image.Image:
    try:
        image = Image.open(path, formats=PICTURE_FORMATS)
    except UnidentifiedImageError as error:
        raise SlideError(
            f"{path.name} is not a slide or picture that can be read.",
            hint="Its content decides, not its name: slides that OpenSlide knows (SVS, NDPI, MRXS, SCN, BIF, DICOM, "
            "tiled TIFF), PNG, JPEG or TIFF. " + DAMAGED,
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path, "") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise SlideError(f"{path.name} cannot be opened: {error}.", hint=DAMAGED) from error
    width, height = image.size
    if width * height > MAX_PICTURE_PIXELS:
        image.close()
        raise _too_large(path, f" of {width} x {height} px")
    if image.mode not in PICTURE_MODES:
        image.close()
        raise SlideError(
            f"{path.name} is a picture of kind {image.mode}, not of 8-bit colours.", hint="Save it as 8-bit RGB."
        )
    return image


def _check_pages(path: Path, image: Image.Image) -> None:
    """Refuse a TIFF whose chain of pages is broken: the head of a slide cut short is not a plain picture."""
    if image.format == "TIFF":
        try:
            getattr(image, "n_frames")  # noqa: B009 - reading it walks the chain
        except (TypeError, ValueError, SyntaxError, EOFError, OSError) as error:
            raise SlideError(f"{path.name} is incomplete: {error}.", hint=DAMAGED) from error


def _too_large(path: Path, size: str) -> SlideError:
    return SlideError(
        f"{path.name} is a plain picture{size}; more than {MAX_PICTURE_PIXELS // 10**6} million pixels are not read.",
        hint="Large slides must be in a tiled format that OpenSlide reads, such as a pyramidal TIFF.",
    )


def _picture_mpp(image: Image.Image) -> float | None:
    """Only TIFF tags count: the dots per inch of PNG and JPEG speak of printing."""
    tags = getattr(image, "tag_v2", None)
    if tags is None or X_RESOLUTION not in tags or Y_RESOLUTION not in tags:
        return None
    return parse_tiff_mpp(float(tags[X_RESOLUTION]), float(tags[Y_RESOLUTION]), tags.get(RESOLUTION_UNIT))


def _resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if (image.shape[1], image.shape[0]) == size:
        return image
    shrinks = size[0] <= image.shape[1] and size[1] <= image.shape[0]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def _on_white(rgba: np.ndarray) -> np.ndarray:
    """RGB of an RGBA picture laid on white."""
    rgb, alpha = rgba[..., :3], rgba[..., 3:]
    if alpha.min() == 255:
        return np.ascontiguousarray(rgb)
    mixed = rgb.astype(np.uint16) * alpha + np.uint16(255) * (255 - alpha.astype(np.uint16))
    return ((mixed + 127) // 255).astype(np.uint8)
