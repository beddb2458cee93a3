"""Slides of JPEG tiles in all the ways that they come, for the reader that passes OpenSlide by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from survdash.simulation.pyramid import write_pyramid
from survdash.slide.reader import Slide

WIDTH, HEIGHT = 1400, 1800  # no multiple of a tile; halved exactly, so that level 1 has whole positions
KINDS = ["rgb", "ycbcr 4:2:0", "ycbcr 4:2:2", "ycbcr 4:4:4", "tables", "pyramid", "odd pyramid", "aperio", "ome"]


def texture(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Blobs of colour under noise: every block differs, and every way to enlarge the chroma shows."""
    rng = np.random.default_rng(7)
    blobs = np.kron(rng.integers(0, 256, (height // 20 + 1, width // 20 + 1, 3)), np.ones((20, 20, 1), int))
    blobs = blobs[:height, :width]
    return np.clip(blobs + rng.integers(-30, 30, blobs.shape), 0, 255).astype(np.uint8)


def _write_levels(path: Path, *, bigtiff: bool = False, **options: object) -> None:
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as file:
        for level in (0, 1):
            file.write(
                texture()[:: 1 + level, :: 1 + level], tile=(240, 256), photometric="rgb", compression="jpeg",
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


def write_kind(folder: Path, kind: str) -> Path:
    """A slide of one of ``KINDS``, written once in a folder."""
    path = folder / f"{kind.replace(' ', '_').replace(':', '')}.tiff"
    if path.exists():
        return path
    if kind == "tables":
        _write_with_tables(path)
    elif kind == "pyramid":
        write_pyramid(texture(1280, 1536), path, mpp=0.5)
    elif kind == "odd pyramid":  # levels of 2.0017, 4.01 ...: only some corners have whole positions
        write_pyramid(texture(1111, 1301), path, mpp=0.5)
    elif kind == "aperio":
        _write_levels(
            path, compressionargs={"level": 90, "outcolorspace": "rgb"}, bigtiff=True,
            description="Aperio Image Library v11.2.1 \r\n1400x1800 (256x240) JPEG/RGB Q=90|AppMag = 40|MPP = 0.25",
        )  # fmt: skip
    elif kind == "ome":  # its lower levels hang below the first page, where OpenSlide does not look
        with tifffile.TiffWriter(path, ome=True, bigtiff=True) as file:
            for level in (0, 1):
                file.write(
                    texture()[:: 1 + level, :: 1 + level], tile=(240, 256), photometric="rgb", compression="jpeg",
                    subfiletype=level, subifds=1 - level, resolution=(20_000, 20_000), resolutionunit="CENTIMETER",
                )  # fmt: skip
    elif kind == "rgb":
        _write_levels(path, compressionargs={"level": 90, "outcolorspace": "rgb"})
    else:
        sampling = {"4:2:0": (2, 2), "4:2:2": (2, 1), "4:4:4": (1, 1)}[kind.split()[1]]
        _write_levels(path, compressionargs={"level": 90}, subsampling=sampling)
    return path


def same(found: Slide, expected: Slide, *, at: tuple[int, int], level: int, size: tuple[int, int]) -> None:
    """Whether two readers give the same pixels, by an assertion."""
    here, there = (slide._read(*at, level=level, size=size) for slide in (found, expected))
    np.testing.assert_array_equal(here, there)
