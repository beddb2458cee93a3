"""JPEG tiles read past OpenSlide: its pixels everywhere, its refusals, and nothing that it would fill in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from survdash.errors import SlideError
from survdash.simulation.pyramid import write_pyramid
from survdash.slide.jpeg_tiff import JpegTiles, TileError, tile_pages
from survdash.slide.reader import DirectSlide, OpenSlideSlide, Slide, open_slide

WIDTH, HEIGHT = 1400, 1800  # no multiple of a tile; halved exactly, so that level 1 has whole positions
KINDS = ["rgb", "ycbcr 4:2:0", "ycbcr 4:2:2", "ycbcr 4:4:4", "tables", "pyramid", "odd pyramid", "aperio", "ome"]
Make = Callable[[str], Path]


def _texture(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Blobs of colour under noise: every block differs, and every way to enlarge the chroma shows."""
    rng = np.random.default_rng(7)
    blobs = np.kron(rng.integers(0, 256, (height // 20 + 1, width // 20 + 1, 3)), np.ones((20, 20, 1), int))
    blobs = blobs[:height, :width]
    return np.clip(blobs + rng.integers(-30, 30, blobs.shape), 0, 255).astype(np.uint8)


def _write_levels(path: Path, *, bigtiff: bool = False, **options: object) -> None:
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as file:
        for level in (0, 1):
            file.write(
                _texture()[:: 1 + level, :: 1 + level], tile=(240, 256), photometric="rgb", compression="jpeg",
                subfiletype=level, metadata=None, **options,
            )  # fmt: skip


def _write_with_tables(path: Path) -> None:
    """As libtiff and scanners do: quantisation and Huffman tables once for all tiles, none in a tile."""
    _write_levels(path, compressionargs={"level": 90}, subsampling=(2, 2))
    plain = path.read_bytes()
    with tifffile.TiffFile(path) as file:
        levels = [(page.shape, list(zip(page.dataoffsets, page.databytecounts, strict=True))) for page in file.pages]
    tables = b""
    with tifffile.TiffWriter(path) as file:
        for level, (shape, places) in enumerate(levels):
            tiles = []
            for offset, length in places:
                stream, tables = _without_tables(plain[offset : offset + length])
                tiles.append(stream)
            file.write(
                iter(tiles), shape=shape, dtype=np.uint8, tile=(240, 256), photometric="ycbcr", subsampling=(2, 2),
                compression="jpeg", subfiletype=level, metadata=None, jpegtables=tables,
            )  # fmt: skip


def _without_tables(stream: bytes) -> tuple[bytes, bytes]:
    """Move the DQT (db) and DHT (c4) segments of a JPEG stream out of it."""
    kept, tables, at = [stream[:2]], [stream[:2]], 2
    while stream[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(stream[at + 2 : at + 4])
        (tables if stream[at + 1] in (0xDB, 0xC4) else kept).append(stream[at:end])
        at = end
    return b"".join([*kept, stream[at:]]), b"".join([*tables, b"\xff\xd9"])


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A slide of each kind, written once."""
    folder = tmp_path_factory.mktemp("slides")

    def write(kind: str) -> Path:
        path = folder / f"{kind.replace(' ', '_').replace(':', '')}.tiff"
        if path.exists():
            return path
        if kind == "tables":
            _write_with_tables(path)
        elif kind == "pyramid":
            write_pyramid(_texture(1280, 1536), path, mpp=0.5)
        elif kind == "odd pyramid":  # levels of 2.0017, 4.01 ...: only some corners have whole positions
            write_pyramid(_texture(1111, 1301), path, mpp=0.5)
        elif kind == "aperio":
            _write_levels(
                path, compressionargs={"level": 90, "outcolorspace": "rgb"}, bigtiff=True,
                description="Aperio Image Library v11.2.1 \r\n1400x1800 (256x240) JPEG/RGB Q=90|AppMag = 40|MPP = 0.25",
            )  # fmt: skip
        elif kind == "ome":  # its lower levels hang below the first page, where OpenSlide does not look
            with tifffile.TiffWriter(path, ome=True, bigtiff=True) as file:
                for level in (0, 1):
                    file.write(
                        _texture()[:: 1 + level, :: 1 + level], tile=(240, 256), photometric="rgb", compression="jpeg",
                        subfiletype=level, subifds=1 - level, resolution=(20_000, 20_000), resolutionunit="CENTIMETER",
                    )  # fmt: skip
        elif kind == "rgb":
            _write_levels(path, compressionargs={"level": 90, "outcolorspace": "rgb"})
        else:
            sampling = {"4:2:0": (2, 2), "4:2:2": (2, 1), "4:4:4": (1, 1)}[kind.split()[1]]
            _write_levels(path, compressionargs={"level": 90}, subsampling=sampling)
        return path

    return write


def _same(found: Slide, expected: Slide, *, at: tuple[int, int], level: int, size: tuple[int, int]) -> None:
    here, there = (slide._read(*at, level=level, size=size) for slide in (found, expected))
    np.testing.assert_array_equal(here, there)


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
        _same(slide, reference, at=(x, y), level=level, size=size)


@settings(deadline=None, max_examples=40)
@given(x=st.integers(-100, 2300), y=st.integers(-100, 3000), width=st.integers(1, 900), height=st.integers(1, 900))
def test_any_region_of_a_real_slide_is_openslides(shared: Path, x: int, y: int, width: int, height: int) -> None:
    path = shared / "slides" / "CMU-1-Small-Region.svs"
    with open_slide(path) as slide, OpenSlideSlide(path, None) as reference:
        assert (slide.reader, slide.level_count) == ("direct", 1)
        _same(slide, reference, at=(x, y), level=0, size=(width, height))


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
    write_pyramid(np.tile(_texture(1111, 300), (1, 8, 1))[:, :8887], path, mpp=0.5)
    with open_slide(path) as slide, OpenSlideSlide(path, None) as reference:
        assert slide.reader == "direct"
        assert not slide.downsamples[1].is_integer()
        _same(slide, reference, at=(0, 0), level=1, size=(4400, 140))
        _same(slide, reference, at=(0, 0), level=0, size=(8000, 140))


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
    tifffile.imwrite(path, _texture(), tile=(256, 256), photometric="rgb", metadata=None, **options)
    assert tile_pages(path, [(WIDTH, HEIGHT)]) == (None,)


def test_grey_strips_two_pages_of_one_size_and_no_tiff_are_not_for_this_reader(tmp_path: Path) -> None:
    grey, strips, twice, text = (tmp_path / f"{name}.tiff" for name in ("grey", "strips", "twice", "text"))
    tifffile.imwrite(grey, _texture()[..., 0], tile=(256, 256), compression="jpeg", metadata=None)
    tifffile.imwrite(strips, _texture(), photometric="rgb", compression="jpeg", rowsperstrip=64, metadata=None)
    with tifffile.TiffWriter(twice) as file:
        for _ in range(2):
            file.write(_texture(), tile=(256, 256), photometric="rgb", compression="jpeg", metadata=None)
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
            _same(slide, reference, at=(768, 240), level=0, size=(128, 128))
        else:
            with pytest.raises(SlideError, match=r"slide\.tiff.*x=768, y=240"):
                slide.read_tile(768, 240, level0_px=128, tile_px=128)
        _same(slide, reference, at=(512, 240), level=0, size=(256, 240))
        _same(slide, reference, at=(100, 500), level=0, size=(500, 500))


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
        path, _texture(300, 280), tile=(256, 256), photometric="rgb", compression="jpeg", metadata=None,
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
    with open_slide(path) as slide, pytest.raises(SlideError, match=r"slide\.svs"):
        slide.read_tile(768, 240, level0_px=128, tile_px=128)


def test_a_file_cut_short_under_our_hands_is_refused(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "slide.tiff"
    path.write_bytes(make("rgb").read_bytes())
    with open_slide(path) as slide:
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // 3)
        with pytest.raises(SlideError, match=r"slide\.tiff"):
            slide.thumbnail(2000)


def test_a_page_whose_colours_are_not_as_its_tag_says_is_read_as_openslide_reads_it(make: Make, tmp_path: Path) -> None:
    with tifffile.TiffFile(make("ycbcr 4:4:4")) as file:
        where = [page.tags["PhotometricInterpretation"].valueoffset for page in file.pages]
    data = bytearray(make("ycbcr 4:4:4").read_bytes())
    for offset in where:
        data[offset : offset + 2] = (2).to_bytes(2, "little")
    path = tmp_path / "slide.tiff"
    path.write_bytes(data)
    with open_slide(path) as slide, OpenSlideSlide(path, None) as reference:
        _same(slide, reference, at=(100, 100), level=0, size=(700, 700))


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
