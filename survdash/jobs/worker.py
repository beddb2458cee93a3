"""The worker: takes jobs from the queue and runs them, one at a time, in its own process.

Quick jobs come first, and while a long one is at work a second process takes them (``standby``): what a doctor waits
for is not held up by a training.

Whether a worker lives is told by a lock on a file, which the operating system frees however the process ends. A job
marked as running whose lock is free has lost its worker: it is offered again, and given up after the second time.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from filelock import FileLock, Timeout

from survdash.errors import Cancelled, SurvdashError, UnknownNameError
from survdash.jobs import record
from survdash.jobs.lanes import QueueError
from survdash.jobs.queue import JobQueue, open_queue
from survdash.jobs.record import FINISHED, Record
from survdash.jobs.room import Needs, within_room
from survdash.jobs.standby import Standby, is_released
from survdash.logs import start_logs
from survdash.progress import Cancel, CancelFile, Progress, Report
from survdash.settings import settings

Handler = Callable[[dict[str, Any], Report, Cancel], dict[str, Any]]

MAX_ATTEMPTS = 2
POLL_S = 0.2
RETRY_S = 2.0  # after a fault of the queue or the disk
HEARTBEAT_S = 1.0
SWEEP_S = 5.0  # how often jobs without a worker are looked for
REPORT_S = 0.2  # progress is written no more often than this; a new step always is
IDLE_EXIT_S = 30 * 60.0
START_GRACE_S = 30.0  # a worker that was just started may take this long to take its lock
LOG_BYTES = 5_000_000
GIVES_WAY = 10  # steps of niceness: the pages of a server that starts its worker itself share its processors
PACKAGE_PARENT = Path(__file__).resolve().parents[2]

_log = logging.getLogger("survdash.worker")


class _Stop(BaseException):
    """SIGTERM or Ctrl-C came while a handler ran; no handler's ``except Exception`` may hold it up."""


@dataclass(slots=True)
class _Signals:
    """Remembers that the worker was asked to end; raises only inside a handler, never between two writes of ours."""

    stop: threading.Event = field(default_factory=threading.Event)
    in_handler: bool = False

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        already = self.stop.is_set()
        self.stop.set()
        if self.in_handler and not already:  # a second signal must not cut the handler's own tidying up short
            raise _Stop


@dataclass(slots=True)
class _ProgressFile:
    """A ``Report`` that writes ``progress.json``, sparingly."""

    job_id: str
    last: Progress = field(default_factory=lambda: Progress(step="", done=0, total=0))
    written: float = 0.0
    step_began: float = field(default_factory=time.monotonic)

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        is_new_step = progress.step != self.last.step
        if is_new_step:
            self.step_began = now
        self.last = progress
        if is_new_step or progress.done == progress.total or now - self.written >= REPORT_S:
            self.write(now)

    def write(self, now: float) -> None:
        """Store the last report, whenever the one before was."""
        record.write_progress(self.job_id, self.last, step_seconds=now - self.step_began)
        self.written = now


class _Presence:
    """The lock that says a worker is here, and a heartbeat that says when it was last well.

    Of several workers one holds the lock; when it ends, another takes it at its next look.
    """

    def __init__(self) -> None:
        self._lock = FileLock(_worker_lock(), mode=record.FILE_MODE)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def claim(self) -> None:
        """Take the lock if nobody has it."""
        if self._lock.is_locked:
            return
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return
        _starting_file().unlink(missing_ok=True)
        record.write_private(_heartbeat_file(), os.getpid())
        self._stop.clear()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Let go of the lock, if we have it."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None
        self._lock.release()

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_S):
            _heartbeat_file().touch()


