"""Start-up: old uploads go, a worker is started once and only where the settings say so."""

from __future__ import annotations

import gc
import os
import threading
import time

import pytest
import streamlit as st
from threadpoolctl import threadpool_info, threadpool_limits

from survdash.jobs import record
from survdash.jobs.queue import file_job
from survdash.settings import settings
from survdash.ui import startup
from survdash.ui.upload import new_upload


@pytest.fixture
def started(monkeypatch):
    calls = []
    # The real one starts a process that outlives the test; that it does is tested in tests/jobs and tests/browser.
    monkeypatch.setattr(startup, "ensure_worker", lambda: calls.append(1))
    monkeypatch.setattr(startup, "WORKER_WAITS_SECONDS", 0.05)
    st.cache_resource.clear()
    yield calls
    join_waking()
    st.cache_resource.clear()


def join_waking() -> None:
    for thread in threading.enumerate():
        if thread.name == "survdash-wake":
            thread.join()


def test_the_first_page_sweeps_and_starts_a_worker_and_the_second_does_not(started):
    old, new = new_upload(), new_upload()
    long_ago = time.time() - 3600 * settings().keep_upload_hours - 60
    os.utime(old.folder, (long_ago, long_ago))
    startup.start_once()
    startup.start_once()
    assert started == [], "the first page does not share the machine with a worker that starts"
    join_waking()
    assert started == [1]
    assert not old.folder.exists()
    assert new.folder.exists()


def test_jobs_that_ended_long_ago_are_swept_with_the_uploads(started):
    old, new = file_job("predict_case", {"age": 61}), file_job("predict_case", {})
    for job, hours in ((old, settings().keep_upload_hours + 1), (new, 0)):
        record.change(record.read(job), state="done", finished=time.time() - 3600 * hours)
    startup.start_once()
    assert record.job_ids() == [new]


@pytest.mark.parametrize("jump", [90_000, -90_000])
def test_in_the_round_in_which_the_clock_was_set_nothing_is_swept(caplog, jump):
    old = new_upload()
    finished = file_job("predict_case", {"age": 61})
    long_ago = time.time() - 3600 * settings().keep_upload_hours - 60
    os.utime(old.folder, (long_ago, long_ago))
    record.change(record.read(finished), state="done", finished=long_ago)
    seen = startup._sweep_unless_set(startup._clock_error() - jump)  # as it was before somebody set it by so much
    assert old.folder.exists()
    assert record.job_ids() == [finished]
    assert "The clock was set by" in caplog.text
    assert startup._sweep_unless_set(seen) == pytest.approx(seen, abs=1)
    assert not old.folder.exists()
    assert record.job_ids() == []


def test_no_worker_is_started_where_somebody_else_runs_them(started, monkeypatch):
    monkeypatch.setenv("SURVDASH_START_WORKER", "false")
    settings.cache_clear()
    startup.wake_worker()
    assert started == []


def test_warming_up_puts_what_is_loaded_aside_for_good_and_hurts_nobody(monkeypatch):
    monkeypatch.setattr(startup, "WARMED_BY", "no such cohort")
    with threadpool_limits(2):  # puts back afterwards what was
        startup.warm_up()
        assert {pool["num_threads"] for pool in threadpool_info()} == {1}
    try:
        assert gc.get_freeze_count() > 100_000, "the libraries are not looked through after each run of a page"
    finally:
        gc.unfreeze()
