from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from survdash.jobs.queue import cancel_job, file_job, open_queue, read_job
from survdash.jobs.worker import ensure_worker, is_worker_alive

REPOSITORY = Path(__file__).resolve().parents[2]


def is_finished(job):
    return job.is_finished


def is_waiting_inside(job):
    return job.state == "running" and job.step == "Waiting"


def test_a_job_is_done_and_its_result_kept(start_worker, wait_for):
    job_id = file_job("add", {"a": 2, "b": 3})
    worker = start_worker()
    job = wait_for(job_id, is_finished)
    assert (job.state, job.result) == ("done", {"sum": 5, "worker": worker.pid})
    assert (job.step, job.done, job.total, job.attempts) == ("Adding", 3, 3, 1)
    assert job.created <= job.started <= job.finished
    assert read_job(job_id) == job  # a refreshed page sees the same


def test_what_the_user_can_mend_is_said_with_its_hint(start_worker, wait_for):
    job_id = file_job("refuse", {})
    start_worker()
    job = wait_for(job_id, is_finished)
    assert (job.state, job.message, job.hint) == ("failed", "The slide has no resolution.", "Give --mpp.")
    assert job.result is None


def test_a_fault_of_ours_fails_one_job_and_tells_the_log_no_patient(start_worker, wait_for, worker_log):
    broken, unknown, sound = (
        file_job("break_down", {"patient": "Jane Roe"}),
        file_job("bake", {}),
        file_job("add", {"a": 1, "b": 1}),
    )
    worker = start_worker()
    assert wait_for(sound, is_finished).state == "done"
    for job in (read_job(broken), read_job(unknown)):
        assert job.state == "failed"
        assert "Internal error" in job.message
        assert job.hint
    worker.terminate()
    worker.wait()
    log = worker_log.read_text()
    assert broken in log
    assert "RuntimeError" in log
    assert "in break_down" in log
    assert "Jane" not in log + read_job(broken).message


def test_a_running_job_is_cancelled_between_its_blocks(start_worker, wait_for):
    job_id = file_job("wait", {})
    start_worker()
    wait_for(job_id, is_waiting_inside)
    cancel_job(job_id)
    job = wait_for(job_id, is_finished)
    assert (job.state, job.message) == ("cancelled", "")


def test_the_job_of_a_killed_worker_is_run_by_the_next(start_worker, wait_for, tmp_path):
    job_id = file_job("wait", {"until": str(tmp_path / "go")})
    first = start_worker()
    wait_for(job_id, is_waiting_inside)
    assert is_worker_alive()
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert not is_worker_alive()
    assert read_job(job_id).state == "running"  # nobody could say otherwise
    (tmp_path / "go").touch()
    start_worker()
    job = wait_for(job_id, is_finished)
    assert (job.state, job.attempts) == ("done", 2)


def test_a_worker_already_there_takes_over_from_a_killed_one(start_worker, wait_for, tmp_path):
    job_id = file_job("wait", {"until": str(tmp_path / "go")})
    first = start_worker()
    wait_for(job_id, is_waiting_inside)
    second = start_worker()
    other = file_job("add", {"a": 1, "b": 1})
    assert wait_for(other, is_finished).result == {"sum": 2, "worker": second.pid}
    first.kill()
    (tmp_path / "go").touch()
    assert wait_for(job_id, is_finished).state == "done"
    assert is_worker_alive()  # the second now holds the lock


def test_a_job_that_kills_two_workers_is_given_up_with_its_last_words(start_worker, wait_for):
    job_id = file_job("die", {})
    for _ in range(2):
        assert start_worker().wait() == -signal.SIGKILL
    start_worker()
    job = wait_for(job_id, is_finished)
    assert (job.state, job.attempts) == ("failed", 2)
    assert "killed 2 times" in job.message
    assert "Reading the slide, 3 of 10" in job.message
    assert "memory" in job.hint


def test_a_dead_workers_job_can_be_cancelled_without_a_worker(start_worker, wait_for):
    job_id = file_job("die", {})
    start_worker().wait()
    assert read_job(job_id).state == "running"
    cancel_job(job_id)
    assert read_job(job_id).state == "cancelled"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_told_to_end_puts_its_job_back_uncounted(start_worker, wait_for, tmp_path, number):
    job_id = file_job("wait", {"until": str(tmp_path / "go")})
    first = start_worker()
    wait_for(job_id, is_waiting_inside)
    first.send_signal(number)
    assert first.wait(timeout=30) == 0
    assert (read_job(job_id).state, read_job(job_id).attempts) == ("queued", 0)
    with open_queue() as queue:
        assert queue.offered() == {job_id}
    (tmp_path / "go").touch()
    start_worker()
    assert (wait_for(job_id, is_finished).state, read_job(job_id).attempts) == ("done", 1)


