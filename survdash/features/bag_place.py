"""Where a bag is made: one process at a time, what a killed one left, and what is said when the disk is full."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from survdash.errors import InputError, SurvdashError
from survdash.features.blocks import BlockFolder
from survdash.progress import Cancel, Progress, Report, check_cancel
from survdash.settings import settings
from survdash.store import folder_bytes

LOCK_SECONDS = 0.5  # between two looks at the cancel flag while another process works
KEEP_BLOCKS_DAYS = 7  # blocks of a killed run that nobody came back to


@contextmanager
def only_one(key: str, *, report: Report, cancel: Cancel | None) -> Iterator[None]:
    """Hold the lock of a bag; it dies with its owner, so a killed process blocks nobody."""
    path = settings().data_dir / "locks" / f"{key}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    while not lock.is_locked:
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout:
            check_cancel(cancel, step="waiting for another process at the same slide")
            report(Progress(step="Reading", done=1, total=1, message="another process embeds this slide; waiting"))
    try:
        yield
    finally:
        lock.release()


def sweep(bags: Path) -> None:
    """Throw away the blocks of runs that were killed and that nobody came back to in ``KEEP_BLOCKS_DAYS``."""
    oldest = time.time() - KEEP_BLOCKS_DAYS * 86_400
    for folder in bags.glob("*.part"):
        try:
            if folder.stat().st_mtime < oldest:
                with FileLock(settings().data_dir / "locks" / f"{folder.stem}.lock", timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError):  # somebody works on it after all, or was quicker
            continue


@contextmanager
def disk_faults() -> Iterator[None]:
    """Say in words that the disk is full; the HDF5 library tells it in the text of its own errors."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or os.strerror(errno.ENOSPC) in str(error)
        if not full:
            raise
        raise _full() from error


def _full() -> InputError:
    return InputError(
        f"The disk of the data folder {settings().data_dir} is full.",
        hint="Make room and start again: it goes on where it stopped.",
    )


def check_room(blocks: Path) -> None:
    """Refuse to start on the bag where it cannot fit; HDF5 does not end well on a full disk."""
    if shutil.disk_usage(blocks).free < folder_bytes(blocks):
        raise _full()


@contextmanager
def nothing_left(folder: BlockFolder) -> Iterator[None]:
    """Blocks of an input that is at fault, or that the user stopped, are of no use."""
    try:
        yield
    except SurvdashError:
        folder.remove()
        raise
