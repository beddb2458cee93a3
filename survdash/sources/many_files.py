"""Many files from one server: a few at a time, one progress for all, stopped and taken up like a single one."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from survdash.errors import Cancelled, DownloadError, InputError
from survdash.progress import Cancel, Progress, Report, check_cancel, silent

STEP = "Downloading"
LOCK_SECONDS = 0.5  # between two looks at the cancel flag
MOST_JOBS = 16   # more at once is no longer polite, and no faster
MOST_FAILED = 5  # then the server is at fault, not a file
SPARE_BYTES = 500_000_000  # left free: tables, and what is made of the files


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFile:
    """A file, where it comes from, and what is stated of it."""

    url: str
    path: Path
    md5: str
    size: int

    @property
    def bytes_here(self) -> int:
        """What has arrived of it, in an earlier try too."""
        part = self.path.with_name(self.path.name + ".part")
        found = next((one.stat().st_size for one in (self.path, part) if one.is_file()), 0)
        return min(found, self.size)


@dataclass(slots=True)
class _Shared:
    """What the threads of one download share."""

    total: int
    files: int
    report: Report
    cancel: Cancel | None
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: dict[Path, int] = field(default_factory=dict)
    finished: int = 0

    def is_set(self) -> bool:
        """Whether to stop: the user, or another thread, says so."""
        return self.stop.is_set() or (self.cancel is not None and self.cancel.is_set())

    def tell(self, path: Path, done: int, *, whole: bool) -> None:
        with self.lock:  # one report at a time: those who draw them know of no threads
            self.done[path] = done
            self.finished += whole
            words = f"{self.finished} of {self.files} files"
            self.report(Progress(step=STEP, done=sum(self.done.values()), total=self.total, message=words))


def free_bytes(folder: Path) -> int:
    """Room on the disk that holds ``folder``, or will."""
    here = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(here).free


def check_room(files: Sequence[WantedFile], folder: Path) -> None:
    """Refuse a download that the disk cannot hold.

    Raises
    ------
    InputError
        If what is missing is larger than what is free, less half a gigabyte.
    """
    needed = sum(one.size - one.bytes_here for one in files)
    free = free_bytes(folder)
    if needed > free - SPARE_BYTES:
        raise InputError(
            f"{needed / 1e9:.1f} GB are to come, and {free / 1e9:.1f} GB are free at {folder}.",
            hint="Choose fewer cases (--cases, --case), or another place (--out).",
        )


@contextmanager
def only_one(folder: Path, *, report: Report = silent, cancel: Cancel | None = None) -> Iterator[None]:
    """Hold the folder of a download: all requests of one cohort share it, whatever they choose.

    Raises
    ------
    Cancelled
        If ``cancel`` is set while another process holds it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f".{folder.name}.lock"))
    while not lock.is_locked:
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout:
            check_cancel(cancel, step="waiting for another download of this cohort")
            report(Progress(step=STEP, done=0, total=1, message="another process fetches this cohort; waiting"))
    try:
        yield
    finally:
        lock.release()


def fetch_files(
    files: Sequence[WantedFile], *, jobs: int, report: Report = silent, cancel: Cancel | None = None
) -> None:
    """Fetch what is not here yet, ``jobs`` at once; every file is checked, none is at its place before it is whole.

    Parameters
    ----------
    files : sequence of WantedFile
    jobs : int
        1 to 16.
    report : Report
        Bytes of all files together.
    cancel : Cancel, optional
        What has arrived is kept for the next try.

    Raises
    ------
    InputError
        If ``jobs`` cannot be.
    DownloadError
        If a file cannot be fetched or is another one. The others are fetched nevertheless, until five have failed.
    Cancelled
        If ``cancel`` is set.
    """
    if not 1 <= jobs <= MOST_JOBS:
        raise InputError(f"{jobs} files at once cannot be fetched.", hint=f"Take 1 to {MOST_JOBS}.")
    shared = _Shared(total=sum(one.size for one in files), files=len(files), report=report, cancel=cancel)
    failed: list[DownloadError] = []
    with ThreadPoolExecutor(jobs, thread_name_prefix="download") as pool:
        waiting: list[Future[None]] = [pool.submit(_fetch_one, one, shared) for one in files]
        try:
            for future in as_completed(waiting):
                try:
                    future.result()
                except DownloadError as error:
                    failed.append(error)
                    if len(failed) >= MOST_FAILED:
                        break
        finally:  # an interrupt too must not wait for the whole rest
            shared.stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
    if failed:
        more = f" ({len(failed)} of {len(files)} files failed)" if len(failed) > 1 else ""
        hint = f"{failed[0].hint} What has arrived is kept: start again."
        raise DownloadError(f"{failed[0].message}{more}", hint=hint) from failed[0]
    if cancel is not None and cancel.is_set():
        raise Cancelled(f"Stopped at: {STEP}.")


def _fetch_one(file: WantedFile, shared: _Shared) -> None:
    from survdash.sources.download import fetch_file  # httpx is slow to import, and pages start without it

    check_cancel(shared, step=STEP)
    fetch_file(
        file.url, file.path, md5=file.md5, size=file.size, cancel=shared,
        report=lambda progress: shared.tell(file.path, progress.done, whole=False),
    )  # fmt: skip
    shared.tell(file.path, file.size, whole=True)
