"""A clock that jumps a year ahead and back while a worker is at work: no job is lost, doubled or taken from it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from survdash.audit import check_log, note
from survdash.jobs.queue import file_job, read_job
from survdash.jobs.worker import is_worker_alive
from survdash.settings import settings
from survdash.usecases.verify import verify
from tests.jobs.conftest import REPOSITORY, wait_for

pytestmark = pytest.mark.slow
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
AHEAD, BACK, RIGHT = "+400d", "-400d", "+0"


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set the clock of all programs that the test starts from here on; this one keeps the right time."""
    if LIBRARY is None:
        pytest.skip("no libfaketime on this machine; apt-get install libfaketime")
    told = tmp_path / "clock"
    told.write_text(RIGHT)
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(told))
    monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")  # as with a real clock that is set
    monkeypatch.setenv("NO_FAKE_STAT", "1")  # times of files are the disk's

    def turn(to: str) -> None:
        told.write_text(to)

    return turn


def start(*words: str) -> subprocess.Popen[bytes]:
    """A program of its own under that clock."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "LD_PRELOAD": str(LIBRARY)}
    return subprocess.Popen([sys.executable, *words], env=environment)


def test_jobs_heartbeats_and_the_audit_log_outlive_a_clock_that_jumps(
    clock: Callable[[str], None], tmp_path: Path
) -> None:
    ran, heartbeat = tmp_path / "ran", settings().data_dir / "jobs" / "worker.heartbeat"
    handlers = str(REPOSITORY / "tests" / "jobs" / "handlers.py")
    workers = [start(handlers)]
    try:
        waits = file_job("wait", {"until": str(tmp_path / "go")})
        wait_for(waits, lambda job: job.state == "running")
        jobs = [file_job("add", {"a": number, "b": 0, "ran": str(ran)}) for number in range(3)]
        note("before")
        for jump in (AHEAD, BACK):
            clock(jump)
            workers.append(start(handlers))  # a second one looks for jobs whose worker is gone, by its own clock
            beat = heartbeat.stat().st_mtime
            end = time.monotonic() + 30
            while heartbeat.stat().st_mtime <= beat:
                assert time.monotonic() < end, "no sign of life after the jump"
                time.sleep(0.05)
            assert is_worker_alive()
            assert read_job(waits).state == "running"
            assert read_job(waits).attempts == 1
            jobs.append(file_job("add", {"a": len(jobs), "b": 0, "ran": str(ran)}))
            noted = start("-c", f"from survdash.audit import note; note('at {jump}')")
            assert noted.wait(60) == 0
        (tmp_path / "go").touch()
        for one in [waits, *jobs]:
            wait_for(one, lambda job: job.state == "done")
    finally:
        for one in workers:
            one.kill()
            one.wait()
    assert sorted(int(line) for line in ran.read_text().split()) == list(range(len(jobs)))
    assert (check_log().lines, check_log().broken_at) == (3, 0)
    assert verify().faults == ()
