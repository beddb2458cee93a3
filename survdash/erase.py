"""Deleting what a patient gave: gone at once for every reader, and its bytes overwritten before they are let go.

Overwriting reaches the disk where a file system writes in place, on a disk that does so too. Copy-on-write file
systems, snapshots and flash storage keep old blocks for a while whatever a program does; ``how_deleted`` says what
holds for the data folder, and only an encrypted disk helps there.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import threading
from contextlib import suppress
from pathlib import Path

import psutil

from survdash.language import later
from survdash.settings import settings
from survdash.store import folder_bytes

LOG = logging.getLogger(__name__)
REMOVED = ".removed"
BLOCK = bytes(1 << 20)
AT_ONCE_BYTES = 64 << 20  # what is larger is overwritten in the background: nobody waits for it
ELSEWHERE = frozenset({"btrfs", "zfs", "overlay", "bcachefs", "f2fs", "nfs", "nfs4", "ceph", "cifs", "fuse"})
IN_PLACE = later("Deleted files are overwritten, then removed.")
NOT_OVERWRITTEN = later("Deleted files are removed, not overwritten (setting SURVDASH_OVERWRITE_DELETED).")
FLASH = later("Deleted files are overwritten, then removed; a flash disk may keep their old blocks for a while, so it "
              "should be encrypted.")
COPIED = later("Deleted files are overwritten, then removed; this kind of file system may keep their old blocks for a "
               "while, so its disk should be encrypted.")
MEMORY = later("Deleted files are gone: this data folder lies in memory.")


def remove(path: Path, *, aside: Path) -> None:
    """Delete a file or folder: nobody finds it from here on, and if this process is killed the next sweep goes on.

    Parameters
    ----------
    path : Path
    aside : Path
        Folder of the same disk that ``sweep_removed`` looks into; what is large lies there until it is overwritten.
    """
    hidden = aside / f".{path.name.lstrip('.')}.{secrets.token_hex(4)}{REMOVED}"
    try:
        os.replace(path, hidden)
    except FileNotFoundError:
        return
    if (folder_bytes(hidden) if hidden.is_dir() else hidden.lstat().st_size) <= AT_ONCE_BYTES:
        erase(hidden)
    else:
        threading.Thread(target=erase, args=(hidden,), name="erase").start()  # no daemon: an orderly end waits for it


def sweep_removed(folder: Path) -> None:
    """Delete what a killed process left in a folder."""
    for path in folder.glob(f".*{REMOVED}"):
        erase(path)


def erase(path: Path) -> None:
    """Overwrite and remove a file, or all files of a folder and the folder."""
    if path.is_dir() and not path.is_symlink():
        for inside in path.rglob("*"):
            if not inside.is_dir() or inside.is_symlink():
                _erase_file(inside)
        shutil.rmtree(path, ignore_errors=True)
    else:
        _erase_file(path)


def how_deleted() -> str:
    """What becomes of the bytes of a file that is deleted in the data folder, in words for people."""
    if not settings().overwrite_deleted:
        return NOT_OVERWRITTEN
    kind, folder = _file_system(settings().data_dir), settings().data_dir
    if kind in ("tmpfs", "ramfs"):
        return MEMORY
    if kind.split(".")[0] in ELSEWHERE:
        return COPIED
    return IN_PLACE if _is_rotating(folder) else FLASH


def _erase_file(path: Path) -> None:
    try:
        state = path.lstat()
        # Another name of the same bytes is somebody else's file.
        if settings().overwrite_deleted and state.st_nlink == 1 and path.is_file() and not path.is_symlink():
            with open(os.open(path, os.O_WRONLY), "wb", buffering=0) as file:
                for start in range(0, state.st_size, len(BLOCK)):
                    file.write(BLOCK[: state.st_size - start])
                os.fsync(file.fileno())
    except FileNotFoundError:  # removed by somebody else meanwhile
        return
    except OSError as error:  # removed all the same; no name, which may be a patient's
        LOG.warning("A deleted file could not be overwritten before it was removed: %s", error.strerror)
    path.unlink(missing_ok=True)


def _file_system(folder: Path) -> str:
    place = folder.resolve()
    mounts = {Path(one.mountpoint): one.fstype for one in psutil.disk_partitions(all=True)}
    return next((mounts[one] for one in (place, *place.parents) if one in mounts), "")


def _is_rotating(folder: Path) -> bool:
    """False where it is not known: a virtual disk says that it turns, whatever lies below it."""
    number = folder.stat().st_dev
    block = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    for place in (block, block.resolve().parent):
        with suppress(OSError):
            return (place / "queue" / "rotational").read_text().strip() == "1"
    return False
