"""The coarse levels of an OME-TIFF are read, and only where they are what they say."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from survdash.errors import SlideError
from survdash.slide.base import Slide
from survdash.slide.ome_tiff import OmeSlide, sub_pages
from survdash.slide.reader import open_slide


def _write(path: Path, levels: list[np.ndarray], **options: object) -> Path:
    """As Bio-Formats and QuPath write them: the coarse levels below the first page."""
    how = {"tile": (256, 256), "photometric": "rgb", "compression": "jpeg", "compressionargs": {"level": 95}} | options
    with tifffile.TiffWriter(path, ome=True, bigtiff=True) as file:
        metadata = {"axes": "YXS", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.25}
        file.write(levels[0], subifds=len(levels) - 1, metadata=metadata, **how)
        for level in levels[1:]:
            file.write(level, subfiletype=1, **how)
    return path


def _blobs(height: int = 1200, width: int = 1500) -> np.ndarray:
    small = np.random.default_rng(3).integers(80, 250, (height // 50, width // 50, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))


def _levels(pixels: np.ndarray, factors: tuple[float, ...] = (1, 2, 4)) -> list[np.ndarray]:
    height, width = pixels.shape[:2]
    return [
        np.asarray(cv2.resize(pixels, (round(width / by), round(height / by)), interpolation=cv2.INTER_AREA))
        for by in factors
    ]


@pytest.mark.parametrize("compression", ["jpeg", "lzw", "deflate", None])
def test_levels_of_every_compression_are_what_was_written(tmp_path: Path, compression: str | None) -> None:
    made = _levels(_blobs())
    options = {} if compression == "jpeg" else {"compression": compression, "compressionargs": None}
    with open_slide(_write(tmp_path / "a.ome.tif", made, **options)) as slide:
        assert isinstance(slide, OmeSlide)
        assert (slide.mpp, slide.mpp_source, slide.downsamples) == (0.25, "file", (1, 2, 4))
        # What is stored as it is comes back so. JPEG rings where tiles end in the middle, by black beyond the picture.
        most = 2 if compression == "jpeg" else 0
        for level in (1, 2):
            own = round(slide.downsamples[level])
            found = slide._read(100 * own, 40 * own, level=level, size=(250, 200))
            assert np.abs(found.astype(int) - made[level][40:240, 100:350]).mean() <= most
        beyond = slide._read(4 * 370, 4 * 290, level=2, size=(20, 20))
        assert (beyond[10:] == 255).all()
        assert (beyond[:, 5:] == 255).all()


def test_the_view_and_coarse_tiles_do_not_touch_level_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "a.ome.tif", _levels(_blobs(), (1, 2, 4)))
    with open_slide(path) as slide:
        assert isinstance(slide, OmeSlide)
        fine = slide.read_tile(256, 256, level0_px=256, tile_px=256)
        asked: list[tuple[int, int]] = []
        whole = slide._whole._read

        def noted(x: int, y: int, *, level: int, size: tuple[int, int]) -> np.ndarray:
            asked.append(size)
            return whole(x, y, level=level, size=size)

        monkeypatch.setattr(slide._whole, "_read", noted)
        view = slide.thumbnail(375)
        coarse = slide.read_tile(256, 256, level0_px=512, tile_px=256)
        assert asked == []
        np.testing.assert_array_equal(slide.read_tile(256, 256, level0_px=256, tile_px=256), fine)
        assert asked == [(256, 256)]
    expected = _levels(_blobs(), (1, 2, 4))
    assert np.abs(view.astype(int) - expected[2]).mean() < 2  # the grey levels that JPEG costs
    assert np.abs(coarse.astype(int) - expected[1][128:384, 128:384]).mean() < 2


def test_levels_that_are_no_powers_of_two_are_placed_where_they_lie(tmp_path: Path) -> None:
    pixels = _blobs(1201, 1503)
    with open_slide(_write(tmp_path / "a.ome.tif", _levels(pixels, (1, 3, 7.3)))) as slide:
        assert slide.downsamples == pytest.approx((1, 3, 7.3), rel=0.005)
        for x, y in ((0, 0), (301, 77), (700, 500)):
            found = slide.read_tile(x, y, level0_px=600, tile_px=150).astype(int)
            expected = cv2.resize(pixels[y : y + 600, x : x + 600], (150, 150), interpolation=cv2.INTER_AREA)
            assert np.abs(found - expected).mean() < 3  # half a pixel of the level to either side, and JPEG


def test_a_level_of_another_picture_is_not_used(tmp_path: Path) -> None:
    made = _levels(_blobs())
    with open_slide(_write(tmp_path / "a.ome.tif", [made[0], made[1], 255 - made[2]])) as slide:
        assert slide.downsamples == (1, 2)
    with open_slide(_write(tmp_path / "b.ome.tif", [made[0], 255 - made[1], made[2]])) as slide:
        assert slide.downsamples == (1,)
        assert slide.thumbnail(300).shape == (240, 300, 3)


def test_a_level_in_other_proportions_or_colours_ends_the_pyramid(tmp_path: Path) -> None:
    made = _levels(_blobs())
    wide = np.asarray(cv2.resize(made[2], (375, 200)))
    assert [page.width for page in sub_pages(_write(tmp_path / "a.tif", [*made[:2], wide]))] == [750]
    assert [page.width for page in sub_pages(_write(tmp_path / "b.tif", [made[0], made[2], made[1]]))] == [375]
    strips = tmp_path / "c.tif"
    tifffile.imwrite(strips, made[0], photometric="rgb")
    assert sub_pages(strips) == ()
    (tmp_path / "d.tif").write_bytes(strips.read_bytes()[:100])
    assert sub_pages(tmp_path / "d.tif") == ()


def test_channels_on_tiled_pages_of_their_own_are_no_slide(tmp_path: Path) -> None:
    planes = np.ascontiguousarray(np.moveaxis(_blobs(), -1, 0))
    path = tmp_path / "stack.ome.tif"
    tifffile.imwrite(path, planes, photometric="minisblack", metadata={"axes": "CYX"}, ome=True, tile=(256, 256))
    with pytest.raises(SlideError, match="stack of 3 pages of 1500 x 1200 px"):
        open_slide(path)


def test_a_damaged_tile_of_a_level_is_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.ome.tif", _levels(_blobs()))
    with tifffile.TiffFile(path) as file:
        page = file.pages[0].pages[0]
        index = int(np.argmin(page.databytecounts))  # not the one by which the level is compared
        offset, length = page.dataoffsets[index], page.databytecounts[index]
    data = bytearray(path.read_bytes())
    data[offset : offset + length] = bytes(length)
    path.write_bytes(data)
    with open_slide(path) as slide:
        assert slide.level_count == 3
        row, column = divmod(index, 3)
        with pytest.raises(SlideError, match=rf"a\.ome\.tif: the part at x={512 * column}, y={512 * row} \(level 1"):
            slide.read_tile(512 * column, 512 * row, level0_px=400, tile_px=200)


@pytest.mark.parametrize("compression", ["jpeg", "deflate"])
def test_tiles_that_were_never_written_are_white(tmp_path: Path, compression: str) -> None:
    options = {} if compression == "jpeg" else {"compression": compression, "compressionargs": None}
    path = _write(tmp_path / "a.ome.tif", _levels(_blobs()), **options)
    with tifffile.TiffFile(path) as file:
        page = file.pages[0].pages[0]
        index, tag = int(np.argmin(page.databytecounts)), page.tags["TileByteCounts"]
        width = tag.valuebytecount // tag.count
    data = bytearray(path.read_bytes())
    data[tag.valueoffset + index * width : tag.valueoffset + (index + 1) * width] = bytes(width)
    path.write_bytes(data)
    with open_slide(path) as slide:
        row, column = divmod(index, 3)
        assert (slide.read_tile(512 * column, 512 * row, level0_px=64, tile_px=32) == 255).all()


def test_what_the_ome_text_says_goes_before_the_dots_per_inch(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.ome.tif", _levels(_blobs()), resolution=(72, 72), resolutionunit="INCH")
    with open_slide(path) as slide:
        assert (slide.mpp, slide.mpp_doubt) == (0.25, "")
    plain = tmp_path / "b.tif"
    tifffile.imwrite(plain, _blobs(), tile=(256, 256), photometric="rgb", resolution=(72, 72), resolutionunit="INCH")
    with open_slide(plain) as slide:
        assert slide.mpp is None
        assert "states 352.778 um per pixel" in slide.mpp_doubt
        assert "resolution of a print" in slide.mpp_doubt


def test_each_thread_may_have_a_slide_of_its_own_and_the_hash_is_the_files(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.ome.tif", _levels(_blobs()))
    with open_slide(path) as one, open_slide(path, mpp=0.3) as other:
        assert one.sha256 == other.sha256
        assert (other.mpp, other.mpp_source) == (0.3, "user")
        tiles: list[np.ndarray] = [_tile(slide) for slide in (one, other)]
    np.testing.assert_array_equal(*tiles)


def _tile(slide: Slide) -> np.ndarray:
    return slide.read_tile(200, 200, level0_px=512, tile_px=128)