def test_a_job_lost_by_the_queue_is_offered_again(start_worker, wait_for):
    job_id = file_job("add", {"a": 1, "b": 1})
    with open_queue() as queue:
        assert queue.take() == job_id  # and forget it, as a worker killed at this moment would
    start_worker()
    assert wait_for(job_id, is_finished).state == "done"


def test_three_workers_run_every_job_once(start_worker, wait_for, tmp_path):
    workers = [start_worker() for _ in range(3)]
    filed = [file_job("add", {"a": number, "b": 0, "ran": str(tmp_path / "ran")}) for number in range(30)]
    with open_queue() as queue:
        for job_id in filed[::2]:
            queue.offer(job_id)  # a doubled message must not double the work
    results = [wait_for(job_id, is_finished).result for job_id in filed]
    assert [result["sum"] for result in results] == list(range(30))
    assert {result["worker"] for result in results} <= {worker.pid for worker in workers}
    assert sorted(map(int, (tmp_path / "ran").read_text().split())) == list(range(30))


def test_a_worker_without_work_ends_by_itself(start_worker, wait_for):
    job_id = file_job("add", {"a": 1, "b": 1})
    assert start_worker("0.5").wait(timeout=60) == 0
    assert read_job(job_id).state == "done"
    assert not is_worker_alive()


def test_a_worker_gives_signs_of_life_for_people_to_look_at(start_worker, data_dir):
    heartbeat = data_dir / "jobs" / "worker.heartbeat"
    worker = start_worker()
    end = time.monotonic() + 60
    while not heartbeat.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert is_worker_alive()
    seen = heartbeat.stat().st_mtime_ns
    while heartbeat.stat().st_mtime_ns == seen and time.monotonic() < end:
        time.sleep(0.05)
    assert heartbeat.stat().st_mtime_ns > seen
    worker.terminate()
    worker.wait()
    assert not is_worker_alive()


def test_what_a_worker_writes_is_for_this_user_alone(start_worker, wait_for, data_dir):
    job_id = file_job("add", {"a": 1, "b": 1})
    start_worker("0.5").wait(timeout=60)
    files = [path for path in (data_dir / "jobs").rglob("*") if path.is_file()]
    assert {"result.json", "progress.json"} <= {path.name for path in files}
    assert [path.name for path in files if stat.S_IMODE(path.stat().st_mode) != 0o600] == []
    assert read_job(job_id).step_seconds is not None


def test_a_worker_is_started_only_where_none_is(start_worker, wait_for):
    job_id = file_job("add", {"a": 1, "b": 1})
    start_worker()
    wait_for(job_id, is_finished)
    assert not ensure_worker()


@pytest.mark.skipif(not (REPOSITORY / "survdash" / "__main__.py").exists(), reason="the command line is not there yet")
def test_the_background_worker_outlives_the_process_that_started_it(data_dir, wait_for, tmp_path):
    job_id = file_job("no such kind", {})
    starter = "from survdash.jobs.worker import ensure_worker; print(ensure_worker(), ensure_worker())"
    starter = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); {starter}"  # as streamlit does, from anywhere
    output = subprocess.run([sys.executable, "-c", starter], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert output.stdout.split() == ["True", "False"]  # the second call finds the first worker just starting
    try:
        assert wait_for(job_id, is_finished).state == "failed"  # by the real worker, which knows no such kind
        assert is_worker_alive()
        assert job_id in (data_dir / "logs" / "worker.log").read_text()
    finally:
        os.kill(int((data_dir / "jobs" / "worker.heartbeat").read_text()), signal.SIGTERM)


@pytest.mark.parametrize(("beside_pages", "steps"), [("true", 10), ("false", 0)])
def test_the_worker_gives_way_to_the_pages_of_the_server_that_started_it(
    data_dir, start_worker, monkeypatch, beside_pages, steps
):
    monkeypatch.setenv("SURVDASH_START_WORKER", beside_pages)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    worker = start_worker()
    end = time.monotonic() + 60
    while not (data_dir / "jobs" / "worker.heartbeat").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert os.getpriority(os.PRIO_PROCESS, worker.pid) == min(19, own + steps)
