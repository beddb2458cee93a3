"""A job on a page: how it stands, and its cancel button. The list of jobs is tested with the home page."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from survdash import store
from survdash.jobs import record
from survdash.jobs.queue import file_job, read_job
from survdash.progress import Progress
from tests.page_drawing import app_of


def script(job):
    import streamlit as st

    from survdash.ui.job_view import show_progress

    show_progress(job, page="p")
    st.text("end")


@pytest.fixture
def job():
    return file_job("predict_case", {"slides": ["/secret/Jane.svs"]})


def run(job):
    page = app_of(script, args=(job,))
    page.run()
    assert not page.exception
    return page


def test_a_waiting_job_says_so(job):
    page = run(job)
    assert "Waiting for the worker" in str(page.get("progress")[0].proto)
    assert "Jane" not in str(page)


def test_a_running_job_shows_its_step_and_count(job):
    record.change(record.read(job), state="running", started=record.read(job).created)
    store.write_json(record.job_folder(job) / "progress.json", asdict(Progress(step="Embedding", done=3, total=12)))
    bar = run(job).get("progress")[0].proto
    assert "Embedding, 3 of 12" in bar.text
    assert bar.value == 25


def test_cancel_stops_a_waiting_job(job):
    page = run(job)
    page.button(key="p.cancel").click().run()
    assert read_job(job).state == "cancelled"


def test_an_unknown_job_is_told():
    assert "There is no job" in run("0" * 32).error[0].value


@pytest.mark.parametrize(
    ("done", "seconds", "words"), [(3, 30.0, "About 1 min 30 s left"), (1, 30.0, ""), (3, None, ""), (12, 30.0, "")]
)
def test_the_time_left_is_told_once_two_units_are_done(job, done, seconds, words):
    record.change(record.read(job), state="running", started=record.read(job).created)
    record.write_progress(job, Progress(step="Embedding", done=done, total=12), step_seconds=seconds)
    captions = "\n".join(block.value for block in run(job).caption)
    assert words in captions.replace("\\", "")
    assert ("left" in captions) == bool(words)
