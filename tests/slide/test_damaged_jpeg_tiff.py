"""Damaged JPEG slides: refused where OpenSlide refuses them, and never read as anything else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from survdash.errors import SlideError
from survdash.slide.reader import OpenSlideSlide, Slide, open_slide
from tests.slide.made_jpeg_tiffs import same, texture, write_kind

Make = Callable[[str], Path]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A slide of each kind, written once."""
    return partial(write_kind, tmp_path_factory.mktemp("slides"))


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "zeros": lambda tile: bytes(len(tile)),
    "second half zeros": lambda tile: tile[: len(tile) // 2] + bytes(len(tile) - len(tile) // 2),
    "ends in the middle": lambda tile: tile[: len(tile) // 2] + b"\xff\xd9" + bytes(len(tile) - len(tile) // 2 - 2),
    "zeros in the middle": lambda tile: tile[: len(tile) // 2] + bytes(40) + tile[len(tile) // 2 + 40 :],
    "bytes lost": lambda tile: tile[: len(tile) // 2] + tile[len(tile) // 2 + 30 :] + bytes(30),
    "text": lambda tile: (b"not a picture " * len(tile))[: len(tile)],
    "a picture of another size": lambda tile: simplejpeg.encode_jpeg(np.zeros((8, 8, 3), np.uint8)).ljust(len(tile)),
    "an unknown revision": lambda tile: tile.replace(b"JFIF\0\x01", b"JFIF\0\x2a", 1),
    "promises gigapixels": lambda tile: _of_size(tile, 65_500, 65_500),
}


def _of_size(tile: bytes, width: int, height: int) -> bytes:
    at = tile.index(b"\xff\xc0") + 5
    return tile[:at] + height.to_bytes(2) + width.to_bytes(2) + tile[at + 4 :]


def _damaged(source: Path, target: Path, spoil: Callable[[bytes], bytes], index: int) -> None:
    with tifffile.TiffFile(source) as file:
        offset, length = file.pages[0].dataoffsets[index], file.pages[0].databytecounts[index]
    data = source.read_bytes()
    spoilt = spoil(data[offset : offset + length])
    assert len(spoilt) == length
    target.write_bytes(data[:offset] + spoilt + data[offset + length :])


def _accepts(slide: Slide) -> bool:
    try:
        slide.read_tile(768, 240, level0_px=128, tile_px=128)
    except SlideError:
        return False
    return True


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("kind", ["rgb", "ycbcr 4:2:0", "tables"])
def test_a_damaged_tile_is_refused_where_openslide_refuses_it(make: Make, tmp_path, kind: str, damage: str) -> None:
    path = tmp_path / "slide.tiff"
    _damaged(make(kind), path, DAMAGE[damage], index=9)  # second row of six, fourth tile: x=768, y=240
    with open_slide(path) as slide, OpenSlideSlide(path, None) as reference:
        assert slide.reader == "direct"
        if _accepts(reference) and damage != "second half zeros":  # those OpenSlide takes for codes, and we do not
            assert damage in (
                "zeros in the middle",
                "bytes lost",
                "an unknown revision",
            )  # libjpeg took the damage for pixels: both show it
            same(slide, reference, at=(768, 240), level=0, size=(128, 128))
        else:
            with pytest.raises(SlideError, match=r"slide\.tiff.*x=768, y=240"):
                slide.read_tile(768, 240, level0_px=128, tile_px=128)
        same(slide, reference, at=(512, 240), level=0, size=(256, 240))
        same(slide, reference, at=(100, 500), level=0, size=(500, 500))


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow, about the same damage
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_damaged_header_is_refused_or_read_as_openslide_reads_it(
    make: Make, small: bytes, data: st.DataObject
) -> None:
    path = make("rgb").with_name("damaged.tiff")
    spoilt = bytearray(small)
    for _ in range(data.draw(st.integers(1, 3))):
        spoilt[data.draw(st.integers(0, 400))] = data.draw(st.integers(0, 255))
    path.write_bytes(spoilt)
    with contextlib.suppress(SlideError), open_slide(path) as slide:
        if slide.width * slide.height > 1_000_000:
            return  # reading a slide of 4 billion pixels of nothing takes long in any way
        view = slide.thumbnail(300)
        if slide.reader == "direct":
            with OpenSlideSlide(path, None) as reference:
                np.testing.assert_array_equal(view, reference.thumbnail(300))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file of four tiles whose header is its first 400 bytes."""
    path = tmp_path_factory.mktemp("small") / "small.tiff"
    tifffile.imwrite(
        path, texture(300, 280), tile=(256, 256), photometric="rgb", compression="jpeg", metadata=None,
        compressionargs={"level": 90},
    )  # fmt: skip
    return path.read_bytes()


def test_a_tile_that_promises_more_than_the_file_has_takes_no_memory(make: Make, tmp_path: Path) -> None:
    with tifffile.TiffFile(make("aperio")) as file:
        tag = file.pages[0].tags["TileByteCounts"]
        width, where = tag.valuebytecount // tag.count, tag.valueoffset
    data = bytearray(make("aperio").read_bytes())
    data[where + 9 * width : where + 10 * width] = b"\xff" * (width - 1) + b"\x0f"
    path = tmp_path / "slide.svs"
    path.write_bytes(data)
    with pytest.raises(SlideError, match=r"slide\.svs is said to have a tile of"):
        open_slide(path)


def test_a_file_cut_short_under_our_hands_is_refused(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "slide.tiff"
    path.write_bytes(make("rgb").read_bytes())
    with open_slide(path) as slide:
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // 3)
        with pytest.raises(SlideError, match=r"slide\.tiff"):
            slide.thumbnail(2000)
