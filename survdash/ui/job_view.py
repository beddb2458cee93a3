"""Jobs: one while it runs, the visitor's own as a list (``job_memory`` says which these are)."""

from __future__ import annotations

import time
from typing import NoReturn

import streamlit as st

from survdash.jobs.queue import Job, cancel_job, read_job
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.settings import settings
from survdash.ui.error_box import error_box
from survdash.ui.job_memory import jobs_of_visitor, remember_job
from survdash.ui.prose import NOT_KNOWN, duration, escape
from survdash.ui.sign_in import has_login, is_alone
from survdash.ui.startup import wake_worker
from survdash.usecases import AUDIT, BATCH, FETCHING, IMPORT, PREDICTION, TRAINING, UNPACK

POLL_SECONDS = 1.0
LIST_SECONDS = 5.0
SHOWN, MOST_LISTED = 8, 50
LEAST_DONE = 2  # units of work after which the time left can be told
STATES = {  # colour, icon, word
    "queued": ("gray", "schedule", later("waiting")),
    "running": ("blue", "play_arrow", later("running")),
    "done": ("green", "check", later("done")),
    "failed": ("red", "error", later("failed")),
    "cancelled": ("gray", "cancel", later("cancelled")),
}
PLACES = {  # page on which a kind of job is shown, and what it is called; other kinds are no visitor's business
    PREDICTION: ("new_case.py", later("Prediction")), BATCH: ("new_case.py", later("Predictions by a table")),
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


def show_job_next(job_id: str) -> None:
    """Have the next run of the page show a job that was just handed in: its number is the address from here on."""
    remember_job(job_id)
    wake_worker()
    st.query_params.from_dict({"job": job_id})


def go_to_job(job_id: str) -> NoReturn:
    """Show a job that was just handed in, at once."""
    show_job_next(job_id)
    st.rerun()


def show_own_jobs(*, page: str) -> None:
    """The visitor's jobs, newest first: state, time, a link, a way to stop; no file name and no result stands in it."""
    busy = any(not job.is_finished for job in _listed())
    st.fragment(_show_list, run_every=LIST_SECONDS if busy else None)(page)


def _listed() -> list[Job]:
    return jobs_of_visitor(kinds=PLACES, most=MOST_LISTED)


def _show_list(page: str) -> None:
    with error_box():
        jobs = _listed()
        if not jobs:
            st.caption(tr("Nothing yet. A prediction, training or import that you start appears here."))
            return
        for job in jobs[:SHOWN]:
            _show_line(job, page=page)
        if jobs[SHOWN:]:
            with st.expander(tr("{count} older ones", count=len(jobs) - SHOWN)):
                for job in jobs[SHOWN:]:
                    _show_line(job, page=page)
        st.caption(_who_lists() + " " + tr("They are kept for {hours:g} hours after their end.",
                                            hours=settings().keep_upload_hours))  # fmt: skip


def _who_lists() -> str:
    if has_login():
        return tr("Listed for you wherever you sign in.")
    if is_alone():
        return tr("All of this server, which answers this machine alone.")
    return tr("This browser alone lists them. Whoever has the address of one can open it.")


def _show_line(job: Job, *, page: str) -> None:
    where, what = PLACES[job.kind]
    colour, icon, word = STATES[job.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":{colour}-badge[:material/{icon}: {tr(word)}]", width="content")
        st.page_link(where, label=f"{tr(what)} {job.id[:8]}", query_params={"job": job.id})
        st.caption(_told(job), width="content")
        if not job.is_finished and st.button(
            tr("Cancel"), key=f"{page}.cancel_{job.id}", icon=":material/cancel:", type="tertiary",
            help=tr("Stop {what} {number}", what=tr(what), number=job.id[:8]),
        ):
            cancel_job(job.id)
            st.toast(tr("Stopping at the next step."))


def _told(job: Job) -> str:
    """When it was filed, and how far it is or how it ended."""
    words = [tr("{ago} ago", ago=duration(time.time() - job.created))]
    if job.state == "running" and job.step:
        step = retell(job.step)
        words.append(tr("{step}, {done:,} of {total:,}", step=step, done=job.done, total=job.total)
                     if job.total else step)  # fmt: skip
    elif job.is_finished and job.started:
        words.append(tr("took {took}", took=_took(job)))
    if job.state == "failed":
        words.append(retell(job.message))
    return escape(tr(", ").join(words))


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
