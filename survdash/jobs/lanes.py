"""Where waiting job ids lie: in a SQLite file of the data folder, or in Redis for several machines.

Huey keeps them; this module chooses its storage, writes messages as JSON, and turns the storage's faults into ours.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer
from redis import ConnectionPool
from redis.exceptions import RedisError

from survdash.errors import SurvdashError
from survdash.jobs import record
from survdash.settings import settings

QUICK, LONG = "quick", "jobs"  # what somebody waits for, and what takes its time
BUSY_TIMEOUT_S = 30  # waiting for another process's write; Huey's own 5 s is short for a slow disk
REDIS_TIMEOUT_S = 5


class QueueError(SurvdashError):
    """The queue cannot be reached just now; jobs that were filed are kept in the data folder."""


class JsonSerializer(Serializer):  # type: ignore[misc]  # huey ships no types
    """Messages as JSON: Huey's default is pickle, which runs code when it is read."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Any:
        return Message(*json.loads(data))


class Lane:
    """Job ids of one kind in the order they were filed."""

    def __init__(self, name: str) -> None:
        self._huey = _open(name)
        self._message: Callable[..., Any] = self._huey.task(name="run_job")(_carry).s

    def put(self, job_id: str) -> None:
        """Put a job at the end."""
        with _faults():
            self._huey.enqueue(self._message(job_id))

    def take(self) -> str | None:
        """Take the first job out, or None; no other process gets the same one."""
        with _faults():
            data = self._huey.storage.dequeue()
        return None if data is None else _job_of(data)

    def waiting(self) -> set[str]:
        """Ids now waiting."""
        with _faults():
            found = self._huey.storage.enqueued_items()
        return {job_id for data in found if (job_id := _job_of(data)) is not None}

    def close(self) -> None:
        """Let go of the connection."""
        self._huey.storage.close() if isinstance(self._huey, SqliteHuey) else self._huey.storage.pool.disconnect()


def _open(name: str) -> Huey:
    if settings().redis_url:
        pool = ConnectionPool.from_url(
            settings().redis_url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
        )
        return RedisHuey(f"survdash_{name}", results=False, serializer=JsonSerializer(), blocking=False,
                         connection_pool=pool)  # fmt: skip
    path = record.jobs_folder() / "queue.sqlite"
    path.touch(mode=record.FILE_MODE)  # SQLite gives its side files the mode of the database
    return SqliteHuey(name, filename=str(path), results=False, serializer=JsonSerializer(), timeout=BUSY_TIMEOUT_S)


def _job_of(data: bytes) -> str | None:
    """The job that a message names; None where it is no message of ours, which must not end the worker that finds it.

    No job is lost by that: those without a message are found in their folders and offered again.
    """
    try:
        return str(Message(*json.loads(data)).args[0])
    except (ValueError, TypeError, LookupError, RecursionError):
        return None


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except (RedisError, sqlite3.OperationalError) as error:
        raise QueueError(
            f"The queue of jobs cannot be reached just now ({type(error).__name__}).",
            hint="Nothing is lost: what was asked starts when it can be reached again. Tell whoever runs this server.",
        ) from error


def _carry(_job_id: str) -> None:
    """Give the queue's messages their name; the worker reads the id and never calls this."""
