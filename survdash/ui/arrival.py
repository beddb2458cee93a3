"""A large file on its way to disk: taken piece by piece, hashed as it comes, there whole or not at all.

What has come lies beside its case's files as ``<part>.<suffix>.part``; ``.coming-<part>.json`` says what it shall
become. A piece is taken only where the one before ended, so an upload goes on after a lost connection, a new page and
a restart of the server. What is cancelled or refused is deleted at once, what nobody goes on with by the next sweep.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from survdash.erase import remove
from survdash.errors import InputError, SlideError, UnknownNameError
from survdash.store import write_json
from survdash.ui import upload as room
from survdash.ui.prose import data_size

SPARE_BYTES = 1 << 30  # of the disk that stay free: the worker's features and everybody's jobs need some
STALE_SECONDS = 3600.0  # without a piece: nobody goes on with it
HEAD_BYTES = 8
KEPT_HASHERS = 64
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
PNG, JPEG = (b"\x89PNG\r\n\x1a\n",), (b"\xff\xd8\xff",)
BEGINNINGS = dict.fromkeys(room.SLIDE_SUFFIXES, TIFF) | {"png": PNG, "jpg": JPEG, "jpeg": JPEG}
ANY_PICTURE = (*TIFF, *PNG, *JPEG)


class ArrivalError(InputError):
    """A piece does not fit to what is here: the sender must ask where to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A file that is coming, or of which nothing has come.

    ``name`` is what its owner calls it, ``size`` in bytes what it will have, ``mark`` what the browser knows it by
    (so that no other file of that size is put behind its first half), ``offset`` what is here.
    """

    name: str
    size: int
    mark: str
    offset: int


def arriving(folder: Path) -> dict[str, Arrival]:
    """What is on its way into a case's folder, by part."""
    found = {}
    for path in folder.glob(".coming-*.json"):
        part = path.stem.removeprefix(".coming-")
        if (arrival := find_arrival(folder, part)) is not None:
            found[part] = arrival
    return found


def find_arrival(folder: Path, part: str) -> Arrival | None:
    """The file that is coming as this part; None where none is."""
    try:
        said = json.loads((folder / f".coming-{part}.json").read_text(encoding="utf-8"))
        return Arrival(**said, offset=_partial(folder, part, said["name"]).stat().st_size)
    except FileNotFoundError:
        return None


