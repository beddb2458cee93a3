"""Real worker processes for the tests of jobs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from survdash.jobs.queue import Job, read_job

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 60  # far above what any step takes; a busy machine must not fail a test


@pytest.fixture
def worker_log(data_dir: Path) -> Path:
    """What the workers of the test write to stderr."""
    return data_dir / "stderr.log"


@pytest.fixture
def start_worker(worker_log: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a worker process with the handlers of the tests; whatever still runs afterwards is killed."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(Path(__file__).with_name("handlers.py")), *arguments]
        with worker_log.open("ab") as log:
            running.append(subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, stderr=log))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def wait_for(job_id: str, is_reached: Callable[[Job], bool]) -> Job:
    """Read the job until it is as it should be."""
    end = time.monotonic() + PATIENCE_S
    while not is_reached(job := read_job(job_id)):
        if time.monotonic() > end:
            pytest.fail(f"after {PATIENCE_S} s the job is still {job}")
        time.sleep(0.05)
    return job


@pytest.fixture(name="wait_for")
def wait_for_fixture() -> Callable[[str, Callable[[Job], bool]], Job]:
    """Wait until a job is as the test wants it."""
    return wait_for
