"""Pictures of label and glass are found as each scanner marks them, and taken out; the tissue stays byte for byte."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openslide
import pytest
import tifffile

from survdash.errors import SlideError
from survdash.slide.glass_pictures import glass_pictures
from survdash.slide.header_texts import header_hints, strip
from survdash.slide.reader import open_slide
from tests.slide.made_slides import tissue_and_glass
from tests.slide.made_tiffs import JPEG, write_bif, write_ndpi, write_scn

LABEL = np.random.default_rng(7).integers(0, 255, (64, 96, 3), np.uint8)  # nothing else in a file looks like this


def write_plain(path: Path) -> Path:
    """A pyramid with a label and a macro behind it, one told by its words and one by its kind."""
    pixels = tissue_and_glass(512, 512)
    with tifffile.TiffWriter(path) as file:
        file.write(pixels, tile=(256, 256), resolution=(20_000, 20_000), resolutionunit="CENTIMETER", **JPEG)
        file.write(LABEL, rowsperstrip=64, description="label of the glass", metadata=None)
        file.write(pixels[::2, ::2], tile=(256, 256), subfiletype=1, **JPEG)
        file.write(LABEL, rowsperstrip=64, subfiletype=9, metadata=None)
    return path


def write_ome(path: Path) -> Path:
    """An OME-TIFF as converters write it: the label is an image of its own, with a smaller copy below its page."""
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        said = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
        file.write(tissue_and_glass(512, 512), tile=(256, 256), compression="jpeg", metadata={"Name": "tissue", **said})
        file.write(LABEL, metadata={"Name": "label image", **said}, subifds=1)
        file.write(LABEL[::2, ::2], subfiletype=1)
    return path


KINDS: dict[str, tuple[str, Callable[[Path], Path], set[str]]] = {
    "plain": ("a.tiff", write_plain, {"label", "macro"}),
    "ome": ("a.ome.tiff", write_ome, {"label"}),
    "ndpi": ("a.ndpi", lambda path: write_ndpi(path, tissue_and_glass(512, 512)), {"macro"}),
    "scn": ("a.scn", lambda path: write_scn(path, {(0, 0): tissue_and_glass(512, 512)}, size=(1024, 512)), {"macro"}),
    "bif": ("a.bif", lambda path: write_bif(path, tissue_and_glass(512, 1024)), {"macro"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_told_and_taken_out_and_the_tissue_stays(tmp_path: Path, kind: str) -> None:
    name, write, pictures = KINDS[kind]
    path = write(tmp_path / name)
    assert {hint.place for hint in header_hints(path)} == {f"{one} picture" for one in pictures}
    assert all(hint.can_strip for hint in header_hints(path))
    vendor = openslide.OpenSlide.detect_format(path)
    with tifffile.TiffFile(path) as file:
        pieces = [piece for one in glass_pictures(file, vendor) for piece in one.pieces]
    before = path.read_bytes()
    with open_slide(path) as slide:
        tile, size, mpp = slide.read_tile(128, 128, level0_px=256, tile_px=256), (slide.width, slide.height), slide.mpp

    strip(path)
    assert header_hints(path) == ()
    after = path.read_bytes()
    assert len(after) == len(before)
    assert pieces
    assert not any(after[start : start + length].strip(b"\0") for start, length in pieces)
    changed = {at for at, (one, other) in enumerate(zip(before, after, strict=True)) if one != other}
    outside = changed - {at for start, length in pieces for at in range(start, start + length)}
    assert len(outside) <= 16, "two pointers to the next page at most"
    assert LABEL[0].tobytes() not in after
    with open_slide(path) as slide:
        assert ((slide.width, slide.height), slide.mpp) == (size, mpp)
        np.testing.assert_array_equal(slide.read_tile(128, 128, level0_px=256, tile_px=256), tile)


def test_a_label_whose_pixels_are_the_tissues_too_is_left_with_the_whole_file(tmp_path: Path) -> None:
    path = write_plain(tmp_path / "a.tiff")
    with tifffile.TiffFile(path) as file:
        label, tissue = file.pages[1], file.pages[0]
        place = label.tags["StripOffsets"].valueoffset
        start = tissue.dataoffsets[0]
    content = bytearray(path.read_bytes())
    content[place : place + 4] = struct.pack("<I", start)
    path.write_bytes(content)
    with pytest.raises(SlideError, match="within the tissue"):
        strip(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("text", ["a", "<a>", "a.", 'a="', "a^"])
def test_a_long_header_is_looked_at_in_seconds(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.tiff"
    words = "<" * (text != "a") + text * (200_000 // len(text)) + ">"
    tifffile.imwrite(path, tissue_and_glass(256, 256), tile=(256, 256), description=words, metadata=None)
    start = time.thread_time()  # other tests of this process may have left threads at work
    header_hints(path)
    assert time.thread_time() - start < 4, "a minute each, when every letter could begin an e-mail address"


def test_what_lies_behind_the_first_megabyte_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    words = "a = b\n" * 200_000 + "Patient = Anna Miller"
    tifffile.imwrite(path, tissue_and_glass(256, 256), tile=(256, 256), description=words, metadata=None)
    (hint,) = header_hints(path)
    assert (hint.place, hint.can_strip) == ("ImageDescription: beyond its first 1 MB", False)
