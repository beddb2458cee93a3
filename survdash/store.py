"""Files on disk: hashed by content, written whole or not at all.

A file is written under another name in the same folder, flushed, and renamed: a reader sees the old one or the new
one. What is computed from content is kept under a digest of everything that made it, never of a path or a date.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

BLOCK_BYTES = 1 << 20


def digest(parts: Mapping[str, object]) -> str:
    """Key of 24 hex digits for plain JSON values; files and arrays enter as their own digests."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes in hex, read in blocks."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            hasher.update(block)
    return hasher.hexdigest()


@contextmanager
def new_file(path: Path, *, mode: int = 0o644) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success flush it to disk and rename it to ``path``.

    On any exception, or a kill, ``path`` is what it was before. Until it is whole the file is for this user alone;
    then it has ``mode``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(mode)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; on success it is flushed and takes the place of ``path``.

    On any exception ``path`` is what it was before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    try:
        yield temporary
        flush_folder(temporary)
        temporary.chmod(0o755)
        old = temporary.with_suffix(".old")
        if path.exists():
            os.replace(path, old)
        try:
            os.replace(temporary, path)
        except OSError:
            if old.exists():
                os.replace(old, path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def flush_folder(folder: Path) -> None:
    """See that all files below a folder are on the disk itself."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    with new_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    """Write JSON with sorted keys, so that equal values give equal bytes; NaN is refused."""
    write_text(path, json.dumps(value, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def folder_bytes(path: Path) -> int:
    """Bytes of all files below ``path``; 0 when it does not exist."""
    total = 0
    for file in walk(path):
        with suppress(FileNotFoundError):
            total += file.stat().st_size if file.is_file() else 0
    return total


def walk(folder: Path) -> Iterator[Path]:
    """All that lies below a folder; what is moved or removed meanwhile is passed over (``Path.rglob`` raises there).

    Raises
    ------
    OSError
        If a folder is there and cannot be read.
    """
    for place, inner, names in os.walk(folder, onerror=_raise_unless_gone):
        yield from (Path(place, name) for name in (*inner, *names))


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
