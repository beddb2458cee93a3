"""Patient page: what is predicted for one patient of a cohort, and how sure that is."""

from __future__ import annotations

import streamlit as st

from survdash import usecases
from survdash.jobs.queue import read_job
from survdash.ui import caching
from survdash.ui.error_box import error_box, show_error
from survdash.ui.explanation_view import show_explanation
from survdash.ui.job_view import show_progress
from survdash.ui.picker import pick
from survdash.ui.prediction_view import show_prediction
from survdash.ui.selection import pick_cohort, pick_run
from survdash.ui.startup import wake_worker

PAGE = "patient"
ASKED = "patient.asked"


def show_why(cohort: str, run: str, case: str) -> None:
    """The kept explanation; where there is none, the way to one: the worker makes it, for that takes the networks."""
    st.header("Why", anchor=False)
    stored = usecases.stored_explanation(cohort, run, case)
    if stored is not None:
        show_explanation(stored, page=PAGE)
        return
    asked = st.session_state.setdefault(ASKED, {})
    job = read_job(asked[cohort, run, case]) if (cohort, run, case) in asked else None
    if job is not None and not job.is_finished:
        wake_worker()
        show_progress(job.id, page=PAGE)
        return
    if job is not None and job.state == "failed":
        show_error(job.message, job.hint)
    st.markdown("Shares of slide and genes, the genes and the tissue behind them, and patients like this one.")
    if st.button("Explain this prediction", key="patient.explain", icon=":material/psychology_alt:"):
        asked[cohort, run, case] = usecases.file_explanation(cohort, run, case)
        wake_worker()
        st.rerun()


st.title("Patient")
with error_box():
    left, middle, right = st.columns(3)
    with left:
        cohort = pick_cohort(page=PAGE, drops=("case", "run"))
    with middle:
        run = pick_run(cohort, page=PAGE)
    analysis = caching.patients(cohort.name, run.name)
    with right:
        case = pick("Patient", list(analysis.case_ids), page=PAGE, parameter="case", unknown="patient",
                    help="Type a part of the number to search.")
    prediction = usecases.stored_prediction(cohort.name, run.name, case)
    st.header(case, anchor=False)
    row = analysis.case_ids.tolist().index(case)
    ended = "died" if analysis.survival.event[row] else "alive when last seen,"
    outcome = f"{ended} {analysis.survival.time_months[row]:.1f} months after diagnosis"
    show_prediction(prediction, page=PAGE, curves=analysis.curves, model_title=run.title, outcome=outcome)
    show_why(cohort.name, run.name, case)
