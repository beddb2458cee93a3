"""Tissue of a slide of 100,000 x 80,000 px, beside reading the smallest level that is fine enough and nothing else.

Makes a pyramid of JPEG tiles from the real region in ``../shared/slides`` (or from noise where that is absent) in a
temporary folder, about 1 GB: the tiles of one period are encoded once and their bytes repeated. All ways run in one
thread, in turn, in every round; seconds are CPU seconds, opening the slide included.
``python -m benchmarks.tissue_large [WIDTH] [HEIGHT] [ROUNDS]``
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import openslide
import simplejpeg
import tifffile

from benchmarks.slide_reading import QUALITY, TILE, region
from survdash.slide.reader import open_slide
from survdash.slide.rules import DEFAULT_TISSUE
from survdash.slide.tiles import lay_grid
from survdash.slide.tissue import judge_tissue, take_view

GLASS, PERIOD = 243, (12 * TILE, 10 * TILE)  # of the pattern: height, width; the region lies on glass in it


def make_slide(path: Path, width: int, height: int) -> None:
    """The region on glass, repeated; a level's tiles are encoded once for each place in the period."""
    picture = np.full((*PERIOD, 3), GLASS, np.uint8)
    part = region()[: PERIOD[0], : PERIOD[1]]
    picture[: part.shape[0], : part.shape[1]] = part
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        level = 0
        while True:
            file.write(
                _tiles(picture, width, height), shape=(height, width, 3), dtype=np.uint8, tile=(TILE, TILE),
                photometric="ycbcr", subsampling=(2, 2), compression="jpeg", subfiletype=int(level > 0), metadata=None,
                resolution=(20_000 / 2**level,) * 2, resolutionunit="CENTIMETER",
            )  # fmt: skip
            if max(width, height) < 2 * TILE:
                return
            level, width, height = level + 1, width // 2, height // 2
            half = (max(picture.shape[1] // 2, 1), max(picture.shape[0] // 2, 1))
            picture = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA))


def _tiles(picture: np.ndarray, width: int, height: int) -> Iterator[bytes]:
    encoded: dict[tuple[int, int], bytes] = {}
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            place = top % picture.shape[0], left % picture.shape[1]
            if place not in encoded:
                rows = picture.take(range(top, top + TILE), axis=0, mode="wrap")
                tile = np.ascontiguousarray(rows.take(range(left, left + TILE), axis=1, mode="wrap"))
                encoded[place] = simplejpeg.encode_jpeg(tile, quality=QUALITY, colorsubsampling="420")
            yield encoded[place]


def ways(path: Path) -> dict[str, Callable[[], object]]:
    """What is timed: the level alone by two readers, then what ``tissue`` does."""
    with open_slide(path) as slide:
        level = slide.level_for(max(slide.width, slide.height) / DEFAULT_TISSUE.view_px)
    with openslide.OpenSlide(path) as plain:
        size = plain.level_dimensions[level]

    def bare() -> None:
        with tifffile.TiffFile(path) as file, path.open("rb") as raw:
            page = file.pages[level]
            for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True):  # type: ignore[union-attr]
                raw.seek(offset)
                simplejpeg.decode_jpeg(raw.read(length), "RGB")

    def by_openslide() -> None:
        with openslide.OpenSlide(path) as slide:
            np.asarray(slide.read_region((0, 0), level, size).convert("RGB"))

    def view() -> None:
        with open_slide(path) as slide:
            slide.thumbnail(DEFAULT_TISSUE.view_px)

    def tissue() -> None:
        with open_slide(path) as slide:
            seen = take_view(slide)
        lay_grid(seen, judge_tissue(seen))

    return {
        f"bare decoding of level {level} ({size[0]:,} x {size[1]:,} px)": bare,
        "the same level by OpenSlide": by_openslide,
        "the view, by our reader": view,
        "the view, tissue and grid": tissue,
    }


def main() -> None:
    """Make the slide, time each way in each round, print medians and ratios to OpenSlide's reading."""
    width, height, rounds = (int(text) for text in [*sys.argv[1:], *("100000", "80000", "5")[len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.tiff"
        make_slide(path, width, height)
        print(f"{width:,} x {height:,} px, {path.stat().st_size / 2**20:,.0f} MB")
        known = ways(path)
        found: dict[str, list[float]] = {name: [] for name in known}
        for _ in range(rounds):
            for name, call in known.items():
                start = time.process_time()
                call()
                found[name].append(time.process_time() - start)
        base = np.array(found["the same level by OpenSlide"])
        for name, seconds in found.items():
            ratio = np.array(seconds) / base
            middle = f"{np.median(ratio):.2f} ({ratio.min():.2f}-{ratio.max():.2f})"
            print(f"| {name} | {np.median(seconds):.3f} s | {middle} |")
        with open_slide(path) as slide:
            seen = take_view(slide)
        print(f"{lay_grid(seen, judge_tissue(seen)).size:,} tiles")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
