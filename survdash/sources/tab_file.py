"""Tab-separated files of genome portals, read line by line: comment lines first, then a header; plain or gz.

``table_file`` reads whole tables of people; these files are written by programs, may have thousands of columns of
which a few are wanted, and lines of comment that are no part of the table.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from survdash.errors import InputError
from survdash.settings import settings
from survdash.sources.table_file import MISSING
from survdash.store import file_sha256

LFS = b"version https://git-lfs"
WORDS_FOR_MISSING = frozenset(MISSING)
LONGEST_LINE = 1 << 26


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TabFile:
    """A file that is open.

    Parameters
    ----------
    name : str
    header : tuple of str
    rows : iterator of (int, list of str)
        Number of the line in the file, and its cells; as many as the header has.
    """

    name: str
    header: tuple[str, ...]
    rows: Iterator[tuple[int, list[str]]]

    def place(self, *names: str) -> int | None:
        """Where the first of ``names`` that is there stands, whatever its case."""
        lower = [column.lower() for column in self.header]
        return next((lower.index(name.lower()) for name in names if name.lower() in lower), None)


@contextmanager
def open_tab_file(path: Path, *, error: type[InputError]) -> Iterator[TabFile]:
    """Open a file and read up to its header.

    Raises
    ------
    InputError
        As ``error``, here or while the rows are read: the file is absent, a Git-LFS pointer, damaged, too large, not
        UTF-8, empty, or a line has not as many cells as the header.
    """
    if not path.is_file():
        raise error(f"There is no file {path.name!r}.", hint="Check the path.")
    lines = _lines(path, error)
    header: tuple[str, ...] = ()
    for _, line in lines:
        if not line.startswith("#"):
            header = tuple(cell.strip() for cell in line.split("\t"))
            break
    if len(header) < 2:
        raise error(
            f"{path.name} is empty." if not header else f"{path.name} is no tab-separated table.",
            hint="Is the file cut off? Copy it anew.",
        )
    try:
        yield TabFile(name=path.name, header=header, rows=_rows(path, lines, len(header), error))
    finally:
        lines.close()


def source_of(path: Path) -> dict[str, object]:
    """Name and SHA-256 of a file, as a cohort keeps them."""
    return {"file": path.name, "sha256": file_sha256(path)}


def is_missing(cell: str) -> bool:
    """Whether a cell says that nothing is known."""
    return cell.strip() in WORDS_FOR_MISSING


def _rows(
    path: Path, lines: Iterator[tuple[int, str]], width: int, error: type[InputError]
) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        cells = line.split("\t")
        if len(cells) != width:
            if not line.strip():
                continue
            raise error(
                f"{path.name}: line {number} has {len(cells)} cells, the header {width}.",
                hint="Is the file cut off? Copy it anew.",
            )
        yield number, cells


def _lines(path: Path, error: type[InputError]) -> Generator[tuple[int, str]]:
    limit = int(settings().max_table_mb * 1e6)
    size = 0
    try:
        with path.open("rb") as packed:
            start = packed.read(len(LFS))
        if start == LFS:
            raise error(
                f"{path.name} is a Git-LFS pointer, not the table itself.",
                hint=f"Fetch it: git -c lfs.fetchexclude= lfs pull -I '*/{path.parent.name}/*' (in the repository).",
            )
        with gzip.open(path) if start.startswith(b"\x1f\x8b") else path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE):
                number += 1
                size += len(line)
                if size > limit:
                    raise error(
                        f"{path.name} is larger than {settings().max_table_mb:g} MB when unpacked.",
                        hint="Raise SURVDASH_MAX_TABLE_MB.",
                    )
                if b"\0" in line:
                    raise error(f"{path.name} is not a text table: line {number} holds binary data.")
                try:
                    yield number, line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError as fault:
                    raise error(f"{path.name} is not UTF-8: line {number} is in another encoding.") from fault
    except (gzip.BadGzipFile, EOFError, zlib.error) as fault:
        raise error(f"{path.name} is a damaged archive: {fault}.", hint="Copy or fetch it anew.") from fault
    except InputError:
        raise
    except OSError as fault:
        raise error(f"{path.name} cannot be read: {fault.strerror}.", hint="Check its permissions.") from fault
