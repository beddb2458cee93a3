"""What is known of a job: a folder of small files, each written whole.

``jobs/<id>/`` holds ``job.json`` (the state), ``payload.json`` (what was asked), ``progress.json``, ``result.json``
once done, ``cancel`` once somebody asked to stop, and ``lock``, held by the worker that runs the job. ``job.json`` is
changed only under that lock; the queue merely says where to look. What is asked may hold a patient's age and the way
to the files, so everything below ``jobs/`` is for this user alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from survdash.erase import REMOVED, erase
from survdash.errors import SurvdashError, UnknownNameError
from survdash.progress import Progress
from survdash.settings import settings

FORMAT = 1
FOLDER_MODE, FILE_MODE = 0o700, 0o600
State = Literal["queued", "running", "done", "failed", "cancelled"]
FINISHED: frozenset[State] = frozenset({"done", "failed", "cancelled"})
_JOB_ID = re.compile(r"[0-9a-f]{32}")
_running: ContextVar[str | None] = ContextVar("running", default=None)


class DamagedJobError(SurvdashError):
    """A file of a job is not what was written there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The state of a job, as ``job.json`` keeps it; times are seconds since 1970."""

    id: str
    kind: str
    state: State
    created: float
    started: float | None = None
    finished: float | None = None
    attempts: int = 0  # starts that did not come to an orderly end, the present one included
    message: str = ""
    hint: str = ""
    quick: bool = False  # see ``file_job``
    owner: str = ""  # as the login names them; "" where nobody signs in
    format: int = FORMAT


def jobs_folder() -> Path:
    """Folder of all jobs; made, and closed to everybody else, where it is not yet."""
    folder = settings().data_dir / "jobs"
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    if stat.S_IMODE(folder.stat().st_mode) != FOLDER_MODE:  # made by an older version
        folder.chmod(FOLDER_MODE)
    return folder


def job_folder(job_id: str) -> Path:
    """Folder of one job.

    Raises
    ------
    UnknownNameError
        If there is no such job. Ids come from addresses, so anything but an id is refused before it is a path.
    """
    folder = jobs_folder() / job_id
    if not _JOB_ID.fullmatch(job_id) or not folder.is_dir():
        raise no_such_job(job_id)
    return folder


def running_folder() -> Path | None:
    """Folder of the job that a worker is at here, for what its handler keeps between two starts; None elsewhere."""
    job_id = _running.get()
    return None if job_id is None else job_folder(job_id)


@contextmanager
def running(job_id: str) -> Iterator[None]:
    """Inside the block this job is the one that is run here."""
    token = _running.set(job_id)
    try:
        yield
    finally:
        _running.reset(token)


def no_such_job(job_id: str) -> UnknownNameError:
    """What is said of a job that is not there, and of one that is not for whoever asks."""
    return UnknownNameError(f"There is no job {job_id[:40]!r}.", hint="It may have been removed; start it again.")


def is_job_id(text: str) -> bool:
    """Whether a text can be a job's number."""
    return _JOB_ID.fullmatch(text) is not None


def job_ids() -> list[str]:
    """Ids of all jobs, in no order."""
    return [path.name for path in jobs_folder().iterdir() if _JOB_ID.fullmatch(path.name)]


def latest_first(ids: Iterable[str]) -> list[str]:
    """The jobs of these that are there, those that were filed or changed last first; none of them is read."""
    changed = {}
    for job_id in ids:
        with suppress(OSError):
            changed[job_id] = (jobs_folder() / job_id).stat().st_mtime_ns
    return sorted(changed, key=changed.__getitem__, reverse=True)


