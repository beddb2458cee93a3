"""Blocks come in order, whole, and can be taken up again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from survdash.errors import SlideError
from survdash.features.blocks import BLOCK_TILES, BlockFolder, TileBlock, block_starts, encode_blocks
from survdash.features.encoders import Encoder, load_encoder
from survdash.settings import settings
from survdash.slide.focus import measure_focus
from survdash.slide.reader import Slide, open_slide
from survdash.slide.stain import fit_stain, sample_pixels
from survdash.slide.tiles import TileGrid, TileRule, lay_grid
from survdash.slide.tissue import find_tissue

MADE_BY = {"engine": "made", "device": "cpu"}


@pytest.fixture
def slide(tmp_path: Path) -> Iterator[Slide]:
    pixels = np.random.default_rng(0).integers(0, 90, (960, 960, 3)) + np.array([160, 60, 120])
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "a.png")
    with open_slide(tmp_path / "a.png", mpp=0.5) as opened:
        yield opened


@pytest.fixture
def grid(slide: Slide) -> TileGrid:
    return lay_grid(slide, find_tissue(slide), TileRule(tile_px=64))


@pytest.fixture(params=["engine", "torch"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return load_encoder(tile_px=64, fast=request.param == "engine")


def test_blocks_are_the_tiles_in_order(slide: Slide, grid: TileGrid, encoder: Encoder) -> None:
    tiles = np.stack([slide.read_tile(x, y, level0_px=64, tile_px=64) for x, y in grid.coords.tolist()])
    found = dict(encode_blocks(slide, grid, encoder, starts=block_starts(grid)))
    assert list(found) == list(block_starts(grid))
    assert len(found) > 2
    assert all(block.kept.all() for block in found.values())
    features = np.concatenate([block.features for block in found.values()])
    if encoder.engine is not None:
        np.testing.assert_array_equal(features, encoder.encode(tiles))
    else:  # torch adds up in another order in batches of another size
        np.testing.assert_allclose(features, encoder.encode(tiles), atol=2e-5, rtol=1e-4)
    focus = np.concatenate([block.focus for block in found.values()])
    np.testing.assert_allclose(focus, [measure_focus(tile) for tile in tiles], rtol=1e-6)  # kept as float32
    some = dict(encode_blocks(slide, grid, encoder, starts=[128]))
    np.testing.assert_array_equal(some[128].features, found[128].features)


def test_the_number_of_threads_changes_no_bit(
    slide: Slide, grid: TileGrid, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def features(threads: str) -> bytes:
        monkeypatch.setenv("SURVDASH_THREADS", threads)
        settings.cache_clear()
        blocks = encode_blocks(slide, grid, encoder, starts=[0, 128])
        return b"".join(block.features.tobytes() + block.focus.tobytes() for _, block in blocks)

    assert len({features(threads) for threads in ("1", "2", "3")}) == 1


def test_tiles_are_encoded_in_the_colours_of_the_reference(slide: Slide, grid: TileGrid) -> None:
    encoder = load_encoder(tile_px=64)
    stain = fit_stain(sample_pixels(slide, grid), "macenko")
    (found,) = [block for _, block in encode_blocks(slide, grid, encoder, starts=[0], stain=stain)]
    tiles = [slide.read_tile(x, y, level0_px=64, tile_px=64) for x, y in grid.coords[:BLOCK_TILES].tolist()]
    np.testing.assert_array_equal(found.features, encoder.encode(np.stack([stain.apply(tile) for tile in tiles])))
    # How sharp a tile is, is asked of the slide and not of what became of its colours.
    np.testing.assert_allclose(found.focus, [measure_focus(tile) for tile in tiles], rtol=1e-6)


def test_closing_stops_the_threads(slide: Slide, grid: TileGrid, encoder: Encoder) -> None:
    blocks = encode_blocks(slide, grid, encoder, starts=block_starts(grid))
    next(blocks)
    blocks.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tiles")]


def test_unreadable_tiles_are_counted_where_that_is_wanted(tmp_path: Path, encoder: Encoder) -> None:
    path = tmp_path / "slide.tiff"
    pixels = np.random.default_rng(0).integers(0, 90, (512, 1024, 3)) + np.array([160, 60, 120])
    tifffile.imwrite(path, pixels.astype(np.uint8), tile=(256, 256), photometric="rgb", compression="jpeg")
    whole = path.read_bytes()
    with tifffile.TiffFile(path) as file:
        offset, length = file.pages[0].dataoffsets[5], file.pages[0].databytecounts[5]
    places = np.array([(x, y) for y in range(0, 512, 64) for x in range(0, 1024, 64)], np.int32)
    grid = TileGrid(coords=places, tissue=np.ones(len(places)), level0_px=64, tile_px=64)
    with open_slide(path, mpp=0.5) as opened:
        expected = dict(encode_blocks(opened, grid, encoder, starts=block_starts(grid)))
    path.write_bytes(whole[:offset] + bytes(length) + whole[offset + length :])
    broken = (places[:, 0] // 256 == 1) & (places[:, 1] // 256 == 1)  # native tile 5 of 4 across
    with open_slide(path, mpp=0.5) as opened:
        with pytest.raises(SlideError, match=r"slide\.tiff"):
            list(encode_blocks(opened, grid, encoder, starts=block_starts(grid)))
        found = dict(encode_blocks(opened, grid, encoder, starts=block_starts(grid), skip_unreadable=True))
    np.testing.assert_array_equal(np.concatenate([block.kept for block in found.values()]), ~broken)
    for start, block in found.items():
        np.testing.assert_allclose(block.features, expected[start].features[block.kept], atol=2e-5, rtol=1e-4)


def _block(size: int = BLOCK_TILES) -> TileBlock:
    kept = np.ones(size, bool)
    kept[3] = False
    rng = np.random.default_rng(1)
    return TileBlock(features=rng.normal(size=(size - 1, 5)), kept=kept, focus=rng.random(size - 1, np.float32))


def test_a_kept_block_comes_back_as_float16(tmp_path: Path) -> None:
    folder = BlockFolder(tmp_path / "a.part", dim=5, made_by=MADE_BY)
    folder.put(64, _block())
    again = BlockFolder(tmp_path / "a.part", dim=5, made_by=MADE_BY).get(64, BLOCK_TILES)
    assert again is not None
    np.testing.assert_array_equal(again.features, _block().features.astype(np.float16))
    np.testing.assert_array_equal(again.kept, _block().kept)
    np.testing.assert_array_equal(again.focus, _block().focus)
    assert folder.get(0, BLOCK_TILES) is None
    assert folder.get(64, BLOCK_TILES - 1) is None
    folder.remove()
    assert not folder.path.exists()


def test_what_is_damaged_or_by_another_engine_is_not_taken_up(tmp_path: Path) -> None:
    folder = BlockFolder(tmp_path / "a.part", dim=5, made_by=MADE_BY)
    folder.put(0, _block())
    file = next(folder.path.glob("*.npz"))
    data = file.read_bytes()
    for damaged in (b"", data[:-30], data[:40] + b"xxxx" + data[44:], b"text"):
        file.write_bytes(damaged)
        assert folder.get(0, BLOCK_TILES) is None
    file.write_bytes(data)
    (folder.path / ".000000064.npz.abc.part").write_bytes(b"half")
    assert BlockFolder(folder.path, dim=5, made_by=MADE_BY).get(0, BLOCK_TILES) is not None
    assert not list(folder.path.glob(".*"))
    assert BlockFolder(folder.path, dim=5, made_by=MADE_BY | {"engine": "torch"}).get(0, BLOCK_TILES) is None
