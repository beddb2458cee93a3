"""File a job, watch it, stop it: what pages and the command line call.

The queue (``lanes``) carries nothing but job ids; the jobs themselves are folders (``record``). A message
that is lost or doubled does no harm: a worker looks at the folder, under the job's lock, before it acts.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from survdash.access import current
from survdash.errors import InputError, UnknownNameError
from survdash.jobs import record
from survdash.jobs.lanes import LONG, QUICK, Lane, QueueError
from survdash.jobs.record import FINISHED, State
from survdash.settings import settings

CLOCK_SLACK_S = 60.0  # by which the clocks of several machines may differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as the user sees it.

    Parameters
    ----------
    id : str
        32 hex digits.
    kind : str
        Which handler runs it.
    state : {"queued", "running", "done", "failed", "cancelled"}
    step, done, total
        Where the work stands; ``total`` is 0 while unknown.
    step_seconds : float or None
        What the present step had taken when ``done`` was last told.
    message, hint : str
        What the work last said; for a job that failed, what is wrong and what to do.
    result : dict or None
        What the handler gave, once done.
    created, started, finished : float or None
        Seconds since 1970.
    attempts : int
        Starts so far that did not come to an orderly end, a present one included.
    """

    id: str
    kind: str
    state: State
    step: str
    done: int
    total: int
    step_seconds: float | None
    message: str
    hint: str
    result: dict[str, Any] | None
    created: float
    started: float | None
    finished: float | None
    attempts: int

    @property
    def is_finished(self) -> bool:
        """True once nothing about the job will change."""
        return self.state in FINISHED


class JobQueue:
    """Job ids in the order they were filed, quick ones first, shared by all processes of one data folder."""

    def __init__(self) -> None:
        self._quick, self._long = Lane(QUICK), Lane(LONG)

    def offer(self, job_id: str, *, quick: bool = False) -> None:
        """Put a job at the end of its lane."""
        (self._quick if quick else self._long).put(job_id)

    def take(self, *, quick_only: bool = False) -> str | None:
        """Take the first job out, a quick one before any other, or None; no other process gets the same one."""
        return self._quick.take() or (None if quick_only else self._long.take())

    def offered(self, *, quick_only: bool = False) -> set[str]:
        """Ids now waiting."""
        return self._quick.waiting() | (set() if quick_only else self._long.waiting())

    def close(self) -> None:
        """Close the connections."""
        self._quick.close()
        self._long.close()


@contextmanager
def open_queue() -> Iterator[JobQueue]:
    """Yield the queue of this data folder, and close it afterwards."""
    queue = JobQueue()
    try:
        yield queue
    finally:
        queue.close()


def file_job(kind: str, payload: dict[str, Any], *, quick: bool = False) -> str:
    """Store a job and put it into the queue.

    Parameters
    ----------
    kind : str
        Name of a handler that the worker knows.
    payload : dict
        Plain JSON values; files enter as paths.
    quick : bool
        True for what takes minutes at most and somebody waits for: it comes before all other jobs, and is run beside
        one that is at work already.

    Returns
    -------
    str
        The job's id, for ``read_job`` and for the page's address.

    Raises
    ------
    InputError
        If whoever asks has as many jobs waiting and running as one person may (setting ``jobs_a_person``).

    Examples
    --------
    >>> job_id = file_job("predict", {"slide": "/slides/a.svs"})
    >>> read_job(job_id).state
    'queued'
    """
    owner = current().name
    _refuse_too_many(owner)
    job_id = record.create(kind, payload, quick=quick, owner=owner).id
    # A queue that cannot be reached loses nothing: the worker looks through the folders for jobs without a message.
    with suppress(QueueError), open_queue() as queue:
        queue.offer(job_id, quick=quick)
    return job_id


def read_job(job_id: str) -> Job:
    """How a job stands now; every call reads the disk, so a refreshed page or a restarted server sees the same.

    Raises
    ------
    UnknownNameError
        If there is no such job, or it is somebody else's.
    """
    return _job(_own(job_id))


