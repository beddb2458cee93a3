"""One new patient's answer on the page: the prediction, the report to take along, and why."""

from __future__ import annotations

import streamlit as st

from survdash import usecases
from survdash.language import tr
from survdash.prediction import Prediction
from survdash.ui import caching
from survdash.ui.explanation_view import show_explanation
from survdash.ui.prediction_view import show_prediction
from survdash.ui.report_view import report_buttons


def show_answer(prediction: Prediction, explanation: usecases.Explanation | None, *, page: str) -> None:
    """Draw it, against the curves of the cohort that it was learnt from.

    Parameters
    ----------
    prediction : Prediction
    explanation : Explanation or None
        None where none was made, as for the patients of a table.
    page : str
        First half of the widgets' keys.
    """
    run = prediction.model.removeprefix(f"{prediction.cohort}-")
    titles = {entry.name: entry.title for entry in caching.runs(prediction.cohort)}
    curves = caching.analysis(prediction.cohort, run).curves
    show_prediction(prediction, page=page, curves=curves, model_title=titles.get(run, run))
    report_buttons(prediction, page=page, curves=curves, explanation=explanation)
    if explanation is not None:
        st.header(tr("Why"), anchor=False)
        show_explanation(explanation, page=page)
