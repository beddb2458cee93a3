"""Plain pictures (PNG, JPEG, TIFF) as slides of one level, read by Pillow."""

from __future__ import annotations

from copy import copy
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from survdash.errors import SlideError
from survdash.slide.base import DAMAGED, Slide, on_white
from survdash.slide.objective import doubt
from survdash.slide.resolution import parse_ome_mpp, parse_tiff_mpp
from survdash.slide.tiff_file import WHAT_DAMAGED_TAGS_RAISE

PICTURE_FORMATS = ("PNG", "JPEG", "TIFF")
PICTURE_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"})
MAX_PICTURE_PIXELS = 89_000_000  # 270 MB as RGB, below Pillow's own warning about decompression bombs
DESCRIPTION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 270, 282, 283, 296
PILLOW_RAISES = (SyntaxError, *WHAT_DAMAGED_TAGS_RAISE)  # LookupError: a compression that no TIFF has
MAX_PAGES = 64  # looked at; a stack shows itself in its second


class PictureSlide(Slide):
    """A plain picture as a slide of one level; decoded into memory when its pixels are first asked for."""

    reader = "picture"

    def __init__(self, path: Path, stated: float | None) -> None:
        with _open_picture(path) as image:
            _check_pages(path, image)
            mpp = _picture_mpp(image)
            self.mpp_doubt = doubt(mpp, {})
            believed = None if self.mpp_doubt else mpp
            super().__init__(path, size=image.size, downsamples=(1.0,), mpp=believed, stated=stated)
        self._decoded: np.ndarray | None = None

    def close(self) -> None:
        """Let go of the pixels."""
        self._decoded = None

    def another(self) -> PictureSlide:
        """The same picture for another thread; its pixels are shared."""
        self._pixels()
        return copy(self)

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
                        self._decoded = on_white(np.asarray(image.convert("RGBA")))
                    else:
                        self._decoded = np.asarray(image.convert("RGB"))
                except PILLOW_RAISES as error:
                    raise SlideError(f"{self.path.name} cannot be read: {error}.", hint=DAMAGED) from error
        return self._decoded


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
    except PILLOW_RAISES as error:
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
    """Refuse a TIFF whose chain of pages is broken, which the head of a slide cut short is, and a stack of pages."""
    if image.format != "TIFF":
        return
    try:
        pages = getattr(image, "n_frames")  # noqa: B009 - reading it walks the chain
        size, same = image.size, 1
        for page in range(1, min(pages, MAX_PAGES)):
            image.seek(page)
            same += image.size == size
        image.seek(0)
    except PILLOW_RAISES as error:
        why = f"{type(error).__name__} {error}" if isinstance(error, LookupError) else str(error)
        raise SlideError(f"{path.name} is incomplete: {why}.", hint=DAMAGED) from error
    if same > 1:
        raise refuse_stack(path, same, size)


def refuse_stack(path: Path, pages: int, size: tuple[int, int]) -> SlideError:
    """The error of a file with several pages of one size."""
    return SlideError(
        f"{path.name} is a stack of {pages} pages of {size[0]} x {size[1]} px, channels or depths.",
        hint="Save one RGB picture; which page is the stain's colour is not guessed.",
    )


def _too_large(path: Path, size: str) -> SlideError:
    return SlideError(
        f"{path.name} is a plain picture{size}; more than {MAX_PICTURE_PIXELS // 10**6} million pixels are not read.",
        hint="Large slides must be in a tiled format that OpenSlide reads, such as a pyramidal TIFF.",
    )


def _picture_mpp(image: Image.Image) -> float | None:
    """Only TIFF tags count: the dots per inch of PNG and JPEG speak of printing."""
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        # Pillow reads the text of tags as Latin-1; OME-XML is UTF-8.
        text = str(tags.get(DESCRIPTION, "")).encode("latin-1", "replace").decode("utf-8", "replace")
        if (stated := parse_ome_mpp(text)) is not None:
            return stated
    if tags is None or X_RESOLUTION not in tags or Y_RESOLUTION not in tags:
        return None
    return parse_tiff_mpp(float(tags[X_RESOLUTION]), float(tags[Y_RESOLUTION]), tags.get(RESOLUTION_UNIT))
