"""Slides of six more scanners, made so that OpenSlide itself takes them for theirs."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import h5py
import numpy as np
import openslide
import pytest
import tifffile

from survdash.errors import SlideError
from survdash.features.embed import embed_slide
from survdash.slide.reader import open_slide, require_mpp
from survdash.slide.tiles import TileRule, lay_grid
from survdash.slide.tissue import find_tissue
from tests.slide.made_slides import tissue_and_glass, write_czi, write_sakura, write_vmu
from tests.slide.made_tiffs import write_bif, write_ndpi, write_scn, write_trestle

SMALL = TileRule(tile_px=64)
AREAS = ((512, 256), (2048, 1536))


def _bif(path: Path, pixels: np.ndarray, mpp: float) -> Path:
    return write_bif(path / "a.bif", pixels, mpp=mpp, power=40)


def _czi(path: Path, pixels: np.ndarray, mpp: float) -> Path:
    return write_czi(path / "a.czi", pixels, mpp=mpp, power=40)


def _ndpi(path: Path, pixels: np.ndarray, mpp: float) -> Path:
    return write_ndpi(path / "a.ndpi", pixels, mpp=mpp, power=40)


def _scn(path: Path, pixels: np.ndarray, mpp: float) -> Path:
    size = pixels.shape[1] + 1, pixels.shape[0]  # what fills the glass is taken for the macro picture
    return write_scn(path / "a.scn", {(0, 0): pixels}, size=size, mpp=mpp, power=40)


def _sakura(path: Path, pixels: np.ndarray, mpp: float) -> Path:
    return write_sakura(path / "a.svslide", pixels, mpp=mpp, power=40)


def _trestle(path: Path, pixels: np.ndarray, mpp: float) -> Path:
    return write_trestle(path / "a.tif", pixels, mpp=mpp, power=40)


def _vmu(path: Path, pixels: np.ndarray, mpp: float) -> Path:
    return write_vmu(path / "vmu", pixels, mpp=mpp, power=40)


@pytest.mark.parametrize(
    ("write", "vendor"),
    [
        (_bif, "ventana"), (_ndpi, "hamamatsu"), (_scn, "leica"), (_trestle, "trestle"), (_vmu, "hamamatsu"),
        (_sakura, "sakura"), (_czi, "zeiss"),
    ],
)
def test_a_scanners_slide_is_read_with_its_own_resolution(
    tmp_path: Path, write: Callable[[Path, np.ndarray, float], Path], vendor: str
) -> None:
    pixels = tissue_and_glass(960, 1920)  # whole steps of BIF tiles that overlap
    pixels = np.pad(pixels, ((0, 64), (0, 128), (0, 0)), mode="edge")
    path = write(tmp_path, pixels, 0.25)
    assert openslide.OpenSlide.detect_format(path) == vendor
    with open_slide(path) as slide:
        assert (slide.reader, slide.mpp_source, require_mpp(slide)) == ("openslide", "file", pytest.approx(0.25))
        assert slide.level_count > 1
        for level0_px, tile_px in ((256, 256), (512, 256)):
            tile = slide.read_tile(300, 204, level0_px=level0_px, tile_px=tile_px)
            expected = cv2.resize(pixels[204 : 204 + level0_px, 300 : 300 + level0_px], (tile_px, tile_px),
                                  interpolation=cv2.INTER_AREA)  # fmt: skip
            assert np.abs(tile.astype(int) - expected).mean() < 4  # JPEG, and levels that are made twice
        grid = lay_grid(slide, find_tissue(slide), SMALL)
    # Of tiles of 128 px with half tissue; the ellipse's rim passes through a third of them.
    assert grid.size * 128**2 == pytest.approx((pixels[..., 1] < 200).sum(), rel=0.1)


def test_a_leica_slide_of_two_areas_is_looked_at_where_it_was_scanned(tmp_path: Path) -> None:
    piece = tissue_and_glass(1024, 1024)
    path = write_scn(tmp_path / "a.scn", dict.fromkeys(AREAS, piece), size=(4096, 3072))
    with open_slide(path) as slide:
        assert (slide.left, slide.top, slide.width, slide.height) == (512, 256, 2560, 2304)
        grid = lay_grid(slide, find_tissue(slide), SMALL)
        tiles = [slide.read_tile(x, y, level0_px=128, tile_px=128) for x, y in grid.coords.tolist()]
        between = slide.read_tile(1600, 400, level0_px=256, tile_px=256)
    assert (between == 255).all()  # never scanned: white, not black
    inside = [[left <= x and x + 128 <= left + 1024 and top <= y and y + 128 <= top + 1024 for left, top in AREAS]
              for x, y in grid.coords.tolist()]  # fmt: skip
    assert np.array(inside).any(axis=1).all()
    assert np.array(inside).any(axis=0).all()
    for (x, y), tile, where in zip(grid.coords.tolist(), tiles, inside, strict=True):
        left, top = AREAS[where.index(True)]
        expected = piece[y - top : y - top + 128, x - left : x - left + 128]
        assert np.abs(tile.astype(int) - expected).mean() < 4
    made = embed_slide(path, tile_rule=SMALL)
    with h5py.File(made.bag_path) as file:
        np.testing.assert_array_equal(file[f"slides/{made.slide_id}/coords"][:], grid.coords)


def test_a_fluorescence_slide_is_refused_in_openslides_words(tmp_path: Path) -> None:
    piece = tissue_and_glass(960, 960)
    path = write_scn(tmp_path / "f.scn", {(0, 256): piece}, size=(2048, 2048), source="fluorescence")
    with pytest.raises(SlideError, match=r"f\.scn cannot be opened: Can't find main image"):
        open_slide(path)


def test_without_a_resolution_these_slides_ask_for_it(tmp_path: Path) -> None:
    piece = tissue_and_glass(960, 1024)
    for path in (
        write_bif(tmp_path / "a.bif", piece, mpp=None), write_ndpi(tmp_path / "a.ndpi", piece[:896], mpp=None),
        write_sakura(tmp_path / "a.svslide", piece, mpp=None), write_czi(tmp_path / "a.czi", piece, mpp=None),
    ):
        with open_slide(path) as slide, pytest.raises(SlideError, match="does not state its resolution"):
            require_mpp(slide)
    odd = write_scn(tmp_path / "odd.scn", {(0, 256): piece}, size=(2048, 2048), mpp=0.5, power=40)
    with open_slide(odd) as slide, pytest.raises(SlideError, match=r"contradicts itself.*0\.5 um.*40x"):
        require_mpp(slide)


def test_a_sakura_slide_whose_header_promises_gigantic_tiles_is_refused(tmp_path: Path) -> None:
    """OpenSlide takes memory for one tile before it decodes it, and ends the process where it gets none."""
    path = write_sakura(tmp_path / "a.svslide", tissue_and_glass())
    with closing(sqlite3.connect(path)) as database, database:
        (header,) = database.execute("SELECT data FROM Tiles WHERE id = 'Header'").fetchone()
        database.execute("UPDATE Tiles SET data = ? WHERE id = 'Header'", (struct.pack("<I", 60_000) + header[4:],))
    with pytest.raises(SlideError, match="said to have tiles of 60000 x 60000 px"):
        open_slide(path)


def test_a_sakura_slide_without_a_tile_names_its_place(tmp_path: Path) -> None:
    path = write_sakura(tmp_path / "a.svslide", tissue_and_glass())
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE Tiles SET data = x'ffd8' WHERE id = 'T;1024|512;1;1;0'")
    with open_slide(path) as slide:
        slide.read_tile(768, 512, level0_px=256, tile_px=256)
        with pytest.raises(SlideError, match="x=1024, y=512"):
            slide.read_tile(1024, 512, level0_px=256, tile_px=256)


@pytest.mark.parametrize("write", [_bif, _ndpi, _scn, _sakura, _czi], ids=["bif", "ndpi", "scn", "sakura", "czi"])
def test_one_cut_short_is_named(tmp_path: Path, write: Callable[[Path, np.ndarray, float], Path]) -> None:
    path = write(tmp_path, tissue_and_glass(960, 1920), 0.25)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SlideError, match=path.name):
        embed_slide(path, tile_rule=SMALL)


@pytest.mark.parametrize("write", [_scn, _bif, _trestle])
def test_a_tile_that_is_said_to_be_larger_than_its_file_is_refused_before_memory_is_asked_for(
    tmp_path: Path, write: Callable[[Path, np.ndarray, float], Path]
) -> None:
    path = write(tmp_path, tissue_and_glass(512, 512), 0.5)
    with tifffile.TiffFile(path) as file:
        tags = [page.tags["TileByteCounts"] for page in file.pages if page.is_tiled]
    data = bytearray(path.read_bytes())
    for tag in tags:
        size = tag.dtype.itemsize if hasattr(tag.dtype, "itemsize") else {3: 2, 4: 4, 16: 8}[int(tag.dtype)]
        data[tag.valueoffset : tag.valueoffset + size] = (2 ** (8 * size - 1)).to_bytes(size, "little")
    path.write_bytes(data)
    with pytest.raises(SlideError, match="more than the file"):
        open_slide(path)
