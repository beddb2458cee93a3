"""The report of one patient: of a cohort's, by the model that never saw him or her, or of a new case."""

from __future__ import annotations

from collections.abc import Mapping

from survdash.explanation.record import Explanation
from survdash.prediction import Prediction
from survdash.report.facts import ReportFacts, report_facts
from survdash.statistics.kaplan_meier import KaplanMeier
from survdash.usecases.analysis import analyse_cohort, stored_prediction
from survdash.usecases.explaining import stored_explanation
from survdash.usecases.library import open_facts, open_run, run_title


def patient_report(cohort: str, run: str, case_id: str, *, made_on: str = "") -> ReportFacts:
    """What stands on the report of a cohort's patient, with the explanation where one is kept.

    Parameters
    ----------
    cohort, run, case_id : str
    made_on : str, optional
        A date to print; without one, equal inputs give equal bytes.

    Raises
    ------
    UnknownNameError
        If there is no such cohort, run or patient.
    """
    prediction = stored_prediction(cohort, run, case_id)
    return case_report(prediction, explanation=stored_explanation(cohort, run, case_id), made_on=made_on,
                       outcome=outcome_words(cohort, case_id))  # fmt: skip


def case_report(
    prediction: Prediction, *, explanation: Explanation | None = None, curves: Mapping[str, KaplanMeier] | None = None,
    outcome: str = "", made_on: str = "",
) -> ReportFacts:  # fmt: skip
    """What stands on the report of a prediction that is at hand.

    Parameters
    ----------
    prediction : Prediction
    explanation : Explanation, optional
    curves : mapping, optional
        The cohort's "low" and "high" curves; computed where they are not given.
    outcome, made_on : str, optional
        As in ``survdash.report.report_facts``.

    Raises
    ------
    UnknownNameError
        If the model is gone.
    """
    cohort, card = prediction.cohort, open_run(prediction.cohort, prediction.model).card
    return report_facts(
        prediction, explanation=explanation, outcome=outcome, made_on=made_on, model_title=run_title(card),
        curves=analyse_cohort(cohort, card.run).curves if curves is None else curves,
    )


def outcome_words(cohort: str, case_id: str) -> str:
    """What happened to a patient of a cohort.

    Raises
    ------
    UnknownNameError
        If there is no such patient.
    """
    opened = open_facts(cohort)
    opened.slides_of(case_id)  # an unknown case is the cohort's to name
    patient = opened.patients.loc[case_id]
    ended = "died" if patient["event"] else "alive when last seen,"
    return f"{ended} {patient['time_months']:.1f} months after diagnosis"
