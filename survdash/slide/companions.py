"""The files that one slide is made of, where the named file is only a part of it.

MRXS and VMS name their files in a text; the instances of a DICOM slide lie in one folder and share a series. What a
slide is, is what all of them hold: slides of one scanner often have the same named file, byte for byte.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath

from survdash.errors import SlideError
from survdash.file_hash import content_state, kept_sha256
from survdash.slide.tiff_file import WHAT_DAMAGED_TAGS_RAISE

WHOLE = "Copy the named file together with its folder or the files beside it, all that the scanner wrote."
INDEX_FILES = {  # the ending of a file that only names others, and what must lie beside it
    ".mrxs": "a folder of the same name with Slidedat.ini, Index.dat and Data*.dat",
    ".vms": "the JPEG and .opt files that it names",
    ".vmu": "the NGR files that it names",
}
HAMAMATSU_PARTS = ("hamamatsu.ImageFile", "hamamatsu.MapFile")
LARGEST_INDEX = 1 << 20  # characters; real ones have a few thousand
SERIES_TAG = 0x0020_000E
MOST_SERIES = 16_384  # files whose series is remembered, some 8 MB


def companion_files(path: Path, vendor: str, properties: Mapping[str, str]) -> tuple[Path, ...]:
    """The files beside ``path`` that hold the slide's pixels and their places.

    Parameters
    ----------
    path : Path
        The named file.
    vendor : str
        OpenSlide's name of the format.
    properties : mapping
        OpenSlide's, of the open slide.

    Returns
    -------
    tuple of Path
        Without ``path``; empty where that is the whole slide.

    Raises
    ------
    SlideError
        If one is missing, or named as lying elsewhere.
    """
    if vendor == "dicom":
        series = properties.get("dicom.SeriesInstanceUID", "")
        files = (one for one in sorted(path.parent.iterdir()) if one.name != path.name and one.is_file())
        return tuple(one for one in files if dicom_series(one) == series)
    if vendor == "mirax":
        data = [properties.get(f"mirax.DATAFILE.FILE_{number}", "") for number in range(_count(properties))]
        folder, index = path.with_suffix(""), properties.get("mirax.HIERARCHICAL.INDEXFILE", "")
        names = ["Slidedat.ini", index, *data]
    elif vendor == "hamamatsu":
        folder = path.parent
        names = [properties.get(key, "") for key in sorted(properties) if key.startswith(HAMAMATSU_PARTS)]
    else:
        return ()
    found = []
    for name in names:
        if name in ("", ".", "..") or name != PurePosixPath(name).name or "\\" in name:
            raise SlideError(f"{path.name} names a part of itself that lies elsewhere: {name[:100]!r}.", hint=WHOLE)
        if not (folder / name).is_file():
            raise SlideError(f"{path.name} is incomplete: its file {name} is missing.", hint=WHOLE)
        found.append(folder / name)
    return tuple(found)


def _count(properties: Mapping[str, str]) -> int:
    return int(properties["mirax.DATAFILE.FILE_COUNT"])


def slide_sha256(path: Path, companions: tuple[Path, ...], *, in_any_order: bool) -> str:
    """SHA-256 of all of a slide: of a single file its own, else of the hashes of its files.

    Parameters
    ----------
    path : Path
    companions : tuple of Path
        From ``companion_files``.
    in_any_order : bool
        Whether the files are known by their content alone, so that any of them may be the named one, under any name.
    """
    own = kept_sha256(path)
    if not companions:
        return own
    others = [(kept_sha256(one), "" if in_any_order else one.name) for one in companions]
    lines = sorted([(own, ""), *others]) if in_any_order else [(own, ""), *others]
    return hashlib.sha256("\n".join(f"{digest} {name}" for digest, name in lines).encode()).hexdigest()


def named_files(path: Path) -> tuple[Path, ...]:
    """The files beside a VMS or VMU slide that its text names as parts of it: pieces, map, macro; none without a text.

    The slide need not be whole or even sound.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.read(LARGEST_INDEX)
    except OSError:
        return ()
    keys = ("ImageFile", "MapFile", "OptimisationFile", "MacroImage")
    pairs = (line.partition("=") for line in text.splitlines())
    names = (value.strip() for key, _, value in pairs if key.strip().startswith(keys))
    return tuple(path.parent / name for name in names if name and "\0" not in name)


def missing_companions(path: Path) -> str:
    """What a file that OpenSlide does not know for itself needs beside it, in words; "" for files of other kinds."""
    return INDEX_FILES.get(path.suffix.lower(), "")


class DicomFile(io.BufferedReader):
    """A DICOM file for pydicom, which asks for as many bytes as an element says it has: no more than there are."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self._size = path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """At most what is left of the file."""
        left = max(self._size - self.tell(), 0)
        return super().read(left if size is None or size < 0 else min(size, left))


def dicom_series(path: Path) -> str:
    """The series that a DICOM file belongs to; "" where it is no DICOM file or does not say.

    Remembered while the process lives and the file is not changed: a folder of many slides is looked through anew for
    each one that is opened.
    """
    try:
        return _read_series(path, content_state(path))
    except OSError:
        return ""


@lru_cache(maxsize=MOST_SERIES)
def _read_series(path: Path, _state: tuple[int, ...]) -> str:
    from pydicom.errors import BytesLengthException, InvalidDicomError  # slow to import, only DICOM slides need it
    from pydicom.filereader import read_partial

    try:
        with DicomFile(path) as file:
            head = read_partial(file, stop_when=lambda tag, _vr, _length: tag > SERIES_TAG)
            return str(head.get("SeriesInstanceUID", ""))
    except (InvalidDicomError, BytesLengthException, EOFError, *WHAT_DAMAGED_TAGS_RAISE):
        return ""  # OpenSlide does not take it for a part of the slide either
