"""Job ids wait in SQLite or in Redis, a real one; when that goes away nothing is lost."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from survdash.jobs.lanes import Lane, QueueError
from survdash.jobs.queue import file_job, open_queue, read_job
from survdash.settings import settings


class Redis:
    """A Redis server of the test's own; it keeps what it was told on the disk."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url, self._folder, self._port = f"redis://127.0.0.1:{port}/0", folder, port
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder),
                   "--appendonly", "yes", "--appendfsync", "always", "--save", ""]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail("Redis did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server on this machine; apt-get install redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        made = Redis(tmp_path, free.getsockname()[1])
    made.start()
    monkeypatch.setenv("SURVDASH_REDIS_URL", made.url)
    settings.cache_clear()
    yield made
    made.kill()


def test_ids_come_out_in_order_and_once(redis: Redis) -> None:
    one, other = Lane("jobs"), Lane("jobs")
    for name in "abc":
        one.put(name)
    assert other.waiting() == {"a", "b", "c"}
    assert [one.take(), other.take(), one.take(), other.take()] == ["a", "b", "c", None]


@pytest.mark.parametrize("message", [b"\x80\x04N.", b"[" * 5000, b"{}", b"[]", b'"a"', b"[1,2,3,4,5,6,7,8,9,0]"])
def test_a_message_of_somebody_else_ends_no_worker_and_hides_no_job(data_dir: Path, message: bytes) -> None:
    lane = Lane("jobs")
    lane._huey.storage.enqueue(message)
    lane.put("a")
    assert lane.waiting() == {"a"}
    assert [lane.take(), lane.take(), lane.take()] == [None, "a", None]
    lane.close()


def test_jobs_run_by_way_of_redis(redis: Redis, start_worker: Callable[..., object], wait_for: Callable) -> None:
    start_worker()
    done = wait_for(file_job("add", {"a": 1, "b": 2}), lambda job: job.is_finished)
    assert done.result["sum"] == 3
    assert not (settings().data_dir / "jobs" / "queue.sqlite").exists()


@pytest.mark.slow
def test_a_redis_that_is_killed_loses_no_job_and_runs_none_twice(
    redis: Redis, start_worker: Callable[..., object], wait_for: Callable, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    start_worker()
    waits = file_job("wait", {"until": str(tmp_path / "go")})
    wait_for(waits, lambda job: job.state == "running")
    before = [file_job("add", {"a": number, "b": 0, "ran": str(ran)}) for number in range(5)]
    redis.kill()
    during = [file_job("add", {"a": number, "b": 0, "ran": str(ran)}) for number in range(5, 10)]
    with pytest.raises(QueueError, match="Nothing is lost"), open_queue() as queue:
        queue.offer("x")
    (tmp_path / "go").touch()
    wait_for(waits, lambda job: job.state == "done")
    assert {read_job(one).state for one in during} == {"queued"}
    redis.start()
    for one in [*before, *during]:
        wait_for(one, lambda job: job.state == "done")
    assert sorted(int(line) for line in ran.read_text().split()) == list(range(10))