def run_worker(
    handlers: Mapping[str, Handler], *, idle_exit_s: float | None = None, standby: Sequence[str] = (),
    needs: Needs | None = None,
) -> None:  # fmt: skip
    """Run jobs until SIGTERM, SIGINT or a long idle time; call it from the main thread.

    Parameters
    ----------
    handlers : mapping
        Kind of job to the function that does it: ``handler(payload, report, cancel) -> result``, both plain JSON.
    idle_exit_s : float, optional
        Seconds without a job after which the worker ends; 0 for never. By default half an hour where the app starts
        workers itself (setting ``start_worker``), else never.
    standby : sequence of str
        The command of a process that calls ``run_standby``, for quick jobs while a long one is at work.
    needs : mapping, optional
        Kind of job to what it takes at most: one that cannot fit is refused before it starts.

    Notes
    -----
    Several workers may run at once; each job still runs once. A job that is interrupted by SIGTERM goes back into
    the queue. The log names jobs by id only, and of an internal error shows the place but not the words, which may
    hold a patient's data.
    """
    faulthandler.enable()  # the last words of a crash in a native library
    start_logs()
    signals, handlers = _listen(), within_room(handlers, needs or {})
    if settings().start_worker:
        os.nice(GIVES_WAY)
    if idle_exit_s is None:
        idle_exit_s = IDLE_EXIT_S if settings().start_worker else 0
    _log.info("worker %d started", os.getpid())
    presence, beside = _Presence(), Standby(standby)
    with open_queue() as queue:
        while not signals.stop.is_set():
            try:
                _work(queue, handlers, signals, presence=presence, idle_exit_s=idle_exit_s, standby=beside)
            finally:
                beside.end()
                presence.release()
            # After the release: whoever filed a job while we held the lock did not start another worker.
            with suppress(QueueError):
                if queue.offered():
                    continue
            break
    _log.info("worker %d ended", os.getpid())


def run_standby(handlers: Mapping[str, Handler], *, needs: Needs | None = None) -> None:
    """Run quick jobs until the worker that started this process lets go; see ``standby``."""
    faulthandler.enable()  # the last words of a crash in a native library
    start_logs()
    signals, released, handlers = _listen(), is_released(), within_room(handlers, needs or {})
    _log.info("standby %d started", os.getpid())
    with open_queue() as queue:
        while not signals.stop.is_set():
            job_id = None
            with suppress(QueueError):
                job_id = queue.take(quick_only=True)
            if job_id is not None:
                _take(queue, job_id, handlers, signals, standby=Standby())
            elif released.is_set():
                break
            else:
                signals.stop.wait(POLL_S)
    _log.info("standby %d ended", os.getpid())


def is_worker_alive() -> bool:
    """True while some process works for this data folder."""
    with record.try_lock(_worker_lock()) as free:
        return not free


def ensure_worker() -> bool:
    """Start a worker in the background unless one is alive or just starting; return whether one was started.

    It runs ``python -m survdash worker`` in a session of its own, so it outlives a restart of the web server; its
    output goes to ``logs/worker.log`` in the data folder.
    """
    with record.try_lock(record.jobs_folder() / "start.lock") as mine:
        if not mine or is_worker_alive() or _is_starting():
            return False
        log = settings().data_dir / "logs" / "worker.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        _starting_file().touch(mode=record.FILE_MODE)
        # The worker must find this package and this data folder wherever the app was started from.
        package_path = os.pathsep.join(filter(None, [str(PACKAGE_PARENT), os.environ.get("PYTHONPATH")]))
        environment = {"PYTHONPATH": package_path, "SURVDASH_DATA_DIR": str(settings().data_dir.resolve())}
        with log.open("ab") as output:
            subprocess.Popen(
                [sys.executable, "-m", "survdash", "worker"],
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return True


def _listen() -> _Signals:
    signals = _Signals()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signals.on_signal)
    return signals


def _work(
    queue: JobQueue, handlers: Mapping[str, Handler], signals: _Signals, *, presence: _Presence, idle_exit_s: float,
    standby: Standby,
) -> None:  # fmt: skip
    """Run what is offered until there is a reason to stop."""
    last_job = time.monotonic()
    next_sweep = 0.0
    ended: set[str] = set()
    fault = ""
    while not signals.stop.is_set():
        try:
            presence.claim()
            if time.monotonic() >= next_sweep:
                _sweep(queue, ended)
                next_sweep = time.monotonic() + SWEEP_S
            job_id = queue.take()
            if job_id is not None:
                _take(queue, job_id, handlers, signals, standby=standby)
                last_job = time.monotonic()
        except (QueueError, OSError) as error:
            # Redis is away, or the disk is full or cannot be written: both pass. What was at work is offered again.
            fault = _told_once(fault, error)
            signals.stop.wait(RETRY_S)
            continue
        fault = ""
        if job_id is None:
            if idle_exit_s and time.monotonic() - last_job > idle_exit_s:
                return
            signals.stop.wait(POLL_S)