def begin(identifier: str, part: str, *, name: str, size: int, mark: str, owner: str = "") -> int:
    """Make ready for a file, or for the rest of it; return how many bytes of it are here.

    Raises
    ------
    SlideError
        If the file is of no known kind, empty, too large, or the disk has no room for it.
    """
    shown, suffix = room.check_name(part, name)
    if size <= 0:
        raise SlideError(f"{shown} is empty.", hint="Choose the file again; perhaps it was still being written.")
    if size > (limit := room.largest_bytes(part, suffix)):
        raise SlideError(f"{shown} has {data_size(size)}; this server takes {data_size(int(limit))} at most.",
                         hint="Ask whoever runs it to put the file into its inbox folder.")  # fmt: skip
    folder = room.make_folder(identifier, owner=owner)
    with _alone(folder, part):
        before = find_arrival(folder, part)
        if before is not None and (before.size, before.mark, before.name) == (size, mark, shown):
            return before.offset
        _forget(folder, part)
        _need_room(size, shown)
        room.make_folder(identifier, owner=owner)
        write_json(folder / f".coming-{part}.json", {"name": shown, "size": size, "mark": mark})
        os.close(os.open(folder / f"{part}.{suffix}.part", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    return 0


def cancel(identifier: str, part: str) -> None:
    """Delete what has come of a file; the case's folder too where it holds nothing else."""
    try:
        upload = room.find_upload(identifier)
    except UnknownNameError:
        return
    with _alone(upload.folder, part):
        _forget(upload.folder, part)


@contextmanager
def taking(identifier: str, part: str, *, offset: int) -> Iterator[Taker]:
    """Take one piece of a file that ``begin`` made ready for; one piece at a time.

    Raises
    ------
    ArrivalError
        If the file is not expected, another piece of it is just coming, or the last one ended elsewhere.
    """
    folder = room.find_upload(identifier).folder
    with _alone(folder, part):
        arrival = find_arrival(folder, part)
        if arrival is None or arrival.offset != offset:
            raise ArrivalError("This piece does not fit to what has come.", hint="The page asks where to go on.")
        path = _partial(folder, part, arrival.name)
        hasher = _hashers.take(path, offset)
        taker = Taker(folder=folder, part=part, arrival=arrival, path=path, hasher=hasher)
        try:
            with path.open("ab") as taker.file:
                yield taker
        except InputError:
            _forget(folder, part)  # refused: nothing of it stays
            raise
        else:
            taker.close()


@dataclass(slots=True, kw_only=True)
class Taker:
    """Writes the blocks of one piece; ``offset`` is how far the file has come."""

    folder: Path
    part: str
    arrival: Arrival
    path: Path
    hasher: hashlib._Hash
    file: BinaryIO | None = None
    offset: int = -1
    is_done: bool = False

    def __post_init__(self) -> None:
        self.offset = self.arrival.offset

    def write(self, block: bytes) -> None:
        """Take a block.

        Raises
        ------
        SlideError
            If the first bytes are not those of a picture of this kind, more comes than was said, or the disk is full.
        """
        if self.offset + len(block) > self.arrival.size:
            raise SlideError(f"{self.arrival.name} is larger than it was said to be.", hint="Choose it again.")
        if self.offset < HEAD_BYTES:  # a lost connection may have left less than that
            if self.file is not None:
                self.file.flush()
            here = self.path.read_bytes()[: self.offset]
            _refuse_foreign(room.ending(self.arrival.name), here + block, shown=self.arrival.name)
        if shutil.disk_usage(self.folder).free < SPARE_BYTES + len(block):
            raise SlideError("The disk of this server is full.", hint="Ask whoever runs it to make room.")
        try:
            if self.file is not None:
                self.file.write(block)
        except OSError as error:
            raise SlideError(f"{self.arrival.name} could not be written: {error.strerror}.",
                             hint="Tell whoever runs this server.") from error  # fmt: skip
        self.hasher.update(block)
        self.offset += len(block)

    def close(self) -> None:
        """Give a file that is whole its name; keep the hasher of one that is not for its next piece."""
        if self.offset < self.arrival.size:
            _hashers.keep(self.path, self.offset, self.hasher)
            return
        with self.path.open("rb") as written:
            os.fsync(written.fileno())
        room.drop_part(room.find_upload(self.folder.name), self.part, keep=self.path)
        os.replace(self.path, self.path.with_suffix(""))
        (self.folder / f".coming-{self.part}.json").unlink(missing_ok=True)
        room.name_part(room.find_upload(self.folder.name), self.part, self.arrival.name,
                       sha256=self.hasher.hexdigest())  # fmt: skip
        self.is_done = True


def sweep_arrivals(*, now: float | None = None) -> int:
    """Delete what nobody has gone on with for ``STALE_SECONDS``; return how many."""
    limit, swept = (time.time() if now is None else now) - STALE_SECONDS, 0
    for folder in room.uploads_folder().iterdir():
        for path in folder.glob("*.part"):
            if path.stat().st_mtime < limit:
                cancel(folder.name, path.name.split(".")[0])
                swept += 1
    return swept


class _Hashers:
    """Hashes of files that are half here; one that is lost is made again from what lies on disk."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Path, tuple[int, hashlib._Hash]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, path: Path, offset: int) -> hashlib._Hash:
        with self._lock:
            kept_offset, hasher = self._kept.pop(path, (-1, hashlib.sha256()))
        if kept_offset == offset:
            return hasher
        hasher = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(room.BLOCK_BYTES):
                hasher.update(block)
        return hasher

    def keep(self, path: Path, offset: int, hasher: hashlib._Hash) -> None:
        with self._lock:
            self._kept[path] = (offset, hasher)
            while len(self._kept) > KEPT_HASHERS:
                self._kept.popitem(last=False)


_hashers = _Hashers()
_busy: set[tuple[Path, str]] = set()
_busy_lock = threading.Lock()


@contextmanager
def _alone(folder: Path, part: str) -> Iterator[None]:
    # Within this process: replicas of a Streamlit server must be sticky, so all pieces of a file come to one.
    with _busy_lock:
        if (folder, part) in _busy:
            raise ArrivalError("Another piece of this file is just coming.", hint="Wait a moment.")
        _busy.add((folder, part))
    try:
        yield
    finally:
        with _busy_lock:
            _busy.discard((folder, part))


def _refuse_foreign(suffix: str, block: bytes, *, shown: str) -> None:
    if suffix in room.GENE_SUFFIXES:  # a table begins with anything; it is read before it is used
        return

    def begins_as(known: tuple[bytes, ...]) -> bool:
        return any(one[: len(block)] == block[: len(one)] for one in known)

    if not begins_as(BEGINNINGS.get(suffix, ANY_PICTURE)):
        what = "a picture of another kind" if begins_as(ANY_PICTURE) else "no slide"
        raise SlideError(f"{shown} is {what}: it does not begin as a .{suffix} file does.",
                         hint="Choose the file that the scanner wrote.")  # fmt: skip


def _need_room(size: int, shown: str) -> None:
    promised = sum(
        arrival.size - arrival.offset
        for folder in room.uploads_folder().iterdir() if folder.is_dir()
        for arrival in arriving(folder).values()
    )  # fmt: skip
    free = shutil.disk_usage(room.uploads_folder()).free - SPARE_BYTES - promised
    if size > free:
        raise SlideError(f"This server has no room for {shown} ({data_size(size)}) at the moment.",
                         hint="Try later, or ask whoever runs it to make room.")  # fmt: skip


def _partial(folder: Path, part: str, name: str) -> Path:
    return folder / f"{part}.{room.ending(name)}.part"


def _forget(folder: Path, part: str) -> None:
    for path in folder.glob(f"{part}.*.part"):
        remove(path, aside=room.uploads_folder())
    (folder / f".coming-{part}.json").unlink(missing_ok=True)
    with suppress(OSError):  # other files are in it
        folder.rmdir()
