"""Jobs: one while it runs, the recent ones as a list."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from survdash.jobs.queue import Job, cancel_job, read_job
from survdash.ui.error_box import error_box
from survdash.ui.prose import NOT_KNOWN, duration, escape

POLL_SECONDS = 1.0
STATES = {
    "queued": ":gray-badge[:material/schedule: waiting]",
    "running": ":blue-badge[:material/play_arrow: running]",
    "done": ":green-badge[:material/check: done]",
    "failed": ":red-badge[:material/error: failed]",
    "cancelled": ":gray-badge[:material/cancel: cancelled]",
}


def show_progress(job_id: str, *, page: str) -> None:
    """Draw a running job and poll it; the whole page runs again once it has ended, and polling stops.

    Parameters
    ----------
    job_id : str
    page : str
        First half of the widgets' keys.
    """
    st.fragment(_draw, run_every=POLL_SECONDS)(job_id, page)


def show_recent_jobs(jobs: Sequence[Job]) -> None:
    """A list of jobs with a link to each; no file name and no result stands in it."""
    if not jobs:
        st.caption("Nothing yet. A prediction that you start appears here.")
    for job in jobs:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(STATES[job.state], width="content")
            st.page_link("new_case.py", label=f"Prediction {job.id[:8]}", query_params={"job": job.id})
            st.caption(f"{duration(time.time() - job.created)} ago, took {_took(job)}", width="content")


def _took(job: Job) -> str:
    return duration(job.finished - job.started) if job.started and job.finished else NOT_KNOWN


def _draw(job_id: str, page: str) -> None:
    with error_box():
        job = read_job(job_id)
        if job.is_finished:
            st.rerun()
        _draw_bar(job)
        if st.button("Cancel", key=f"{page}.cancel", icon=":material/cancel:"):
            cancel_job(job_id)
            st.toast("Stopping at the next step.")


def _draw_bar(job: Job) -> None:
    if job.state == "queued":
        st.progress(0.0, text="Waiting for the worker to take this case …")
        return
    count = f", {job.done:,} of {job.total:,}" if job.total else ""
    share = min(1.0, job.done / job.total) if job.total else 0.0
    st.progress(share, text=escape(f"{job.step or 'Starting'}{count}"))
    parts = [f"Running for {duration(time.time() - job.started)}" if job.started else "", job.message]
    st.caption(escape(". ".join(part for part in parts if part)))
