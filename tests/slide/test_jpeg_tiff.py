"""JPEG tiles read past OpenSlide: its pixels everywhere, its refusals, and nothing that it would fill in."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from survdash.simulation.pyramid import write_pyramid
from survdash.slide.jpeg_tiff import JpegTiles, TileError, tile_pages
from survdash.slide.reader import DirectSlide, OpenSlideSlide, open_slide
from tests.slide.made_jpeg_tiffs import HEIGHT, KINDS, WIDTH, same, texture, write_kind

Make = Callable[[str], Path]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A slide of each kind, written once."""
    return partial(write_kind, tmp_path_factory.mktemp("slides"))


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_any_region_is_openslides_to_the_pixel(make: Make, kind: str, data: st.DataObject) -> None:
    path = make(kind)
    with open_slide(path) as slide, OpenSlideSlide(path, None) as reference:
        assert slide.reader == "direct"
        level = data.draw(st.integers(0, min(reference.level_count, 3) - 1), label="level")
        step = round(slide.downsamples[level]) if data.draw(st.booleans(), label="whole") else 1
        x, y = (  # also across and beyond every edge
            step * data.draw(st.integers(-300 // step, (side + 300) // step)) for side in (slide.width, slide.height)
        )
        size = (data.draw(st.integers(1, 600), label="width"), data.draw(st.integers(1, 600), label="height"))
        same(slide, reference, at=(x, y), level=level, size=size)


@settings(deadline=None, max_examples=40)
@given(x=st.integers(-100, 2300), y=st.integers(-100, 3000), width=st.integers(1, 900), height=st.integers(1, 900))
def test_any_region_of_a_real_slide_is_openslides(shared: Path, x: int, y: int, width: int, height: int) -> None:
    path = shared / "slides" / "CMU-1-Small-Region.svs"
    with open_slide(path) as slide, OpenSlideSlide(path, None) as reference:
        assert (slide.reader, slide.level_count) == ("direct", 1)
        same(slide, reference, at=(x, y), level=0, size=(width, height))


@pytest.mark.parametrize("kind", KINDS)
def test_tiles_views_and_facts_do_not_depend_on_the_reader(make: Make, kind: str) -> None:
    path = make(kind)
    with DirectSlide(path, None) as slide, OpenSlideSlide(path, None) as reference:
        for level0_px in (256, 300, 512):
            np.testing.assert_array_equal(
                slide.read_tile(301, 77, level0_px=level0_px, tile_px=256),
                reference.read_tile(301, 77, level0_px=level0_px, tile_px=256),
            )
        for max_px in (100, 512, 2000):
            np.testing.assert_array_equal(slide.thumbnail(max_px), reference.thumbnail(max_px))
        assert (slide.width, slide.height, slide.downsamples) == (
            reference.width, reference.height, reference.downsamples,
        )  # fmt: skip
        assert (slide.mpp, slide.mpp_source, slide.sha256) == (reference.mpp, reference.mpp_source, reference.sha256)


def test_regions_larger_than_openslide_paints_at_once_are_its_own(tmp_path: Path) -> None:
    # Beyond 4,096 px OpenSlide paints in parts; at a level of 2.0005 their corners fall between two pixels.
    path = tmp_path / "wide.tiff"
    write_pyramid(np.tile(texture(1111, 300), (1, 8, 1))[:, :8887], path, mpp=0.5)
    with open_slide(path) as slide, OpenSlideSlide(path, None) as reference:
        assert slide.reader == "direct"
        assert not slide.downsamples[1].is_integer()
        same(slide, reference, at=(0, 0), level=1, size=(4400, 140))
        same(slide, reference, at=(0, 0), level=0, size=(8000, 140))


def test_every_way_to_store_the_colours_is_what_it_says(make: Make) -> None:
    found = {}
    for kind in KINDS:
        with tifffile.TiffFile(make(kind)) as file:
            page = file.pages[0]
            found[kind] = (int(page.photometric), bool(page.jpegtables))
    assert found["rgb"] == found["aperio"] == (2, False)
    assert found["tables"] == (6, True)
    assert found["ycbcr 4:2:0"] == found["pyramid"] == (6, False)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "deflate"},
        {"compression": None},
        {"compression": "jpeg2000"},
    ],
)
def test_other_compressions_stay_with_openslide(tmp_path: Path, options: dict) -> None:
    path = tmp_path / "slide.tiff"
    tifffile.imwrite(path, texture(), tile=(256, 256), photometric="rgb", metadata=None, **options)
    assert tile_pages(path, [(WIDTH, HEIGHT)]) == (None,)


def test_grey_strips_two_pages_of_one_size_and_no_tiff_are_not_for_this_reader(tmp_path: Path) -> None:
    grey, strips, twice, text = (tmp_path / f"{name}.tiff" for name in ("grey", "strips", "twice", "text"))
    tifffile.imwrite(grey, texture()[..., 0], tile=(256, 256), compression="jpeg", metadata=None)
    tifffile.imwrite(strips, texture(), photometric="rgb", compression="jpeg", rowsperstrip=64, metadata=None)
    with tifffile.TiffWriter(twice) as file:
        for _ in range(2):
            file.write(texture(), tile=(256, 256), photometric="rgb", compression="jpeg", metadata=None)
    text.write_text("no slide")
    for path in (grey, strips, twice, text):
        assert tile_pages(path, [(WIDTH, HEIGHT)]) == (None,)