def _job(state: record.Record) -> Job:
    job_id = state.id
    progress, step_seconds = record.read_step(job_id)
    return Job(
        id=state.id,
        kind=state.kind,
        state=state.state,
        step=progress.step,
        done=progress.done,
        total=progress.total,
        step_seconds=step_seconds,
        message=state.message or progress.message,
        hint=state.hint,
        result=record.read_result(job_id) if state.state == "done" else None,
        created=state.created,
        started=state.started,
        finished=state.finished,
        attempts=state.attempts,
    )


def cancel_job(job_id: str) -> None:
    """Ask a job to stop.

    One that waits, or whose worker is gone, is cancelled at once; one that runs stops at its next block. A job that
    has ended stays as it is.

    Raises
    ------
    UnknownNameError
        If there is no such job, or it is somebody else's.
    """
    _own(job_id)
    (record.job_folder(job_id) / "cancel").touch(mode=record.FILE_MODE)
    with record.held(job_id) as taken:
        if taken and (state := record.read(job_id)).state not in FINISHED:
            record.finish(state, "cancelled")


def unfinished_jobs() -> list[tuple[Job, dict[str, Any]]]:
    """Jobs that wait or run, each with what was asked of it; no page shows a visitor the jobs of others."""
    found = []
    for job_id in record.job_ids():
        with suppress(UnknownNameError, FileNotFoundError):  # removed meanwhile
            if (state := record.read(job_id)).state not in FINISHED:
                found.append((_job(state), record.read_payload(job_id)))
    return found


def remove_jobs(*, older_than_hours: float) -> int:
    """Remove jobs that ended long ago, with what was asked and what came out; return how many."""
    limit = time.time() - 3600 * older_than_hours
    removed = 0
    for job_id in record.job_ids():
        with suppress(UnknownNameError), record.held(job_id) as taken:
            state = record.read(job_id) if taken else None
            finished = None if state is None else state.finished
            if state is not None and finished is not None and finished > time.time() + CLOCK_SLACK_S:
                record.change(state, finished=time.time())  # the clock was ahead then: its time begins anew
            elif finished is not None and finished <= limit:
                record.remove(job_id)
                removed += 1
    record.sweep_removed()
    return removed


def own_jobs(
    known: Collection[str] = (), *, everybodys: bool = False, kinds: Collection[str] | None = None, most: int = 1000
) -> list[Job]:
    """Jobs of whoever asks, newest first; an administrator sees everybody's.

    Parameters
    ----------
    known : collection of str, optional
        Where nobody signs in people cannot be told apart: then these alone are listed, whose numbers the asker has.
    everybodys : bool
        Where nobody signs in and nobody from outside can ask: list all.
    kinds : collection of str, optional
        Of these alone.
    most : int
        So many of those that were filed or changed last.
    """
    ids = record.job_ids() if current().name or everybodys else [one for one in known if record.is_job_id(one)]
    found: list[record.Record] = []
    for job_id in record.latest_first(ids):
        if len(found) == most:
            break
        with suppress(UnknownNameError, FileNotFoundError):  # somebody else's, or removed meanwhile
            state = _own(job_id)
            if kinds is None or state.kind in kinds:
                found.append(state)
    jobs = []
    for state in sorted(found, key=lambda one: one.created, reverse=True):
        with suppress(UnknownNameError, FileNotFoundError):
            jobs.append(_job(state))
    return jobs


def _own(job_id: str) -> record.Record:
    """The record of a job, if it is theirs who ask; nobody learns that another's exists."""
    state, visitor = record.read(job_id), current()
    if visitor.name and visitor.name != state.owner and not visitor.may("audit"):
        raise record.no_such_job(job_id)
    return state


def _refuse_too_many(owner: str) -> None:
    if not owner:  # nobody signs in: everybody is one
        return
    most = settings().jobs_a_person
    theirs = 0
    for job_id in record.job_ids():
        with suppress(UnknownNameError, FileNotFoundError):
            state = record.read(job_id)
            theirs += state.owner == owner and state.state not in FINISHED
    if theirs >= most:
        raise InputError(f"You have {theirs} jobs waiting and running; {most} are allowed.",
                         hint="Wait until one ends, or cancel one.")  # fmt: skip