def create(kind: str, payload: dict[str, Any], *, quick: bool = False, owner: str = "") -> Record:
    """Make the folder of a new job; it appears whole or not at all."""
    record = Record(id=uuid.uuid4().hex, kind=kind, state="queued", created=time.time(), quick=quick,
                    owner=owner)  # fmt: skip
    # Not store.new_folder, which opens the folder to all. mkdtemp makes it 0700.
    folder = Path(tempfile.mkdtemp(dir=jobs_folder(), prefix=f".{record.id}.", suffix=".part"))
    try:
        write_private(folder / "payload.json", payload)
        write_private(folder / "job.json", asdict(record))
        os.replace(folder, jobs_folder() / record.id)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return record


def remove(job_id: str) -> None:
    """Delete a job with all its files; it is gone at once for every reader, even if this process is killed here."""
    folder = job_folder(job_id)
    doomed = folder.with_name(f".{job_id}{REMOVED}")
    os.replace(folder, doomed)
    erase(doomed)


def sweep_removed() -> None:
    """Delete the files of removed jobs, those too that a killed process left."""
    for folder in jobs_folder().glob(f".*{REMOVED}"):
        erase(folder)


def write_private(path: Path, value: object) -> None:
    """Write JSON whole or not at all, for this user alone from its first byte."""
    # Not store.write_json, which opens the file to all. mkstemp makes it 0600.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def read(job_id: str) -> Record:
    """Read the state of a job.

    Raises
    ------
    UnknownNameError
        If there is no such job.
    """
    message = "Another version of survdash wrote this job."
    try:
        fields = _read_json(job_folder(job_id) / "job.json")
        if fields.get("format") == FORMAT:
            return Record(**fields)
    except (DamagedJobError, TypeError):  # one torn file must not end the worker that looks through all jobs
        message = "The file of this job is damaged."
    return Record(id=job_id, kind="", state="failed", created=0.0, finished=0.0, message=message,
                  hint="Start it again.")  # fmt: skip


def read_payload(job_id: str) -> dict[str, Any]:
    """Read what was asked of the job."""
    return _read_json(job_folder(job_id) / "payload.json")


def read_result(job_id: str) -> dict[str, Any]:
    """Read what a job that is done gave."""
    return _read_json(job_folder(job_id) / "result.json")


def read_progress(job_id: str) -> Progress:
    """Where the job stands, or stood when it ended."""
    return read_step(job_id)[0]


def read_step(job_id: str) -> tuple[Progress, float | None]:
    """Where the job stands, and how many seconds its present step had taken then; None before the first report."""
    path = job_folder(job_id) / "progress.json"
    if not path.exists():
        return Progress(step="", done=0, total=0), None
    try:
        values = _read_json(path)
        seconds: float | None = values.pop("step_seconds", None)
        return Progress(**values), seconds
    except (DamagedJobError, TypeError):  # the next report mends it
        return Progress(step="", done=0, total=0), None


def write_progress(job_id: str, progress: Progress, *, step_seconds: float | None) -> None:
    """Store where the job stands."""
    write_private(job_folder(job_id) / "progress.json", asdict(progress) | {"step_seconds": step_seconds})


def change(record: Record, **fields: Any) -> Record:
    """Store ``record`` with other fields; call it only while the job's lock is held."""
    changed = replace(record, **fields)
    write_private(job_folder(record.id) / "job.json", asdict(changed))
    return changed


def finish(record: Record, state: State, *, message: str = "", hint: str = "") -> Record:
    """Store the end of a job; call it only while the job's lock is held."""
    return change(record, state=state, message=message, hint=hint, finished=time.time())


@contextmanager
def held(job_id: str) -> Iterator[bool]:
    """Take the job's lock without waiting; yield whether it was free.

    The lock belongs to the process: however that ends, the operating system lets go.
    """
    with try_lock(job_folder(job_id) / "lock") as taken:
        yield taken


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Take a lock on a file without waiting; yield whether it was free."""
    lock = FileLock(path, mode=FILE_MODE)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DamagedJobError(f"{path.name} of job {path.parent.name} is damaged.", hint="Start it again.") from error
    if not isinstance(value, dict):
        raise DamagedJobError(f"{path.name} of job {path.parent.name} is damaged.", hint="Start it again.")
    return value
