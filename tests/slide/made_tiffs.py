"""Slides of one TIFF file, written from pictures so that OpenSlide takes them for those of a scanner.

After OpenSlide's descriptions (https://openslide.org/formats/) and what its readers ask for. Sizes and places in SCN
are in nanometres.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import tifffile

from tests.slide.made_slides import TILE, halved

JPEG = {"photometric": "rgb", "compression": "jpeg", "compressionargs": {"level": 95}, "metadata": None}
XMP = 700
ASCII, SHORT, LONG, RATIONAL, SLONG, FLOAT = 2, 3, 4, 5, 9, 11  # types of TIFF entries
Place = tuple[int, int]


def write_scn(
    path: Path, areas: Mapping[Place, np.ndarray], *, size: tuple[int, int], mpp: float = 0.25, power: int = 40,
    levels: int = 2, source: str = "brightfield",
) -> Path:  # fmt: skip
    """Write a Leica slide: scanned areas at places (x, y) on a glass of ``size`` (width, height), in level-0 pixels."""
    nm = round(mpp * 1000)
    macro = np.full((TILE, TILE, 3), 250, np.uint8)
    pages, images = [(macro, 0.0)], [_scn_image((0, 0), size, [(0, TILE, TILE)], nm=nm, power=1, source="brightfield")]
    for place, pixels in areas.items():
        dimensions = []
        for level, picture in enumerate(halved(pixels, levels)):
            dimensions.append((len(pages), picture.shape[1], picture.shape[0]))
            pages.append((picture, 10_000 / (mpp * 2**level)))
        images.append(_scn_image(place, pixels.shape[1::-1], dimensions, nm=nm, power=power, source=source))
    words = (
        '<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">'
        f'<collection name="made" sizeX="{size[0] * nm}" sizeY="{size[1] * nm}"><barcode>none</barcode>'
        f"{''.join(images)}</collection></scn>"
    )
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for number, (picture, per_cm) in enumerate(pages):
            file.write(picture, tile=(TILE, TILE), description=None if number else words,
                       resolution=(per_cm or 1,) * 2, resolutionunit="CENTIMETER", **JPEG)  # fmt: skip
    return path


def _scn_image(
    place: Place, size: tuple[int, int], dimensions: list[tuple[int, int, int]], *, nm: int, power: int, source: str
) -> str:
    inside = "".join(
        f'<dimension sizeX="{width}" sizeY="{height}" r="{level}" ifd="{page}"/>'
        for level, (page, width, height) in enumerate(dimensions)
    )
    return (
        f'<image name="image"><creationDate>2026-01-01</creationDate><device model="made" version="1"/>'
        f'<pixels sizeX="{dimensions[0][1]}" sizeY="{dimensions[0][2]}">{inside}</pixels>'
        f'<view sizeX="{size[0] * nm}" sizeY="{size[1] * nm}" offsetX="{place[0] * nm}" offsetY="{place[1] * nm}" '
        f'spacingZ="0"/><scanSettings><objectiveSettings><objective>{power}</objective></objectiveSettings>'
        f"<illuminationSettings><numericalAperture>0.75</numericalAperture><illuminationSource>{source}"
        "</illuminationSource></illuminationSettings></scanSettings></image>"
    )


def write_bif(
    path: Path, pixels: np.ndarray, *, overlap: int = 16, mpp: float | None = 0.25, power: int = 40
) -> Path:
    """Write a Ventana slide: tiles that overlap, and show the picture where OpenSlide lays them on each other."""
    step = TILE - overlap
    columns, rows = pixels.shape[1] // step, pixels.shape[0] // step
    pixels = np.pad(pixels, ((0, TILE), (0, TILE), (0, 0)), mode="edge")
    tiles = [[pixels[row * step :, column * step :][:TILE, :TILE] for column in range(columns)] for row in range(rows)]
    finest = np.concatenate([np.concatenate(row, axis=1) for row in tiles])
    resolution = "" if mpp is None else f'ScanRes="{mpp}" '
    scan = f'<iScan Magnification="{power}" {resolution}Z-layers="1" UnitNumber="1"/>'
    joints = _joints(columns, rows, overlap)
    info = (
        '<EncodeInfo Ver="2"><SlideInfo/><SlideStitchInfo><ImageInfo AOIScanned="1" AOIIndex="0" '
        f'Width="{TILE}" Height="{TILE}" NumRows="{rows}" NumCols="{columns}" Pos-X="0" Pos-Y="0">{joints}</ImageInfo>'
        '</SlideStitchInfo><AoiOrigin><AOI0 OriginX="0" OriginY="0"/></AoiOrigin></EncodeInfo>'
    )
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        macro = np.full((TILE, TILE, 3), 250, np.uint8)
        file.write(macro, tile=(TILE, TILE), description="Label Image", extratags=[_xmp(scan)], **JPEG)
        for level in range(2):
            picture = cv2.resize(finest, None, fx=0.5**level, fy=0.5**level, interpolation=cv2.INTER_AREA)
            words = f"level={level} mag={power / 2**level:g} quality=95"
            file.write(np.asarray(picture), tile=(TILE, TILE), description=words,
                       extratags=[] if level else [_xmp(info)], **JPEG)  # fmt: skip
    return path


def _xmp(text: str) -> tuple[int, str, int, bytes, bool]:
    data = text.encode()
    return (XMP, "B", len(data), data, True)


def _joints(columns: int, rows: int, overlap: int) -> str:
    """How neighbours lie on each other; tiles are counted from the lower left, to and fro."""

    def number(column: int, row: int) -> int:
        above = rows - 1 - row
        return above * columns + (columns - 1 - column if above % 2 else column) + 1

    pairs = [("RIGHT", (c, r), (c + 1, r), (overlap, 0)) for r in range(rows) for c in range(columns - 1)]
    pairs += [("UP", (c, r), (c, r - 1), (0, overlap)) for r in range(1, rows) for c in range(columns)]
    return "".join(
        f'<TileJointInfo FlagJoined="1" Confidence="99" Direction="{way}" Tile1="{number(*one)}" '
        f'Tile2="{number(*other)}" OverlapX="{x}" OverlapY="{y}"/>'
        for way, one, other, (x, y) in pairs
    )


def write_ndpi(
    path: Path, pixels: np.ndarray, *, mpp: float | None = 0.25, power: float = 40, levels: int = 2,
    reference: str = "",
) -> Path:  # fmt: skip
    """Write a Hamamatsu NDPI: each level one JPEG stream in one strip; its sides are multiples of 128."""
    data, offsets = bytearray(b"II*\0" + bytes(8)), []
    for level, picture in enumerate([*halved(pixels, levels), np.full((128, 256, 3), 250, np.uint8)]):
        height, width = picture.shape[:2]
        options = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_RST_INTERVAL, 8]
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]
        stream = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)[1].tobytes()
        lens = power / 2**level if level < levels else -1.0  # the macro has none
        per_cm = struct.pack("<2I", round(1e7 / (mpp or 1) / 2**level), 1000)
        strip, bits, make, resolution, said = _append(
            data, stream, struct.pack("<3H", 8, 8, 8), b"Hamamatsu\0", per_cm, f"{reference}\0".encode()
        )
        entries = [
            (256, LONG, 1, width), (257, LONG, 1, height), (258, SHORT, 3, bits), (259, SHORT, 1, 7),
            (262, SHORT, 1, 6), (271, ASCII, 10, make), (273, LONG, 1, strip), (277, SHORT, 1, 3),
            (278, LONG, 1, height), (279, LONG, 1, len(stream)), (282, RATIONAL, 1, resolution),
            (283, RATIONAL, 1, resolution), (284, SHORT, 1, 1), (296, SHORT, 1, 1 if mpp is None else 3),
            (65420, LONG, 1, 1), (65421, FLOAT, 1, struct.unpack("<I", struct.pack("<f", lens))[0]),
            (65422, SLONG, 1, 0), (65423, SLONG, 1, 0), (65424, SLONG, 1, 0),
        ]  # fmt: skip
        entries += [(65427, ASCII, len(reference) + 1, said)] if reference else []
        offsets.append(len(data))
        data += struct.pack("<H", len(entries)) + b"".join(struct.pack("<2H2I", *entry) for entry in entries)
        # Where the next page begins, in eight bytes as NDPI has it, and the upper halves of the entries' values.
        data += bytes(8 + 4 * len(entries))
    data[4:12] = struct.pack("<Q", offsets[0])
    for here, following in zip(offsets, [*offsets[1:], 0], strict=True):
        at = here + 2 + 12 * struct.unpack_from("<H", data, here)[0]
        data[at : at + 8] = struct.pack("<Q", following)
    path.write_bytes(data)
    return path


def _append(data: bytearray, *parts: bytes) -> list[int]:
    """Where each part begins in ``data`` now, at even places."""
    places = []
    for part in parts:
        data += bytes(len(data) % 2)
        places.append(len(data))
        data += part
    return places


def write_trestle(path: Path, pixels: np.ndarray, *, mpp: float = 0.5, power: int = 20, levels: int = 2) -> Path:
    """Write a Trestle slide of tiles that do not overlap."""
    words = f"Background Color=FFFFFF; White Balance=FFFFFF; Objective Power={power}; OverlapsXY= 0 0"
    with tifffile.TiffWriter(path) as file:
        for level, picture in enumerate(halved(pixels, levels)):
            file.write(picture, tile=(TILE, TILE), description=words, software="MedScan", subfiletype=int(level > 0),
                       resolution=(mpp, mpp), **JPEG)  # fmt: skip
    return path
