"""SHA-256 of large files, remembered as long as nothing about the file has changed.

A note for each file lies at ``<data>/hashes/<digest of its absolute path>.json``: size, place on the disk, the times of
the last change of its content and of its entry, and the hash. It holds only while all of them are the same. The time of
the entry (ctime) cannot be set by hand, so that a file that was edited and given its old size and date back is hashed
anew. A file that changed within ``SETTLED_SECONDS`` before it was hashed gets no note: clocks of disks are coarse, and
what is written within one tick would not show. Not seen is a change that leaves no trace in these times: of a disk
under its mounted file system, or by a clock that was set back. The folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

from survdash.settings import settings
from survdash.store import file_sha256, write_json

SETTLED_SECONDS = 2
SMALL_BYTES = 32 << 20  # hashed in less time than a note is worth


def kept_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes in hex, read only where they are small or not known unchanged."""
    if (known := known_sha256(path)) is not None:
        return known
    started, before = time.time_ns(), _state(path)
    found = file_sha256(path)
    settled = max(before["mtime_ns"], before["ctime_ns"]) + SETTLED_SECONDS * 10**9 <= started
    if before["size"] >= SMALL_BYTES and settled and _state(path) == before:
        with suppress(OSError):  # without a note the file is only hashed again
            write_json(_note(path), {**before, "sha256": found})
    return found


def is_quick(path: Path) -> bool:
    """Whether ``kept_sha256`` takes no time to speak of."""
    return path.stat().st_size < SMALL_BYTES or known_sha256(path) is not None


def known_sha256(path: Path) -> str | None:
    """The hash of a file that was hashed before and has not changed since; None where that is not known."""
    try:
        note = json.loads(_note(path).read_text(encoding="utf-8"))
        found = note.pop("sha256")
    except (OSError, ValueError, KeyError, AttributeError, TypeError):  # no note, or a damaged one
        return None
    return str(found) if note == _state(path) else None


def content_state(path: Path) -> tuple[int, ...]:
    """What differs once a file was written to or another took its place; a new name or mode changes nothing of it."""
    found = path.stat()
    return found.st_size, found.st_dev, found.st_ino, found.st_mtime_ns


def _state(path: Path) -> dict[str, int]:
    found = path.stat()
    return {
        "size": found.st_size, "device": found.st_dev, "inode": found.st_ino,
        "mtime_ns": found.st_mtime_ns, "ctime_ns": found.st_ctime_ns,
    }  # fmt: skip


def _note(path: Path) -> Path:
    """Named by a digest, because names of files can be those of patients."""
    name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]
    return settings().data_dir / "hashes" / f"{name}.json"
