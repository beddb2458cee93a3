"""One new patient's answer on the page, as a cohort's patient is shown: the answer first, then why and what went in."""

from __future__ import annotations

from survdash import usecases
from survdash.prediction import Prediction
from survdash.ui import caching
from survdash.ui.patient_view import SeenPatient, show_patient


def show_answer(
    prediction: Prediction, explanation: usecases.Explanation | None, *, page: str, job: str = ""
) -> None:
    """Draw it, set among the patients of the cohort that it was learnt from.

    Parameters
    ----------
    prediction : Prediction
    explanation : Explanation or None
        None where none was made, as for the patients of a table.
    page : str
        First half of the widgets' keys.
    job : str, optional
        Whose files are still to be asked: without it there is no slide to look at and no what-if.
    """
    run = prediction.model.removeprefix(f"{prediction.cohort}-")
    titles = {entry.name: entry.title for entry in caching.runs(prediction.cohort)}
    facts = prediction.provenance.get("slides")
    show_patient(
        SeenPatient(
            prediction=prediction, run=run, model_title=titles.get(run, run), job=job, explanation=explanation,
            analysis=caching.analysis(prediction.cohort, run), explain=None,
            glance=None if explanation is None else usecases.glance_of(explanation),
            slides=lambda: usecases.slides_of_job(job, facts) if job else (),
        ),
        page=page,
    )  # fmt: skip
