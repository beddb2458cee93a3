"""Jobs: one while it runs, those of this browser session as a list.

A job's number is the key to it, so no page ever lists the job of another visitor.
"""

from __future__ import annotations

import time
from contextlib import suppress

import streamlit as st

from survdash.errors import UnknownNameError
from survdash.jobs.queue import Job, cancel_job, read_job
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.ui.error_box import error_box
from survdash.ui.prose import NOT_KNOWN, duration, escape
from survdash.usecases import AUDIT, FETCHING, IMPORT, TRAINING, UNPACK

POLL_SECONDS = 1.0
OWN_JOBS = "ui.own_jobs"
SHOWN = 8
LEAST_DONE = 2  # units of work after which the time left can be told
STATES = {  # colour, icon, word
    "queued": ("gray", "schedule", later("waiting")),
    "running": ("blue", "play_arrow", later("running")),
    "done": ("green", "check", later("done")),
    "failed": ("red", "error", later("failed")),
    "cancelled": ("gray", "cancel", later("cancelled")),
}
PLACES = {  # page on which a kind of job is shown, and what it is called
    FETCHING: ("import_cohort.py", later("Download")), TRAINING: ("models.py", later("Training")),
    AUDIT: ("models.py", later("Audit")),
    IMPORT: ("import_cohort.py", later("Import")), UNPACK: ("import_cohort.py", later("Import")),
}  # fmt: skip


def show_progress(job_id: str, *, page: str) -> None:
    """Draw a running job and poll it; the whole page runs again once it has ended, and polling stops.

    Parameters
    ----------
    job_id : str
    page : str
        First half of the widgets' keys.
    """
    st.fragment(_draw, run_every=POLL_SECONDS)(job_id, page)


def remember_job(job_id: str) -> None:
    """Note a job that this browser session filed, or whose address it opened."""
    own = st.session_state.setdefault(OWN_JOBS, [])
    if job_id not in own:
        own.append(job_id)


def show_own_jobs() -> None:
    """The session's jobs, newest first, with a link to each; no file name and no result stands in it."""
    jobs: list[Job] = []
    for job_id in st.session_state.get(OWN_JOBS, []):
        with suppress(UnknownNameError):  # removed after its time
            jobs.append(read_job(job_id))
    if not jobs:
        st.caption(tr("Nothing yet. A prediction, training or import that you start in this window appears here, "
                      "for you alone."))
        return
    for job in sorted(jobs, key=lambda job: job.created, reverse=True)[:SHOWN]:
        with st.container(horizontal=True, vertical_alignment="center"):
            colour, icon, word = STATES[job.state]
            st.markdown(f":{colour}-badge[:material/{icon}: {tr(word)}]", width="content")
            page, what = PLACES.get(job.kind, ("new_case.py", later("Prediction")))
            st.page_link(page, label=f"{tr(what)} {job.id[:8]}", query_params={"job": job.id})
            ago = duration(time.time() - job.created)
            st.caption(tr("{ago} ago, took {took}", ago=ago, took=_took(job)), width="content")
    st.caption(tr(
        "Only this window lists them. Whoever has the address of one can open it: bookmark it to come back."))


def _took(job: Job) -> str:
    return duration(job.finished - job.started) if job.started and job.finished else NOT_KNOWN


def _draw(job_id: str, page: str) -> None:
    with error_box():
        job = read_job(job_id)
        if job.is_finished:
            st.rerun()
        _draw_bar(job)
        if st.button(tr("Cancel"), key=f"{page}.cancel", icon=":material/cancel:"):
            cancel_job(job_id)
            st.toast(tr("Stopping at the next step."))


def _draw_bar(job: Job) -> None:
    if job.state == "queued":
        st.progress(0.0, text=tr("Waiting for the worker to take this up …"))
        return
    step = retell(job.step) if job.step else tr("Starting")
    share = min(1.0, job.done / job.total) if job.total else 0.0
    st.progress(share, text=escape(tr("{step}, {done:,} of {total:,}", step=step, done=job.done, total=job.total)
                                   if job.total else step))  # fmt: skip
    running = tr("Running for {time}", time=duration(time.time() - job.started)) if job.started else ""
    parts = [running, _time_left(job), retell(job.message)]
    st.caption(escape(tr(". ").join(part for part in parts if part)))


def _time_left(job: Job) -> str:
    """How long the present step will take at its speed so far; empty while too little is done to tell."""
    if job.step_seconds is None or not LEAST_DONE <= job.done < job.total:
        return ""
    return tr("About {time} left for this step",
              time=duration(job.step_seconds * (job.total - job.done) / job.done))
