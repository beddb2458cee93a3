"""A TIFF file's structure, parsed once for all who ask about it while a slide is opened.

A slide of 100,000 x 80,000 px names 160,000 tiles, and each parse of it takes as long as decoding 30 of them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tifffile

# TiffFileError is a ValueError.
WHAT_DAMAGED_TAGS_RAISE = (
    OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, struct.error
)  # fmt: skip

_held: ContextVar[tuple[Path, tifffile.TiffFile] | None] = ContextVar("held", default=None)


@contextmanager
def open_tiff(path: Path) -> Iterator[tifffile.TiffFile]:
    """The file as tifffile sees it; inside of another such block for the same path, that one's.

    Raises
    ------
    One of ``WHAT_DAMAGED_TAGS_RAISE``
        If the file is no TIFF, or damaged.
    """
    held = _held.get()
    if held is not None and held[0] == path:
        yield held[1]
        return
    import tifffile  # slow to import, and only some slides need it

    with tifffile.TiffFile(path) as file:
        file.pages.cache = True
        before = _held.set((path, file))
        try:
            yield file
        finally:
            _held.reset(before)


@contextmanager
def parsed_once(path: Path) -> Iterator[None]:
    """Keep the file parsed for every ``open_tiff`` of this block; a damaged one fails there."""
    with ExitStack() as stack:
        with suppress(*WHAT_DAMAGED_TAGS_RAISE):
            stack.enter_context(open_tiff(path))
        yield
