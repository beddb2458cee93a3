"""How fast tiles come off a slide, against decoding the same JPEG tiles and nothing else.

Makes a tiled JPEG pyramid of SIDE x SIDE px from the real region in ``../shared/slides`` (or from noise where that is
absent) in a temporary folder. All ways run in one thread, in turn, in every round; a rate is tiles per CPU second,
opening the slide included. Then the peak memory of a process that reads slides of half and of twice the side.
``python -m benchmarks.slide_reading [SIDE] [ROUNDS]``; SIDE is 20000 unless given.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import openslide
import simplejpeg
import tifffile

from survdash.slide.reader import OpenSlideSlide, Slide, open_slide

REGION = Path(__file__).resolve().parents[2] / "shared" / "slides" / "CMU-1-Small-Region.svs"
TILE, QUALITY, TILES, OFF_GRID = 256, 85, 1000, 128
GLASS, WHOLE = 243, 256  # grey level of bare glass; a multiple of every level and of the tiles
PEAK = "peak-of"  # the word that makes this a child that reports its own memory


def region() -> np.ndarray:
    """Real tissue, or noise of the same size."""
    if not REGION.is_file():
        print(f"No slide at {REGION}: made of noise, which decodes more slowly than tissue.")
        return np.random.default_rng(0).integers(0, 256, (2967, 2220, 3), dtype=np.uint8)
    with openslide.OpenSlide(REGION) as slide:
        return np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))


def make_slide(path: Path, side: int, *, tissue_px: int | None = None) -> None:
    """The region repeated over the slide; no two tiles in a period are alike, and one tile is in memory at a time.

    With ``tissue_px`` only a square of this side in the middle holds the region, the same on slides of every size, and
    the rest is bare glass. All levels show the same: the region's sides and the square's corners are whole multiples
    of the coarsest level's pixels.
    """
    whole = region()
    picture = whole[: len(whole) // WHOLE * WHOLE, : whole.shape[1] // WHOLE * WHOLE]
    first, end = 0, side
    if tissue_px is not None:
        first = (side - tissue_px) // 2 // WHOLE * WHOLE
        end = first + tissue_px // WHOLE * WHOLE
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        level = 0
        while True:
            file.write(
                _tiles(picture, side, first, end), shape=(side, side, 3), dtype=np.uint8, tile=(TILE, TILE),
                photometric="ycbcr", subsampling=(2, 2), compression="jpeg", subfiletype=int(level > 0), metadata=None,
                resolution=(20_000 / 2**level,) * 2, resolutionunit="CENTIMETER",
            )  # fmt: skip
            if side < 2 * TILE:
                return
            level, side, first, end = level + 1, side // 2, first // 2, end // 2
            half = (picture.shape[1] // 2, picture.shape[0] // 2)
            picture = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA))


def _tiles(picture: np.ndarray, side: int, first: int, end: int) -> Iterator[bytes]:
    """Tiles of a level, row by row: the picture, repeated from the corner of the square ``first`` to ``end``."""
    glass = simplejpeg.encode_jpeg(np.full((TILE, TILE, 3), GLASS, np.uint8), quality=QUALITY, colorsubsampling="420")
    for top in range(0, side, TILE):
        rows = picture.take(range(top - first, top - first + TILE), axis=0, mode="wrap")
        for left in range(0, side, TILE):
            if min(top, left) + TILE <= first or max(top, left) >= end:
                yield glass
                continue
            tile = np.ascontiguousarray(rows.take(range(left - first, left - first + TILE), axis=1, mode="wrap"))
            y, x = np.arange(top, top + TILE), np.arange(left, left + TILE)
            tile[(y < first) | (y >= end)] = GLASS
            tile[:, (x < first) | (x >= end)] = GLASS
            yield simplejpeg.encode_jpeg(tile, quality=QUALITY, colorsubsampling="420")


def corners(side: int, shift: int) -> list[tuple[int, int]]:
    """About ``TILES`` tiles in whole rows, from the upper left, as the grid of a slide full of tissue has them."""
    across = (side - shift) // TILE
    rows = min(max(1, TILES // across), across)
    return [(shift + TILE * column, shift + TILE * row) for row in range(rows) for column in range(across)]


def streams(path: Path, side: int) -> list[bytes]:
    """The JPEG streams of the native tiles that ``corners`` without a shift are, in memory."""
    across = -(-side // TILE)
    with tifffile.TiffFile(path) as file, path.open("rb") as raw:
        page = file.pages[0]
        found = []
        for x, y in corners(side, 0):
            index = y // TILE * across + x // TILE
            raw.seek(page.dataoffsets[index])  # type: ignore[union-attr]
            found.append(raw.read(page.databytecounts[index]))  # type: ignore[union-attr]
    return found


def ways(path: Path, side: int) -> dict[str, tuple[int, Callable[[], object]]]:
    """Each way to the pixels: how many tiles it gives, and the call that gives them."""
    data = streams(path, side)

    def read_with(opened: Callable[[Path], Slide], shift: int) -> Callable[[], None]:
        places = corners(side, shift)

        def read() -> None:
            with opened(path) as slide:  # opening, its proof and an empty cache are in the price
                for x, y in places:
                    slide.read_tile(x, y, level0_px=TILE, tile_px=TILE)

        return read

    def bare(decode: Callable[[bytes], object]) -> Callable[[], object]:
        return lambda: [decode(stream) is None for stream in data]  # each tile is let go at once, as a reader would

    plain, shifted = len(corners(side, 0)), len(corners(side, OFF_GRID))
    return {
        "bare decoding (simplejpeg)": (plain, bare(lambda stream: simplejpeg.decode_jpeg(stream, "RGB", strict=True))),
        "bare decoding (imagecodecs)": (plain, bare(imagecodecs.jpeg8_decode)),
        "direct, on the file's grid": (plain, read_with(open_slide, 0)),
        f"direct, {OFF_GRID} px off it": (shifted, read_with(open_slide, OFF_GRID)),
        "OpenSlide, on the file's grid": (plain, read_with(_by_openslide, 0)),
        f"OpenSlide, {OFF_GRID} px off it": (shifted, read_with(_by_openslide, OFF_GRID)),
    }


def _by_openslide(path: Path) -> Slide:
    return OpenSlideSlide(path, None)


def show(path: Path, side: int, rounds: int) -> None:
    """Print rates and ratios of all ways."""
    found: dict[str, list[float]] = {}
    known = ways(path, side)
    for _ in range(rounds):
        for name, (count, call) in known.items():
            start = time.process_time()
            call()
            found.setdefault(name, []).append(count / (time.process_time() - start))
    base = np.array(found["bare decoding (simplejpeg)"])
    print("| way | tiles / CPU s | ratio, median of rounds (range) |\n|---|---|---|")
    for name, rates in found.items():
        ratio = np.array(rates) / base
        print(f"| {name} | {np.median(rates):,.0f} | {np.median(ratio):.2f} ({ratio.min():.2f}-{ratio.max():.2f}) |")


def peak(path: Path) -> None:
    """Print this process's peak memory in MB after reading tiles from everywhere, off the grid."""
    with open_slide(path) as slide:
        for y in range(OFF_GRID, slide.height - TILE, max(TILE, slide.height // 40)):
            for x in range(OFF_GRID, slide.width - TILE, TILE):
                slide.read_tile(x, y, level0_px=TILE, tile_px=TILE)
        slide.thumbnail(2048)
    print(f"{peak_mb():.0f}")


def peak_mb() -> float:
    """Peak memory of this process in MB; Linux counts the parent's into ``ru_maxrss``, so it is asked elsewhere."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == [PEAK]:
        peak(Path(sys.argv[2]))
        sys.exit()
    asked, many = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        slide_path = Path(folder) / "slide.tiff"
        make_slide(slide_path, asked)
        show(slide_path, asked, many)
        for size in (asked // 2, asked * 2):
            make_slide(slide_path, size)
            child = [sys.executable, "-m", "benchmarks.slide_reading", PEAK, str(slide_path)]
            memory = subprocess.run(child, capture_output=True, text=True, check=True).stdout.strip()
            print(f"{size:,} x {size:,} px, {slide_path.stat().st_size / 2**20:,.0f} MB: peak memory {memory} MB")
