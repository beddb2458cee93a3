"""One patient as a tumour board reads it: the answer first, then why, who was alike, what if, and what went in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from survdash import usecases
from survdash.errors import SurvdashError
from survdash.explanation.record import Explanation
from survdash.language import tr
from survdash.prediction import Prediction
from survdash.retelling import retell
from survdash.stamp import stamp
from survdash.ui import caching
from survdash.ui.error_box import error_box
from survdash.ui.explanation_view import Slides, heaviest_genes, show_explanation
from survdash.ui.inputs_view import show_downloads, show_inputs
from survdash.ui.like_view import show_like_patients
from survdash.ui.prediction_view import Analysis, show_prediction
from survdash.ui.prose import escape
from survdash.ui.what_if_view import show_what_if


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenPatient:
    """All that is shown of a patient of a cohort, or of a new case.

    Parameters
    ----------
    prediction : Prediction
    run, model_title : str
    analysis : CohortAnalysis or AggregateAnalysis
        Of the cohort that the patient is set among.
    glance : Glance or None
    explanation : Explanation or None
        None until the worker has made it.
    explain : callable or None
        Draws what stands in its place until then; None where nobody will make one.
    slides : callable
        Gives the slides of the case.
    outcome, job : str
        What happened to a patient of a cohort; the job of a new case.
    """

    prediction: Prediction
    run: str
    model_title: str
    analysis: Analysis
    glance: usecases.Glance | None
    explanation: Explanation | None
    explain: Callable[[], None] | None
    slides: Slides
    outcome: str = ""
    job: str = ""


def show_patient(seen: SeenPatient, *, page: str) -> None:
    """Draw everything, the answer first; a part that fails says so in its place and leaves the others standing."""
    prediction, explanation = seen.prediction, seen.explanation
    show_prediction(
        prediction, page=page, analysis=seen.analysis, glance=seen.glance, model_title=seen.model_title,
        outcome=seen.outcome,
    )  # fmt: skip
    if explanation is not None or seen.explain is not None:
        st.header(tr("Tissue and genes"), anchor=False)
    with error_box():
        if explanation is not None:
            show_explanation(explanation, page=page, slides=seen.slides, stamp=stamp(prediction.provenance))
        elif seen.explain is not None:
            seen.explain()
    if seen.glance is not None:
        st.header(tr("Patients like this one"), anchor=False)
        with error_box():
            show_like_patients(seen.glance.neighbours, prediction, page=page)
    if seen.job or prediction.of_cohort:
        st.header(tr("What if"), anchor=False)
        title = tr("Change genes or clinical facts, and see the curve move")
        with st.expander(title, icon=":material/tune:"), error_box():
            _show_what_if(seen, page=page)
    with st.expander(tr("Everything that went in"), icon=":material/fingerprint:"), error_box():
        show_inputs(prediction, model_title=seen.model_title)
    with error_box():
        show_downloads(
            prediction, page=page, curves=seen.analysis.curves, explanation=explanation, outcome=seen.outcome
        )


def _show_what_if(seen: SeenPatient, *, page: str) -> None:
    try:
        who = seen.prediction.cohort, seen.run, seen.prediction.case_id
        bounds = usecases.what_if_range(*who, job=seen.job) if seen.job else caching.what_if_range(*who)
    except SurvdashError as error:
        st.info(escape(f"{retell(error.message)} {retell(error.hint)}"))
        return
    genes = seen.explanation.genes if seen.explanation is not None else None
    first = [one.column for one in heaviest_genes(genes)] if genes is not None else []
    show_what_if(seen.prediction, run=seen.run, page=page, bounds=bounds, genes=first, job=seen.job)
