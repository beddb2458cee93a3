"""Whose jobs are listed: this window's, this browser's, the signed-in visitor's; never those of another browser."""

from __future__ import annotations

import pytest

from survdash.jobs.queue import file_job, read_job
from survdash.ui import browser_memory, job_memory
from tests.page_drawing import app_of


@pytest.fixture(autouse=True)
def others_can_come(monkeypatch):
    monkeypatch.setattr(job_memory, "is_alone", lambda: False)


def script():
    import streamlit as st

    from survdash.ui.job_memory import jobs_of_visitor, keep_jobs_script, remember_job

    for job in st.session_state.get("opened", []):
        remember_job(job)
    st.text(" ".join(job.id for job in jobs_of_visitor(kinds=["predict_case"], most=5)))
    st.text(keep_jobs_script())


def run(**state):
    page = app_of(script)
    for name, value in state.items():
        page.session_state[name] = value
    page.run()
    assert not page.exception
    return page.text[0].value.split(), page.text[1].value


def test_another_browser_lists_nothing():
    file_job("predict_case", {})
    assert run() == ([], "")


def test_a_window_lists_its_jobs_and_the_browser_keeps_them_as_long_as_the_server():
    job = file_job("predict_case", {})
    listed, script = run(opened=[job])
    assert listed == [job]
    assert f"survdash_jobs={job};" in script
    assert "max-age=86400;" in script


def test_a_new_window_of_the_same_browser_lists_them_again(monkeypatch):
    job, other = file_job("predict_case", {}), file_job("predict_case", {})
    monkeypatch.setattr(job_memory, "recall", lambda name: f"{job}_{'0' * 32}_gibberish")
    listed, script = run(opened=[other])
    assert listed == [other, job]
    assert other in script
    assert job in script


def test_the_cookie_is_never_more_than_numbers_and_is_never_too_long(monkeypatch):
    monkeypatch.setattr(job_memory, "recall", lambda name: "_".join(f"{number:032x}" for number in range(12)))
    _, script = run(opened=["f" * 32])
    value = script.partition("=")[2].partition("=")[2].partition(";")[0]
    assert browser_memory.SAFE.fullmatch(value)
    assert value.count("_") == job_memory.MOST_KEPT - 1
    assert value.endswith("f" * 32)


def test_who_signs_in_needs_no_cookie(monkeypatch):
    monkeypatch.setattr(job_memory, "has_login", lambda: True)
    job = file_job("predict_case", {})
    assert run(opened=[job])[1] == ""
    assert read_job(job).state == "queued"
