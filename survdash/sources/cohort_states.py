"""The states of a cohort on disk: the present one, and the one that the last import replaced.

Beside the folder ``<name>`` lies ``.<name>.previous``: what stood there before, trained models included, until the next
import. A rename of a folder is atomic, an exchange of two is not, so each exchange is done under a lock and in an
order from which the next reader can see what was meant: a cohort that is missing while its previous state is there was
being exchanged when its process was killed, and gets its previous state back.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from filelock import FileLock, Timeout

from survdash.errors import CohortError, UnknownNameError
from survdash.sources.cohort_folder import MANIFEST, read_digest
from survdash.store import flush_folder, walk

RUNS = "runs"
WAIT_S = 10.0  # a reader who finds a cohort missing waits so long for the exchange that another process is at
ABANDONED_S = 24 * 3600.0  # half-written folders of killed imports are removed after this time


def previous_state(folder: Path) -> Path:
    """Where the state lies, or would lie, that the last import replaced."""
    return folder.with_name(f".{folder.name}.previous")


@contextmanager
def new_state(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder; on success it becomes the cohort, and the one before becomes its previous state.

    On any exception, or a kill, the cohort is what it was before. Trained models are taken along when the tables are
    the same as before, byte by byte: they still fit.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".part"))
    try:
        yield temporary
        with _lock(folder):
            settle(folder)
            flush_folder(temporary)
            temporary.chmod(0o755)
            if not (temporary / RUNS).exists() and is_same_content(folder, temporary):
                # The same again, for instance by a job whose worker was killed: what it replaced stays kept.
                for file in sorted(temporary.iterdir()):
                    os.replace(file, folder / file.name)
                return
            if folder.exists():
                _remove(previous_state(folder))
                os.replace(folder, previous_state(folder))
            os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def swap_states(folder: Path) -> None:
    """Take back the last import: the previous state becomes the cohort, with its models; done twice, nothing changes.

    Raises
    ------
    UnknownNameError
        If no previous state is kept.
    """
    with _lock(folder):
        settle(folder)
        if not previous_state(folder).is_dir():
            raise UnknownNameError(
                f"No earlier state of cohort {folder.name!r} is kept.",
                hint="Only what an import of the same name replaced can come back; delete-cohort removes a cohort.",
            )
        os.replace(folder, _aside(folder))
        os.replace(previous_state(folder), folder)
        os.replace(_aside(folder), previous_state(folder))


def delete_states(folder: Path, *, only_previous: bool = False) -> None:
    """Delete a cohort with its models and its previous state, or that state alone.

    Raises
    ------
    UnknownNameError
        If there is nothing to delete.
    """
    with _lock(folder):
        settle(folder)
        if not (previous_state(folder) if only_previous else folder).is_dir():
            what = "No earlier state of cohort" if only_previous else "There is no cohort"
            raise UnknownNameError(f"{what} {folder.name!r}.", hint="'cohorts' lists what is here.")
        # The previous state first: were it left alone by a kill, it would be taken for a cohort in exchange.
        _remove(previous_state(folder))
        if not only_previous:
            _remove(folder)


def settle(folder: Path) -> None:
    """Finish an exchange whose process was killed; call it before a cohort is looked for."""
    if folder.exists() and not _aside(folder).exists():
        return
    if not (previous_state(folder).exists() or _aside(folder).exists()):
        return
    with _lock(folder, wait_s=WAIT_S) as mine:
        if not mine:
            return
        if not folder.exists():
            for left in (previous_state(folder), _aside(folder)):
                if left.is_dir():
                    os.replace(left, folder)
                    break
        if _aside(folder).is_dir():
            if previous_state(folder).exists():
                _remove(_aside(folder))
            else:
                os.replace(_aside(folder), previous_state(folder))


def settle_all(cohorts: Path) -> None:
    """Finish what was left half exchanged among all cohorts below a folder."""
    for path in cohorts.glob(".*.previous"):
        settle(cohorts / path.name.removeprefix(".").removesuffix(".previous"))
    for path in cohorts.glob(".*.aside"):
        settle(cohorts / path.name.removeprefix(".").removesuffix(".aside"))


@contextmanager
def held_still(folder: Path) -> Iterator[None]:
    """Let no import, undoing or deleting exchange a cohort while its files are read; other folders are left alone."""
    with _lock(folder) if (folder / MANIFEST).is_file() else nullcontext():
        yield


def is_same_content(folder: Path, other: Path) -> bool:
    """Whether two cohort folders hold the same tables; a damaged one is the same as none."""
    if not all((path / MANIFEST).is_file() for path in (folder, other)):
        return False
    try:
        return read_digest(folder) == read_digest(other)
    except CohortError:
        return False


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.aside")


def _remove(path: Path) -> None:
    """Delete a folder; it is gone at once for every reader, even if this process is killed on the way."""
    if path.exists():
        doomed = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name.strip('.')}.", suffix=".part"))
        os.replace(path, doomed / path.name.strip("."))
        shutil.rmtree(doomed, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what imports of this cohort left half-written when they were killed."""
    for path in folder.parent.glob(f".{folder.name}.*.part"):
        newest = max((file.stat().st_mtime for file in (path, *walk(path)) if file.exists()), default=0.0)
        if time.time() - newest > ABANDONED_S:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _lock(folder: Path, *, wait_s: float = -1) -> Iterator[bool]:
    """One exchange at a time; the lock ends with its process. Waits for ever below 0 s; yields whether it was got."""
    if not folder.parent.is_dir():
        yield True
        return
    lock = FileLock(folder.with_name(f".{folder.name}.lock"), is_singleton=True)  # so a thread may take it twice
    try:
        lock.acquire(timeout=wait_s)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