def _told_once(before: str, error: Exception) -> str:
    """Log a fault that lasts once; by its kind and number, for its text may name a file."""
    words = f"{type(error).__name__} {getattr(error, 'errno', None) or ''}".strip()
    if words != before:
        _log.error("the worker waits: %s", words)
    return words


def _sweep(queue: JobQueue, ended: set[str]) -> None:
    """Offer again what lost its worker or its message; ``ended`` spares reading finished jobs twice."""
    waiting, present = queue.offered(), record.job_ids()
    ended.intersection_update(present)
    for job_id in present:
        if job_id in ended or job_id in waiting:
            continue
        with suppress(UnknownNameError), record.held(job_id) as taken:  # unknown: removed meanwhile
            if not taken:
                continue
            state = record.read(job_id)
            if state.state in FINISHED:
                ended.add(job_id)
            elif state.state == "running" and state.attempts >= MAX_ATTEMPTS:
                _give_up(state)
            else:
                _log.warning("job %s has no worker: offered again", job_id)
                record.change(state, state="queued")
                queue.offer(job_id, quick=state.quick)


def _give_up(state: Record) -> None:
    last = record.read_progress(state.id)
    where = f"{last.step}, {last.done} of {last.total}" if last.total else last.step
    words = f" Its last words: {where}." if where else ""
    _log.error("job %s ended its worker %d times: given up", state.id, state.attempts)
    record.finish(
        state,
        "failed",
        message=f"The worker was killed {state.attempts} times while it ran this job.{words}",
        hint="Mostly the memory was too small: close other programs or use a machine with more, then start it again.",
    )


def _take(
    queue: JobQueue, job_id: str, handlers: Mapping[str, Handler], signals: _Signals, *, standby: Standby
) -> None:
    """Run one offered job, if it still wants to be run and no other worker has it."""
    with suppress(UnknownNameError), record.held(job_id) as taken:  # unknown: removed while it waited
        if not taken or (state := record.read(job_id)).state != "queued":
            return
        cancel = CancelFile(record.job_folder(job_id) / "cancel")
        if cancel.is_set():
            record.finish(state, "cancelled")
            return
        state = record.change(state, state="running", started=time.time(), attempts=state.attempts + 1)
        _log.info("job %s started", job_id)
        try:
            with standby.beside(quick=state.quick):
                _run(state, handlers, signals, cancel=cancel)
        except _Stop:
            # An orderly end is not the job's fault, so this start does not count against it.
            record.change(state, state="queued", attempts=state.attempts - 1)
            with suppress(QueueError):  # the next look through the folders offers it again
                queue.offer(job_id, quick=state.quick)
            _log.info("job %s put back: the worker was told to end", job_id)


def _run(state: Record, handlers: Mapping[str, Handler], signals: _Signals, *, cancel: Cancel) -> None:
    """Call the handler and store how it ended."""
    folder = record.job_folder(state.id)
    report = _ProgressFile(state.id)
    try:
        signals.in_handler = True
        if signals.stop.is_set():  # the signal came between taking the job and here
            raise _Stop
        try:
            with record.running(state.id):
                result = handlers[state.kind](record.read_payload(state.id), report, cancel)
        finally:
            signals.in_handler = False
        record.write_private(folder / "result.json", result)
    except Cancelled:
        record.finish(state, "cancelled")
    except SurvdashError as error:
        record.finish(state, "failed", message=error.message, hint=error.hint)
    except Exception as error:  # the worker's door: one broken job must not end the others
        # The place but not the words: an error's text may quote a patient's table.
        frames = "".join(traceback.format_tb(error.__traceback__))
        _log.error("job %s: internal error, %s\n%s", state.id, type(error).__name__, frames)
        record.finish(
            state,
            "failed",
            message=f"Internal error ({type(error).__name__}) in job {state.id}.",
            hint="This is our fault. The place is in logs/worker.log of the data folder; please report it.",
        )
    else:
        report.write(time.monotonic())
        record.finish(state, "done")
    _log.info("job %s ended", state.id)


def _is_starting() -> bool:
    path = _starting_file()
    # Below 0 when the clock was set back since: then nobody knows, and a second worker does no harm.
    return path.exists() and 0 <= time.time() - path.stat().st_mtime < START_GRACE_S


def _worker_lock() -> Path:
    return record.jobs_folder() / "worker.lock"


def _starting_file() -> Path:
    return record.jobs_folder() / "worker.starting"


def _heartbeat_file() -> Path:
    return record.jobs_folder() / "worker.heartbeat"
