"""Slides of many files, written from a picture so that OpenSlide takes them for those of a scanner.

MRXS after the description and the reader of OpenSlide (https://openslide.org/formats/mirax/), DICOM after the
supplement on whole slides (DICOM PS3.3, A.32.8), Sakura's database and Zeiss's chain of segments after
what OpenSlide's description and reader ask for.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import simplejpeg
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import JPEGBaseline8Bit, VLWholeSlideMicroscopyImageStorage, generate_uid

TILE = 256
SLIDE_ID = "0123456789ABCDEF0123456789ABCDEF"


def tissue_and_glass(height: int = 1024, width: int = 2048) -> np.ndarray:
    """Glass with an ellipse of tissue that has a texture."""
    rng = np.random.default_rng(0)
    pixels = np.full((height, width, 3), 245, np.uint8)
    texture = np.kron(rng.integers(0, 40, (height // 8 + 1, width // 8 + 1, 3)), np.ones((8, 8, 1), int))
    texture = texture[:height, :width] + (190, 90, 150)
    middle, axes = (width // 2, height // 2), (width // 3, height // 3)
    inside = cv2.ellipse(np.zeros((height, width), np.uint8), middle, axes, 0, 0, 360, 1, cv2.FILLED).astype(bool)
    pixels[inside] = texture.astype(np.uint8)[inside]
    return pixels


def halved(pixels: np.ndarray, levels: int) -> list[np.ndarray]:
    """The picture and its halves by area."""
    made = [pixels]
    for _ in range(levels - 1):
        height, width = made[-1].shape[:2]
        made.append(np.asarray(cv2.resize(made[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)))
    return made


def write_mrxs(
    path: Path, pixels: np.ndarray, *, at: tuple[int, int] = (0, 0), canvas: tuple[int, int] | None = None,
    levels: int = 3, mpp: float = 0.25, power: int = 20, coarse: np.ndarray | None = None,
    gaps: frozenset[tuple[int, int]] | set[tuple[int, int]] = frozenset(),
) -> Path:  # fmt: skip
    """Write an MRXS slide of which only a part was scanned.

    Parameters
    ----------
    path : Path
        ``NAME.mrxs``; its files go to the folder ``NAME`` beside it.
    pixels : ndarray, shape (h, w, 3)
        RGB uint8 of the scanned area; its sides are multiples of 256 times the coarsest level's downsample.
    at : (int, int)
        Column and row of tiles at level 0 where the area begins, multiples of the coarsest level's downsample.
    canvas : (int, int), optional
        Columns and rows of tiles of the whole slide; the area alone by default.
    coarse : ndarray, optional
        What the levels beyond the first show instead.
    gaps : set of (int, int)
        Column and row, in the area, of tiles of level 0 that were not scanned; of other levels they are white.
    """
    folder = path.with_suffix("")
    folder.mkdir(parents=True)
    path.write_bytes(b"the same bytes in every slide")
    pixels = pixels.copy()
    for column, row in gaps:
        pixels[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE] = 255
    columns, rows = canvas or (pixels.shape[1] // TILE, pixels.shape[0] // TILE)
    pictures = [pixels, *halved(pixels if coarse is None else coarse, levels)[1:]]
    data, index = bytearray(b"01.02" + SLIDE_ID.encode()), [b""] * levels
    for level, picture in enumerate(pictures):
        step, entries = 2**level, []
        for row in range(picture.shape[0] // TILE):
            for column in range(picture.shape[1] // TILE):
                if level == 0 and (column, row) in gaps:
                    continue
                tile = picture[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
                stream = simplejpeg.encode_jpeg(np.ascontiguousarray(tile), quality=95, colorsubsampling="444")
                number = (at[1] + row * step) * columns + at[0] + column * step
                entries.append(struct.pack("<4i", number, len(data), len(stream), 0))
                data += stream
        index[level] = struct.pack("<2i", len(entries), 0) + b"".join(entries)
    (folder / "Data0000.dat").write_bytes(data)
    (folder / "Index.dat").write_bytes(_index_file(index))
    (folder / "Slidedat.ini").write_text(_slidedat(columns, rows, levels=levels, mpp=mpp, power=power))
    return path


def _index_file(levels: list[bytes]) -> bytes:
    """Version, identifier, two roots; for each level a pointer to a zero, a pointer, and there the page of tiles."""
    head = b"01.02" + SLIDE_ID.encode()
    table = len(head) + 8
    heads, pages, where = b"", b"", table + 4 * len(levels)
    first_page = where + 8 * len(levels)
    for page in levels:
        heads += struct.pack("<2i", 0, first_page + len(pages))
        pages += page
    pointers = b"".join(struct.pack("<i", where + 8 * level) for level in range(len(levels)))
    return head + struct.pack("<2i", table, table) + pointers + heads + pages


def _slidedat(columns: int, rows: int, *, levels: int, mpp: float, power: int) -> str:
    lines = [
        "[GENERAL]", "SLIDE_VERSION = 01.02", f"SLIDE_ID = {SLIDE_ID}", f"IMAGENUMBER_X = {columns}",
        f"IMAGENUMBER_Y = {rows}", f"OBJECTIVE_MAGNIFICATION = {power}",
        "[HIERARCHICAL]", "INDEXFILE = Index.dat", "HIER_COUNT = 1", "NONHIER_COUNT = 0",
        "HIER_0_NAME = Slide zoom level", f"HIER_0_COUNT = {levels}",
        *(f"HIER_0_VAL_{level}_SECTION = LEVEL_{level}" for level in range(levels)),
        "[DATAFILE]", "FILE_COUNT = 1", "FILE_0 = Data0000.dat",
    ]  # fmt: skip
    for level in range(levels):
        lines += [
            f"[LEVEL_{level}]", "OVERLAP_X = 0", "OVERLAP_Y = 0", f"MICROMETER_PER_PIXEL_X = {mpp * 2**level}",
            f"MICROMETER_PER_PIXEL_Y = {mpp * 2**level}", "IMAGE_FORMAT = JPEG", "IMAGE_FILL_COLOR_BGR = 16777215",
            f"DIGITIZER_WIDTH = {TILE}", f"DIGITIZER_HEIGHT = {TILE}", f"IMAGE_CONCAT_FACTOR = {int(level > 0)}",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def write_vms(folder: Path, pixels: np.ndarray, *, mpp: float = 0.5, power: int = 20) -> Path:
    """Write a slide as Hamamatsu's VMS: a text that names JPEG files beside it; their sides are multiples of 128."""
    folder.mkdir(parents=True, exist_ok=True)
    height, width = pixels.shape[:2]
    small = np.asarray(cv2.resize(pixels, (width // 4, height // 4), interpolation=cv2.INTER_AREA))
    for name, picture in (("pixels.jpg", pixels), ("map.jpg", small), ("macro.jpg", small)):
        # OpenSlide finds its tiles by restart markers; eight blocks of 16 x 8 pixels apart make tiles of 128 x 8.
        options = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_RST_INTERVAL, 8]
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]
        cv2.imwrite(str(folder / name), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    lines = [
        "[Virtual Microscope Specimen]", "NoLayers=1", "NoJpegColumns=1", "NoJpegRows=1", "ImageFile=pixels.jpg",
        "MapFile=map.jpg", "OptimisationFile=", "MacroImage=macro.jpg", f"PhysicalWidth={round(width * mpp * 1000)}",
        f"PhysicalHeight={round(height * mpp * 1000)}", f"SourceLens={power}",
    ]  # fmt: skip
    path = folder / "slide.vms"
    path.write_text("\n".join(lines) + "\n")
    return path


def write_vmu(folder: Path, pixels: np.ndarray, *, mpp: float = 0.5, power: int = 20) -> Path:
    """Write a slide as Hamamatsu's VMU: a text that names files of raw pixels, twelve bits a colour."""
    folder.mkdir(parents=True, exist_ok=True)
    height, width = pixels.shape[:2]
    small = np.asarray(cv2.resize(pixels, (width // 4, height // 4), interpolation=cv2.INTER_AREA))
    for name, picture in (("pixels.ngr", pixels), ("map.ngr", small)):
        head = struct.pack("<2s2x6I", b"GN", picture.shape[1], picture.shape[0], picture.shape[1], 0, 0, 64)
        (folder / name).write_bytes(head.ljust(64, b"\0") + (picture.astype("<u2") << 4).tobytes())
    cv2.imwrite(str(folder / "macro.jpg"), cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
    lines = [
        "[Uncompressed Virtual Microscope Specimen]", "NoLayers=1", "ImageFile=pixels.ngr", "MapFile=map.ngr",
        "MapScale=4", "MacroImage=macro.jpg", f"PhysicalWidth={round(width * mpp * 1000)}",
        f"PhysicalHeight={round(height * mpp * 1000)}", f"SourceLens={power}", "BitsPerPixel=36", "PixelOrder=RGB",
    ]  # fmt: skip
    path = folder / "slide.vmu"
    path.write_text("\n".join(lines) + "\n")
    return path


def write_dicom(
    folder: Path, levels: Iterable[np.ndarray], *, mpp: float | None = 0.5, power: float | None = None,
    series: str = "", prefix: str = "level",
) -> list[Path]:  # fmt: skip
    """Write a slide as DICOM instances, one for each level, and give their files from the finest."""
    folder.mkdir(parents=True, exist_ok=True)
    series = series or generate_uid(entropy_srcs=["series", str(folder)])
    made: list[Path] = []
    finest = 0
    for number, pixels in enumerate(levels):
        width = pixels.shape[1]
        finest = finest or width
        path = folder / f"{prefix}{number}.dcm"
        spacing = None if mpp is None else mpp * finest / width / 1000
        one = _instance(pixels, spacing=spacing, power=power, series=series, number=number)
        one.save_as(path, enforce_file_format=True)
        made.append(path)
    return made


def _instance(
    pixels: np.ndarray, *, spacing: float | None, power: float | None, series: str, number: int
) -> Dataset:
    height, width = pixels.shape[:2]
    padded = np.pad(pixels, ((0, -height % TILE), (0, -width % TILE), (0, 0)), constant_values=255)
    frames = [
        simplejpeg.encode_jpeg(np.ascontiguousarray(padded[y : y + TILE, x : x + TILE]), quality=95,
                               colorsubsampling="422")
        for y in range(0, height, TILE)
        for x in range(0, width, TILE)
    ]  # fmt: skip
    one, path, shared, measures = Dataset(), Dataset(), Dataset(), Dataset()
    one.SOPClassUID = VLWholeSlideMicroscopyImageStorage
    one.SOPInstanceUID = generate_uid(entropy_srcs=[series, str(number)])
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    one.SeriesInstanceUID, one.StudyInstanceUID, one.Modality = series, series, "SM"
    one.ImageType = ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED" if number else "NONE"]
    one.InstanceNumber, one.NumberOfFrames = number + 1, len(frames)
    one.Rows, one.Columns, one.TotalPixelMatrixRows, one.TotalPixelMatrixColumns = TILE, TILE, height, width
    one.DimensionOrganizationType, one.TotalPixelMatrixFocalPlanes = "TILED_FULL", 1
    one.SamplesPerPixel, one.PhotometricInterpretation, one.PlanarConfiguration = 3, "YBR_FULL_422", 0
    one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 8, 8, 7, 0
    if spacing is not None:
        measures.PixelSpacing = [f"{spacing:.9f}"] * 2
        shared.PixelMeasuresSequence = Sequence([measures])
    one.SharedFunctionalGroupsSequence = Sequence([shared])
    if power is not None:
        path.ObjectiveLensPower = str(power)
    one.OpticalPathSequence = Sequence([path])
    one.PixelData = encapsulate(frames)
    one["PixelData"].is_undefined_length = True
    return one


def write_sakura(
    path: Path, pixels: np.ndarray, *, mpp: float | None = 0.25, power: int = 40, levels: int = 2
) -> Path:
    """Write a slide as Sakura's SVSLIDE: a database of tiles, one grey JPEG for each colour."""
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(
            "CREATE TABLE DataManagerSQLiteConfigXPO (TableName TEXT);"
            "CREATE TABLE SVSlideDataXPO (OID INTEGER PRIMARY KEY, m_labelScan INTEGER, m_overviewScan INTEGER, "
            "SlideId TEXT, Date TEXT, Description TEXT, Creator TEXT, DiagnosisCode TEXT, Keywords TEXT);"
            "CREATE TABLE SVHRScanDataXPO (OID INTEGER PRIMARY KEY, ParentSlide INTEGER, ScanId TEXT, "
            "ResolutionMmPerPix REAL, NominalLensMagnification REAL, FocussingMethod INTEGER, ThumbnailImage BLOB);"
            "CREATE TABLE SVScannedImageDataXPO (OID INTEGER PRIMARY KEY, Image BLOB);"
            "CREATE TABLE Tiles (id TEXT PRIMARY KEY, size INTEGER, data BLOB);"
            "INSERT INTO DataManagerSQLiteConfigXPO VALUES ('Tiles');"
        )
        database.execute(f"INSERT INTO SVSlideDataXPO VALUES (1, 1, 1, '{SLIDE_ID}', '', '', '', '0', '')")
        resolution = None if mpp is None else mpp / 1000
        database.execute("INSERT INTO SVHRScanDataXPO VALUES (1, 1, 'scan', ?, ?, 1, NULL)", (resolution, power))
        blobs = {"++MagicBytes": b"SVGigaPixelImage", "++VersionBytes": b"1.0.0"}
        height, width = pixels.shape[:2]
        blobs["Header"] = struct.pack("<7I", TILE, width, height, 8, 1, 3, 1) + struct.pack("<H", 256) + bytes(24)
        for level, picture in enumerate(halved(pixels, levels)):
            padded = np.pad(picture, ((0, -len(picture) % TILE), (0, -picture.shape[1] % TILE), (0, 0)))
            for top in range(0, len(padded), TILE):
                for left in range(0, padded.shape[1], TILE):
                    for colour in range(3):
                        grey = np.ascontiguousarray(padded[top : top + TILE, left : left + TILE, colour])
                        jpeg = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
                        blobs[f"T;{left << level}|{top << level};{1 << level};{colour};0"] = jpeg
        texts = {name: data.decode() if name.startswith("++") else data for name, data in blobs.items()}
        database.executemany("INSERT INTO Tiles VALUES (?, ?, ?)", [(n, len(d), d) for n, d in texts.items()])
    return path


BGR24, UNCOMPRESSED, ZSTD_1 = 3, 0, 6  # of CZI


def write_czi(path: Path, pixels: np.ndarray, *, mpp: float | None = 0.25, power: int = 40, levels: int = 2) -> Path:
    """Write a slide as Zeiss's CZI: a chain of segments, of which each but a few is one tile."""
    data, entries = bytearray(_segment("ZISRAWFILE", bytes(512))), []
    for level, picture in enumerate(halved(pixels, levels)):
        for top in range(0, len(picture), TILE):
            for left in range(0, picture.shape[1], TILE):
                tile = picture[top : top + TILE, left : left + TILE, ::-1]
                raw = tile.tobytes() if level else b"\x01" + imagecodecs.zstd_encode(tile.tobytes())
                entry = struct.pack("<2siqii2x4xi", b"DV", BGR24, len(data), 0, UNCOMPRESSED if level else ZSTD_1, 5)
                places = {"X": (left, tile.shape[1]), "Y": (top, tile.shape[0])}
                for name, (start, size) in places.items():
                    entry += struct.pack("<4siifi", name.encode(), start << level, size << level, 0.0, size)
                for number, name in enumerate("CSM"):
                    entry += struct.pack("<4siifi", name.encode(), len(entries) if number == 2 else 0, 1, 0.0, 1)
                entries.append(entry)
                head = struct.pack("<iiq", 0, 0, len(raw)) + entry
                data += _segment("ZISRAWSUBBLOCK", head.ljust(256, b"\0") + raw)
    scale = "" if mpp is None else "".join(
        f'<Distance Id="{axis}"><Value>{mpp * 1e-6:.9g}</Value></Distance>' for axis in "XY"
    )  # fmt: skip
    xml = (
        "<ImageDocument><Metadata><Information><Image>"
        f"<SizeX>{pixels.shape[1]}</SizeX><SizeY>{pixels.shape[0]}</SizeY><SizeS>1</SizeS>"
        '<ObjectiveSettings><ObjectiveRef Id="Objective:1"/></ObjectiveSettings></Image><Instrument><Objectives>'
        f'<Objective Id="Objective:1"><NominalMagnification>{power}</NominalMagnification></Objective></Objectives>'
        f"</Instrument></Information><Scaling><Items>{scale}</Items></Scaling></Metadata></ImageDocument>"
    ).encode()
    places = []
    for name, content in (
        ("ZISRAWDIRECTORY", struct.pack("<i124x", len(entries)) + b"".join(entries)),
        ("ZISRAWMETADATA", struct.pack("<ii248x", len(xml), 0) + xml),
        ("ZISRAWATTDIR", struct.pack("<i252x", 0)),
    ):
        places.append(len(data))
        data += _segment(name, content)
    directory, metadata, attachments = places
    own = SLIDE_ID[:16].encode()
    struct.pack_into(
        "<4i16s16siqqiq", data, 32, 1, 0, 0, 0, own, own, 0, directory, metadata, 0, attachments
    )  # fmt: skip
    path.write_bytes(data)
    return path


def _segment(name: str, content: bytes) -> bytes:
    return struct.pack("<16sqq", name.encode(), len(content), len(content)) + content
