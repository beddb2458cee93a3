"""Plain pictures: as they are, white where transparent, refused before they fill the memory."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from survdash.errors import SlideError
from survdash.slide.reader import open_slide


def test_dots_per_inch_of_a_png_are_no_resolution(picture: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.fromarray(picture).save(path, dpi=(50_800, 50_800))
    with open_slide(path) as slide:
        assert slide.mpp is None


@pytest.mark.parametrize("name", ["picture.png", "picture.tif"])
def test_a_plain_picture_reads_as_it_is(picture: np.ndarray, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Image.fromarray(picture).save(path)
    with open_slide(path, mpp=0.5) as slide:
        assert (slide.width, slide.height) == (2048, 1536)
        tile = slide.read_tile(512, 256, level0_px=256, tile_px=256)
        with pytest.raises(SlideError, match="no part"):
            slide.read_tile(2000, 0, level0_px=256, tile_px=256)
    np.testing.assert_array_equal(tile, picture[256:512, 512:768])


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    pixels = np.zeros((300, 300, 4), np.uint8)  # transparent black, as outside the scanned area
    pixels[:, 150:] = (200, 100, 150, 255)
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path)
    with open_slide(path, mpp=0.5) as slide:
        view = slide.thumbnail(300)
    assert (view[:, :150] == 255).all()
    assert (view[:, 150:] == (200, 100, 150)).all()


def _png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize("side", [9_600, 60_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, side: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_png_header(side, side) + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT")))
    with pytest.raises(SlideError, match="million pixels"):
        open_slide(path)


def test_a_picture_of_sixteen_bits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(np.zeros((64, 64), np.uint16)).save(path)
    with pytest.raises(SlideError, match="8-bit"):
        open_slide(path)


@pytest.mark.parametrize(
    ("name", "mode"),
    [("four.tif", "CMYK"), ("four.jpg", "CMYK"), ("palette.tif", "P"), ("palette.png", "P"), ("grey.png", "L")],
)
def test_pictures_of_other_kinds_are_turned_into_rgb(picture: np.ndarray, tmp_path: Path, name: str, mode: str) -> None:
    rgb = Image.fromarray(picture)
    made = rgb.quantize(16) if mode == "P" else rgb.convert(mode)
    made.save(tmp_path / name)
    with open_slide(tmp_path / name, mpp=0.5) as slide:
        tile = slide.read_tile(512, 256, level0_px=256, tile_px=256)
    expected = np.asarray(made.convert("RGB"))[256:512, 512:768]
    # JPEG rings along the rim of the ellipse; all others keep every value.
    assert np.abs(tile.astype(int) - expected).mean() <= (1 if name.endswith("jpg") else 0)


@pytest.mark.parametrize("big", [False, True])
def test_plain_and_big_tiff_in_strips_read_as_they_are(picture: np.ndarray, tmp_path: Path, *, big: bool) -> None:
    tifffile.imwrite(tmp_path / "plain.tif", picture, photometric="rgb", bigtiff=big)
    with open_slide(tmp_path / "plain.tif", mpp=0.5) as slide:
        np.testing.assert_array_equal(slide.thumbnail(4096), picture)


def test_sixteen_bits_of_rgb_are_read_as_their_upper_eight(picture: np.ndarray, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "deep.tif", picture.astype(np.uint16) * 257, photometric="rgb")
    with open_slide(tmp_path / "deep.tif", mpp=0.5) as slide:
        np.testing.assert_array_equal(slide.thumbnail(4096), picture)


def test_channels_on_pages_of_their_own_are_no_picture(picture: np.ndarray, tmp_path: Path) -> None:
    planes = np.ascontiguousarray(np.moveaxis(picture, -1, 0))
    tifffile.imwrite(tmp_path / "stack.ome.tif", planes, photometric="minisblack", metadata={"axes": "CYX"}, ome=True)
    with pytest.raises(SlideError, match="stack of 3 pages of 2048 x 1536 px"):
        open_slide(tmp_path / "stack.ome.tif")


def test_a_small_second_page_is_no_stack(picture: np.ndarray, tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "two.tif") as file:
        file.write(picture, photometric="rgb")
        file.write(picture[::8, ::8], photometric="rgb")
    with open_slide(tmp_path / "two.tif", mpp=0.5) as slide:
        assert (slide.width, slide.height) == (2048, 1536)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_plain_tiff_too_large_for_memory_is_refused_with_what_to_do(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "large.tif", shape=(10_000, 9_000, 3), dtype=np.uint8, photometric="rgb", data=None,
        compression=None,
    )  # fmt: skip
    with pytest.raises(SlideError, match="million pixels") as caught:
        open_slide(tmp_path / "large.tif")
    assert "pyramidal TIFF" in caught.value.hint


@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize(("unit", "expected"), [("µm", 0.25), ("nm", 250e-6), (None, 0.25), ("pixel", None)])
def test_an_ome_tiff_states_its_resolution_in_its_own_words(
    picture: np.ndarray, tmp_path: Path, unit: str | None, expected: float | None, *, tiled: bool
) -> None:
    named = {} if unit is None else {"PhysicalSizeXUnit": unit, "PhysicalSizeYUnit": unit}
    size = 250.0 if unit == "nm" else 0.25
    tifffile.imwrite(
        tmp_path / "slide.ome.tif", picture, photometric="rgb", ome=True, tile=(256, 256) if tiled else None,
        metadata={"axes": "YXS", "PhysicalSizeX": size, "PhysicalSizeY": size, **named},
    )  # fmt: skip
    with open_slide(tmp_path / "slide.ome.tif") as slide:
        assert slide.mpp == (None if expected is None else pytest.approx(0.25))
        assert slide.mpp_source == ("" if expected is None else "file")
        np.testing.assert_array_equal(slide.read_tile(512, 256, level0_px=256, tile_px=256), picture[256:512, 512:768])


def test_a_second_page_of_a_compression_that_no_tiff_has_is_damage(picture: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(picture, rowsperstrip=64)
        file.write(picture[:64, :64], rowsperstrip=64)
    with tifffile.TiffFile(path) as file:
        place = file.pages[1].tags["Compression"].offset
    data = bytearray(path.read_bytes())
    data[place + 8 : place + 10] = struct.pack("<H", 63_239)
    path.write_bytes(data)
    with pytest.raises(SlideError, match="incomplete: KeyError 63239"):
        open_slide(path)


def test_what_a_header_says_never_reaches_the_log(picture: np.ndarray, tmp_path: Path, caplog) -> None:
    path = tmp_path / "named.tif"
    tifffile.imwrite(path, picture[:256, :256], tile=(256, 256), description="MILLER^ANNA", metadata=None)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"MILLER^ANNA", b"MILLER^ANN\xe9"))
    with open_slide(path, mpp=0.5) as slide:
        slide.thumbnail(64)
    assert "MILLER" not in caplog.text
