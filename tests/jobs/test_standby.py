"""One patient does not wait for a cohort: a standby takes quick jobs while the worker is at a long one."""

from __future__ import annotations

import os
import signal
import time

import pytest

from survdash.jobs.queue import cancel_job, file_job, read_job
from survdash.jobs.worker import is_worker_alive

PATIENCE_S = 60


def is_finished(job):
    return job.is_finished


def is_waiting_inside(job):
    return job.state == "running" and job.step == "Waiting"


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while is_there(pid):
        if time.monotonic() > end:
            pytest.fail(f"process {pid} is still there after {PATIENCE_S} s")
        time.sleep(0.05)


def test_a_quick_job_is_done_beside_a_long_one_and_a_long_one_waits(start_worker, wait_for, tmp_path):
    training = file_job("wait", {"until": str(tmp_path / "go")})
    worker = start_worker("helped")
    wait_for(training, is_waiting_inside)
    next_training = file_job("add", {"a": 5, "b": 5})
    case = wait_for(file_job("add", {"a": 1, "b": 2}, quick=True), is_finished)
    assert case.result["sum"] == 3
    assert case.result["worker"] != worker.pid
    assert (read_job(training).state, read_job(next_training).state) == ("running", "queued")
    (tmp_path / "go").touch()
    assert wait_for(next_training, is_finished).result == {"sum": 10, "worker": worker.pid}
    later = wait_for(file_job("add", {"a": 1, "b": 1}, quick=True), is_finished)
    assert later.result["worker"] in (worker.pid, case.result["worker"])
    worker.terminate()
    assert worker.wait(PATIENCE_S) == 0
    wait_until_gone(case.result["worker"])  # it was let go before the next long job, and may be on its way out


def test_without_a_long_job_there_is_no_helper(start_worker, wait_for):
    worker = start_worker("helped")
    done = [wait_for(file_job("add", {"a": 1, "b": 2}, quick=True), is_finished) for _ in range(3)]
    assert {job.result["worker"] for job in done} == {worker.pid}


def test_a_helper_outlives_no_worker_and_is_none(start_worker, wait_for, tmp_path):
    training = file_job("wait", {"until": str(tmp_path / "never")})
    worker = start_worker("helped")
    wait_for(training, is_waiting_inside)
    standby = wait_for(file_job("add", {"a": 1, "b": 2}, quick=True), is_finished).result["worker"]
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert not is_worker_alive(), "else the app would start no new worker"
    wait_until_gone(standby)


def test_a_helper_ends_its_job_before_it_leaves(start_worker, wait_for, tmp_path):
    training = file_job("wait", {"until": str(tmp_path / "go")})
    start_worker("helped")
    wait_for(training, is_waiting_inside)
    case = file_job("wait", {"until": str(tmp_path / "case")}, quick=True)
    wait_for(case, is_waiting_inside)
    (tmp_path / "go").touch()
    wait_for(training, is_finished)
    (tmp_path / "case").touch()
    assert wait_for(case, is_finished).attempts == 1
    assert read_job(case).result == {"waited": True}


def test_a_quick_job_is_cancelled_beside_a_long_one(start_worker, wait_for, tmp_path):
    training = file_job("wait", {"until": str(tmp_path / "go")})
    start_worker("helped")
    wait_for(training, is_waiting_inside)
    case = file_job("wait", {}, quick=True)
    wait_for(case, is_waiting_inside)
    cancel_job(case)
    assert wait_for(case, is_finished).state == "cancelled"
    assert read_job(training).state == "running"