def test_the_real_jpeg2000_slide_stays_with_openslide(shared: Path) -> None:
    with open_slide(shared / "slides" / "TCGA-CR-7395-01A-01-TS1.svs") as slide:
        assert slide.reader == "openslide"


def test_a_slide_with_missing_tiles_stays_with_openslide(make: Make, tmp_path: Path) -> None:
    with tifffile.TiffFile(make("aperio")) as file:
        tag = file.pages[0].tags["TileByteCounts"]
        width, where = tag.valuebytecount // tag.count, tag.valueoffset
    data = bytearray(make("aperio").read_bytes())
    data[where + 4 * width : where + 5 * width] = bytes(width)
    path = tmp_path / "slide.svs"
    path.write_bytes(data)
    with open_slide(path) as slide:
        assert slide.reader == "openslide"
        slide.read_tile(0, 0, level0_px=256, tile_px=256)


def test_a_page_whose_colours_are_not_as_its_tag_says_is_read_as_openslide_reads_it(make: Make, tmp_path: Path) -> None:
    with tifffile.TiffFile(make("ycbcr 4:4:4")) as file:
        where = [page.tags["PhotometricInterpretation"].valueoffset for page in file.pages]
    data = bytearray(make("ycbcr 4:4:4").read_bytes())
    for offset in where:
        data[offset : offset + 2] = (2).to_bytes(2, "little")
    path = tmp_path / "slide.tiff"
    path.write_bytes(data)
    with open_slide(path) as slide, OpenSlideSlide(path, None) as reference:
        same(slide, reference, at=(100, 100), level=0, size=(700, 700))


def test_decoded_tiles_are_kept_up_to_the_limit_and_read_once_within_it(make: Make) -> None:
    path, tile_bytes = make("rgb"), 240 * 256 * 3
    tiles = JpegTiles(path, tile_pages(path, [(WIDTH, HEIGHT)]), cache_bytes=5 * tile_bytes)
    try:
        decoded: list[int] = []
        decode = tiles._decode
        tiles._decode = lambda page, index, room: decoded.append(index) or decode(page, index, room)
        for _ in range(3):
            tiles.read(100, 100, level=0, size=(256, 240))
        assert sorted(decoded) == [0, 1, 6, 7]
        tiles.read(0, 0, level=0, size=(WIDTH, HEIGHT))
        assert sum(tile.nbytes for tile in [*tiles._kept.values(), *tiles._free]) <= 5 * tile_bytes
        with pytest.raises(TileError, match="no level"):
            tiles.read(0, 0, level=1, size=(10, 10))
    finally:
        tiles.close()


def test_a_small_piece_of_tissue_on_a_wide_slide_keeps_what_it_needs_and_reads_each_tile_once(tmp_path: Path) -> None:
    """Memory follows the tissue's width, not the slide's."""
    pixels = np.random.default_rng(0).integers(0, 255, (64 * 14, 64 * 150, 3), dtype=np.uint8)
    path = tmp_path / "wide.tiff"
    tifffile.imwrite(path, pixels, tile=(64, 64), photometric="rgb", compression="jpeg")
    tiles = JpegTiles(path, tile_pages(path, [(64 * 150, 64 * 14)]))
    decoded: list[int] = []
    decode = tiles._decode
    tiles._decode = lambda page, index, room: decoded.append(index) or decode(page, index, room)  # type: ignore[method-assign]
    try:
        for y in range(32, 64 * 12, 64):  # off the file's grid, twenty tiles wide
            for x in range(2000, 2000 + 64 * 20, 64):
                tiles.read(x, y, level=0, size=(64, 64))
        assert len(decoded) == len(set(decoded))
        assert len(tiles._kept) + len(tiles._free) <= 64 + 2 * 21
    finally:
        tiles.close()


@pytest.mark.parametrize("kept_tiles", [1, 5, 12, 40])
@settings(deadline=None, max_examples=15)
@given(
    places=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1300), st.integers(0, 1700)), min_size=1, max_size=30)
)
def test_the_order_of_reading_and_the_tiles_kept_change_nothing(make: Make, kept_tiles: int, places: list) -> None:
    path = make("ycbcr 4:2:0")
    with tifffile.TiffFile(path) as file:
        levels = [page.asarray() for page in file.pages]  # tifffile decodes with imagecodecs: another way to the pixels
    pages = tile_pages(path, [(WIDTH, HEIGHT), (WIDTH // 2, HEIGHT // 2)])
    tiles = JpegTiles(path, pages, cache_bytes=kept_tiles * 240 * 256 * 3)
    try:
        for level, x, y in places:
            found = tiles.read(x >> level, y >> level, level=level, size=(300, 310))
            expected = levels[level][y >> level :, x >> level :][:310, :300]
            np.testing.assert_array_equal(found[: expected.shape[0], : expected.shape[1]], expected)
            assert (found[expected.shape[0] :] == 255).all()
            assert (found[:, expected.shape[1] :] == 255).all()
    finally:
        tiles.close()


def test_threads_with_a_slide_each_read_the_same(make: Make) -> None:
    path = make("ycbcr 4:2:0")

    def read(_: int) -> np.ndarray:
        with open_slide(path) as slide:
            return np.stack([slide.read_tile(x, 333, level0_px=256, tile_px=256) for x in range(0, 900, 90)])

    with ThreadPoolExecutor(4) as pool:
        one, *others = pool.map(read, range(8))
    for other in others:
        np.testing.assert_array_equal(other, one)
