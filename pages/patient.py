"""Patient page: what is predicted for one patient of a cohort, and how sure that is."""

from __future__ import annotations

import streamlit as st

from survdash import usecases
from survdash.ui import caching
from survdash.ui.error_box import error_box
from survdash.ui.picker import pick
from survdash.ui.prediction_view import show_prediction
from survdash.ui.selection import pick_cohort, pick_run

PAGE = "patient"

st.title("Patient")
with error_box():
    left, middle, right = st.columns(3)
    with left:
        cohort = pick_cohort(page=PAGE, drops=("case", "run"))
    with middle:
        run = pick_run(cohort, page=PAGE)
    analysis = caching.analysis(cohort.name, run.name)
    with right:
        case = pick("Patient", list(analysis.case_ids), page=PAGE, parameter="case", unknown="patient",
                    help="Type a part of the number to search.")
    prediction = usecases.stored_prediction(cohort.name, run.name, case)
    st.header(case, anchor=False)
    row = analysis.case_ids.tolist().index(case)
    ended = "died" if analysis.survival.event[row] else "alive when last seen,"
    outcome = f"{ended} {analysis.survival.time_months[row]:.1f} months after diagnosis"
    show_prediction(prediction, page=PAGE, curves=analysis.curves, model_title=run.title, outcome=outcome)
