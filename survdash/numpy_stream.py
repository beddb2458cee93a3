"""NumPy arrays read in blocks of rows from a stream, plain or out of an archive; sizes are checked, never believed."""

from __future__ import annotations

import lzma
import os
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import numpy as np

from survdash.errors import BagError
from survdash.settings import settings

LONGEST_HEADER = 10_000
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
ARCHIVE_FAULTS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, NotImplementedError, struct.error,
    ValueError, OverflowError, TypeError, SyntaxError, MemoryError, IndexError, KeyError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayHeader:
    """What the header of an array declares."""

    shape: tuple[int, ...]
    dtype: np.dtype


def read_header(file: IO[bytes], *, kinds: str = "f") -> ArrayHeader:
    """Read an array's header; the stream then stands at its numbers.

    Parameters
    ----------
    file : binary stream
    kinds : str
        Kinds of numbers (``dtype.kind``) that are taken.

    Raises
    ------
    BagError
        If it is no array of such numbers, or lies in memory column by column.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of headers that Python 2 wrote: they are read
            version = np.lib.format.read_magic(file)
            if version not in HEADERS:
                raise BagError(f"it is an array of format {version[0]}.{version[1]}, which is not read")
            if version > (1, 0):
                # NumPy makes room for what is claimed before it looks how long it is.
                claimed = int.from_bytes(file.read(4), "little")
                if claimed > LONGEST_HEADER:
                    raise BagError(f"it is damaged or no NumPy array (a header of {claimed:,} bytes)")
                file.seek(-4, os.SEEK_CUR)
            shape, by_column, dtype = HEADERS[version](file, max_header_size=LONGEST_HEADER)
    except BagError:
        raise
    except (*ARCHIVE_FAULTS, RecursionError, tokenize.TokenError) as error:  # a header is parsed as Python's literals
        raise BagError(f"it is damaged or no NumPy array ({str(error)[:80]})") from error
    if dtype.kind not in kinds or dtype.hasobject or dtype.subdtype is not None:
        raise BagError(f"it must hold plain numbers; found {str(dtype)[:60]}")
    if any(side < 0 for side in shape):  # NumPy's own reader takes them
        raise BagError(f"it is damaged: an array cannot have the shape {str(shape)[:60]}")
    if by_column and len(shape) > 1:
        raise BagError("it is stored column by column; save it anew with numpy.ascontiguousarray")
    return ArrayHeader(shape=tuple(int(side) for side in shape), dtype=dtype)


def read_rows(file: IO[bytes], *, rows: int, kinds: str = "f") -> Iterator[np.ndarray]:
    """Blocks of at most ``rows`` rows of an array of (M, D), (1, M, D), or of (D,) as one row.

    Raises
    ------
    BagError
        If the stream ends before the array does.
    """
    header = read_header(file, kinds=kinds)
    width = header.shape[-1]
    count = 1 if len(header.shape) == 1 else header.shape[-2]
    for start in range(0, count, rows):
        here = min(rows, count - start)
        wanted = here * width * header.dtype.itemsize
        content = _read_exactly(file, wanted)
        if len(content) != wanted:
            tile = start + len(content) * here // max(wanted, 1) + 1
            raise BagError(f"the file is cut off at tile {tile} of {count}")
        yield np.frombuffer(content, header.dtype).reshape(here, width)


@contextmanager
def open_member(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """One member of an archive for reading; one that unpacks to more than the limit is refused.

    Raises
    ------
    BagError
        If it is larger than ``SURVDASH_MAX_SLIDE_GB``.
    """
    if archive.getinfo(name).file_size > settings().max_slide_gb * 1e9:
        raise BagError(f"{name} is larger than {settings().max_slide_gb:g} GB when unpacked")
    with archive.open(name) as member:
        yield member


def _read_exactly(file: IO[bytes], wanted: int) -> bytes:
    """As many bytes as wanted, or all there are; a stream may give them in parts."""
    parts, missing = [], wanted
    while missing > 0 and (part := file.read(min(missing, 1 << 24))):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
