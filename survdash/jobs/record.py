"""What is known of a job: a folder of small files, each written whole.

``jobs/<id>/`` holds ``job.json`` (the state), ``payload.json`` (what was asked), ``progress.json``, ``result.json``
once done, ``cancel`` once somebody asked to stop, and ``lock``, held by the worker that runs the job. ``job.json`` is
changed only under that lock; the queue merely says where to look.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from survdash import store
from survdash.errors import UnknownNameError
from survdash.progress import Progress
from survdash.settings import settings

FORMAT = 1
State = Literal["queued", "running", "done", "failed", "cancelled"]
FINISHED: frozenset[State] = frozenset({"done", "failed", "cancelled"})
_JOB_ID = re.compile(r"[0-9a-f]{32}")


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
    format: int = FORMAT


def jobs_folder() -> Path:
    """Folder of all jobs."""
    return settings().data_dir / "jobs"


def job_folder(job_id: str) -> Path:
    """Folder of one job.

    Raises
    ------
    UnknownNameError
        If there is no such job. Ids come from addresses, so anything but an id is refused before it is a path.
    """
    folder = jobs_folder() / job_id
    if not _JOB_ID.fullmatch(job_id) or not folder.is_dir():
        raise UnknownNameError(f"There is no job {job_id[:40]!r}.", hint="It may have been removed; start it again.")
    return folder


def job_ids() -> list[str]:
    """Ids of all jobs, in no order."""
    folder = jobs_folder()
    return [path.name for path in folder.iterdir() if _JOB_ID.fullmatch(path.name)] if folder.is_dir() else []


def create(kind: str, payload: dict[str, Any]) -> Record:
    """Make the folder of a new job; it appears whole or not at all."""
    record = Record(id=uuid.uuid4().hex, kind=kind, state="queued", created=time.time())
    with store.new_folder(jobs_folder() / record.id) as folder:
        store.write_json(folder / "payload.json", payload)
        store.write_json(folder / "job.json", asdict(record))
    return record


def read(job_id: str) -> Record:
    """Read the state of a job.

    Raises
    ------
    UnknownNameError
        If there is no such job.
    """
    fields = _read_json(job_folder(job_id) / "job.json")
    if fields.get("format") != FORMAT:
        message, hint = "Another version of survdash wrote this job.", "Start it again."
        return Record(id=job_id, kind="", state="failed", created=0.0, finished=0.0, message=message, hint=hint)
    return Record(**fields)


def read_payload(job_id: str) -> dict[str, Any]:
    """Read what was asked of the job."""
    return _read_json(job_folder(job_id) / "payload.json")


def read_result(job_id: str) -> dict[str, Any]:
    """Read what a job that is done gave."""
    return _read_json(job_folder(job_id) / "result.json")


def read_progress(job_id: str) -> Progress:
    """Where the job stands, or stood when it ended."""
    path = job_folder(job_id) / "progress.json"
    return Progress(**_read_json(path)) if path.exists() else Progress(step="", done=0, total=0)


def change(record: Record, **fields: Any) -> Record:
    """Store ``record`` with other fields; call it only while the job's lock is held."""
    changed = replace(record, **fields)
    store.write_json(job_folder(record.id) / "job.json", asdict(changed))
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
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
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
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value
