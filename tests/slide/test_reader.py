"""Slides and pictures: the same pixels whatever the way, and a readable refusal of everything else."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openslide
import pytest
import tifffile
from PIL import Image

from survdash.errors import SlideError
from survdash.slide.reader import OpenSlideSlide, PictureSlide, open_slide, require_mpp
from tests.slide.made_slides import tissue_and_glass, write_dicom


def test_an_aperio_slide_opens_with_its_own_resolution(shared: Path) -> None:
    path = shared / "slides" / "CMU-1-Small-Region.svs"
    with open_slide(path) as slide:
        assert (slide.width, slide.height, slide.level_count) == (2220, 2967, 1)
        assert require_mpp(slide) == pytest.approx(0.499)
        assert slide.mpp_source == "file"
        tile = slide.read_tile(1000, 1200, level0_px=256, tile_px=256)
    with openslide.OpenSlide(path) as reference:
        expected = np.asarray(reference.read_region((1000, 1200), 0, (256, 256)).convert("RGB"))
    np.testing.assert_array_equal(tile, expected)


def test_label_and_macro_are_never_opened(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object) -> None:
        raise AssertionError("associated images hold names")

    monkeypatch.setattr(openslide.OpenSlide, "associated_images", property(refuse))
    with open_slide(shared / "slides" / "CMU-1-Small-Region.svs") as slide:
        view = slide.thumbnail(300)
    assert view.shape == (300, 224, 3)


def test_a_slide_without_resolution_asks_for_it(shared: Path) -> None:
    path = shared / "slides" / "TCGA-CR-7395-01A-01-TS1.svs"
    with open_slide(path) as slide, pytest.raises(SlideError, match="does not state its resolution") as caught:
        require_mpp(slide)
    assert "--mpp" in caught.value.hint
    with open_slide(path, mpp=0.25) as slide:
        assert (require_mpp(slide), slide.mpp_source) == (0.25, "user")


def test_a_resolution_that_contradicts_the_objective_is_asked_for_with_both_values(tmp_path: Path) -> None:
    path = tmp_path / "slide.svs"
    tifffile.imwrite(
        path, np.full((512, 512, 3), 200, np.uint8), tile=(256, 256), photometric="rgb", compression="jpeg",
        description="Aperio Image Library v11\r\n512x512 (256x256) JPEG/RGB Q=90|AppMag = 40|MPP = 0.5", metadata=None,
    )  # fmt: skip
    with open_slide(path) as slide:
        assert (slide.mpp, slide.mpp_source) == (None, "")
        with pytest.raises(SlideError, match=r"contradicts itself.* 0\.5 um per pixel .* 40x.* 0\.25") as caught:
            require_mpp(slide)
        assert "--mpp" in caught.value.hint
    with open_slide(path, mpp=0.25) as slide:
        assert (require_mpp(slide), slide.mpp_source) == (0.25, "user")


@pytest.mark.parametrize("name", ["CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs", "tcga_lgg_region.png"])
def test_what_reads_a_slide_is_said(shared: Path, name: str) -> None:
    with open_slide(shared / "slides" / name) as slide:
        assert slide.reader == {"CMU": "direct", "TCG": "openslide", "tcg": "picture"}[name[:3]]


def test_a_tile_larger_than_any_memory_is_refused_before_openslide_asks_for_it(picture, write_slide) -> None:
    path = write_slide(picture)
    with tifffile.TiffFile(path) as file:
        where = file.pages[0].tags["TileWidth"].valueoffset
    data = bytearray(path.read_bytes())
    assert int.from_bytes(data[where : where + 2], "little") == 256
    data[where - 6 : where + 4] = (4).to_bytes(2, "little") + (1).to_bytes(4, "little") + (2**25).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(SlideError, match="33554432 x 256 px"):
        open_slide(path)


def test_a_slide_that_is_gone_is_named_and_can_be_closed(picture, write_slide) -> None:
    path = write_slide(picture)
    with open_slide(path, mpp=0.5) as slide:
        with path.open("r+b") as file:
            file.truncate(200)
        with pytest.raises(SlideError, match=path.name):
            slide.thumbnail(500)


@pytest.mark.parametrize("mpp", [0.0, -1.0, 352.0])
def test_an_impossible_stated_resolution_is_refused(shared: Path, mpp: float) -> None:
    with pytest.raises(SlideError, match="not possible"):
        open_slide(shared / "slides" / "CMU-1-Small-Region.svs", mpp=mpp)


@pytest.mark.parametrize(("unit", "expected"), [("CENTIMETER", 0.5), ("INCH", 0.635), ("NONE", None)])
@pytest.mark.parametrize("tiled", [True, False])
def test_the_resolution_of_a_tiff_counts_only_with_its_unit(
    picture, write_slide, tmp_path, unit, expected, tiled
) -> None:
    dots = 40_000.0 if unit == "INCH" else 20_000.0
    path = write_slide(picture, unit=unit, per_cm=dots)
    if not tiled:
        number = {"NONE": 1, "INCH": 2, "CENTIMETER": 3}[unit]
        path = tmp_path / "plain.tif"
        Image.fromarray(picture).save(path, tiffinfo={282: dots, 283: dots, 296: number})
    with open_slide(path) as slide:
        assert isinstance(slide, OpenSlideSlide if tiled else PictureSlide)
        assert slide.mpp == (None if expected is None else pytest.approx(expected))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SlideError, match=r"no slide file missing\.svs"):
        open_slide(tmp_path / "missing.svs")


def test_text_and_archives_are_refused_whatever_they_are_called(tmp_path: Path) -> None:
    text = tmp_path / "notes.svs"
    text.write_text("not a slide\n" * 100)
    archive = tmp_path / "archive.tiff"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.txt", "a")
    empty = tmp_path / "empty.png"
    empty.touch()
    for path in (text, archive, empty):
        with pytest.raises(SlideError, match=path.name) as caught:
            open_slide(path)
        assert caught.value.hint


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow, about the same damage
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", ["CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs", "tcga_lgg_region.png"])
def test_a_slide_cut_short_is_refused_or_says_where_it_ends(
    shared: Path, tmp_path: Path, name: str, share: float
) -> None:
    data = (shared / "slides" / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(SlideError, match=name), open_slide(path, mpp=0.5) as slide:
        for y in range(0, slide.height - 256, 256):
            for x in range(0, slide.width - 256, 256):
                slide.read_tile(x, y, level0_px=256, tile_px=256)
        slide.thumbnail(200)


def test_one_damaged_tile_is_named_and_does_not_spoil_the_others(picture, tmp_path: Path) -> None:
    path = tmp_path / "slide.tiff"
    tifffile.imwrite(path, picture, tile=(256, 256), photometric="rgb", compression="jpeg")
    with tifffile.TiffFile(path) as file:
        offset, length = file.pages[0].dataoffsets[9], file.pages[0].databytecounts[9]
    data = bytearray(path.read_bytes())
    data[offset : offset + length] = bytes(length)
    path.write_bytes(data)
    with open_slide(path, mpp=0.5) as slide:
        with pytest.raises(SlideError, match="x=256, y=256"):  # the tenth tile, eight in a row
            slide.read_tile(256, 256, level0_px=256, tile_px=256)
        good = slide.read_tile(512, 256, level0_px=256, tile_px=256)
    assert good.shape == (256, 256, 3)


@pytest.fixture
def nobody() -> Iterator[None]:
    """Without the rights of root, who may read everything."""
    if os.name != "posix" or os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("name", ["slide.tiff", "picture.png", "folder/slide.tiff", "slide.mrxs", "slide.dcm"])
def test_a_slide_that_may_not_be_read_is_named(
    picture: np.ndarray, write_slide, tmp_path: Path, request: pytest.FixtureRequest, name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(write_slide(picture, "source.tiff").read_bytes())
    closed = path if path.parent == tmp_path else path.parent
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(0o755)
    closed.chmod(0)
    request.getfixturevalue("nobody")
    try:
        if os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
            pytest.skip("this system lets us read what it should not")
        with pytest.raises(SlideError, match=path.name) as caught:
            open_slide(path)
        assert "ermission" in caught.value.message
    finally:
        if os.geteuid() != 0:
            os.seteuid(0)
        closed.chmod(0o755)


def test_dicom_under_the_name_of_another_kind_is_never_opened(tmp_path: Path) -> None:
    # Uploads bear such names; damaged DICOM ends OpenSlide's whole process.
    (path,) = write_dicom(tmp_path / "dicom", [tissue_and_glass(512, 512)])
    for name in ("slide.svs", "slide.tiff", "slide.png"):
        data = path.read_bytes()
        (tmp_path / name).write_bytes(b"II*\0" + data[4:])
        with pytest.raises(SlideError, match="DICOM file under another name"):
            open_slide(tmp_path / name)
