"""Patient page: what is predicted for one patient of a cohort, how sure that is, and why."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from survdash import usecases
from survdash.errors import UnknownNameError
from survdash.jobs.queue import cancel_job, read_job
from survdash.language import tr
from survdash.ui import caching
from survdash.ui.error_box import error_box, show_error
from survdash.ui.job_view import show_progress
from survdash.ui.limits import show_limits
from survdash.ui.patient_view import SeenPatient, show_patient
from survdash.ui.picker import pick
from survdash.ui.prose import escape
from survdash.ui.selection import pick_cohort, pick_run
from survdash.ui.startup import wake_worker
from survdash.ui.untrained import need_model
from survdash.ui.upkeep_view import note_opened

PAGE = "patient"
ASKED = "patient.asked"


def explain(cohort: str, run: str, case: str) -> None:
    """Have the worker make the explanation: one patient of a session at a time, the one that is looked at."""
    asked: dict[tuple[str, str, str], str] = st.session_state.setdefault(ASKED, {})
    who = cohort, run, case
    for other in [key for key in asked if key != who]:
        with suppress(UnknownNameError):  # removed after its time
            cancel_job(asked[other])
        del asked[other]
    try:
        job = read_job(asked[who]) if who in asked else None
    except UnknownNameError:
        job = None
    if job is None:
        asked[who] = usecases.file_explanation(*who)
        job = read_job(asked[who])
    if job.is_finished:  # and yet nothing is stored
        show_error(job.message or tr("There is no explanation of this prediction."), job.hint)
        if st.button(tr("Explain this prediction"), key="patient.explain", icon=":material/psychology_alt:"):
            del asked[who]
            st.rerun()
        return
    wake_worker()
    st.caption(tr("Looking up which tissue and which genes weigh in this prediction; the answer above does not wait."))
    show_progress(job.id, page=PAGE)


def open_its_cohort() -> None:
    """The way on where no such patient is here: the figures of the cohort, and its list."""
    asked = st.query_params.get("cohort", "")
    if any(entry.name == asked for entry in caching.cohorts()):
        st.page_link("cohort.py", label=tr("Look at the cohort"), icon=":material/groups:",
                     query_params={"cohort": asked})  # fmt: skip


st.title(tr("Patient"), anchor=False)
with error_box(way_out=open_its_cohort):
    left, middle, right = st.columns(3)
    with left:
        cohort = pick_cohort(page=PAGE, drops=("case", "run"))
    need_model(cohort)
    with middle:
        run = pick_run(cohort, page=PAGE)
    analysis = caching.patients(cohort.name, run.name)
    with right:
        case = pick(tr("Patient"), list(analysis.case_ids), page=PAGE, parameter="case", unknown="patient",
                    help=tr("Type a part of the number to search."))
    prediction = caching.prediction(cohort.name, run.name, case)
    note_opened(cohort.name, case)
    st.header(escape(case), anchor=False)
    row = analysis.case_ids.tolist().index(case)
    months = analysis.survival.time_months[row]
    outcome = (tr("died {months:.1f} months after diagnosis", months=months) if analysis.survival.event[row]
               else tr("alive when last seen, {months:.1f} months after diagnosis", months=months))
    show_patient(
        SeenPatient(
            prediction=prediction, run=run.name, model_title=run.title, analysis=analysis, outcome=outcome,
            glance=caching.glance(cohort.name, run.name, case),
            explanation=usecases.stored_explanation(cohort.name, run.name, case),
            explain=lambda: explain(cohort.name, run.name, case),
            slides=lambda: caching.patient_slides(cohort.name, case),
        ),
        page=PAGE,
    )
    show_limits("patient")
