"""What pages show of a cohort under a model: computed from its patients, or as it came with survdash without them."""

from __future__ import annotations

from survdash.cohort import Cohort
from survdash.errors import ArtefactError
from survdash.usecases.aggregates import AggregateAnalysis, stored_analysis, stored_look
from survdash.usecases.analysis import CohortAnalysis, Cut, analyse_cohort
from survdash.usecases.closer_look import CloserLook, look_closer
from survdash.usecases.library import describe_cohort, open_facts, open_run
from survdash.usecases.outcomes import MAIN, outcome_names


def cohort_figures(
    cohort: str, run: str, *, cut: Cut = "maxstat", value: float | None = None, endpoint: str = MAIN
) -> CohortAnalysis | AggregateAnalysis:
    """How a model's risks part a cohort; without patients in it where these, or their predictions, are not here.

    Raises
    ------
    UnknownNameError
        If there is no such cohort or run.
    NotEnoughDataError
        If the patients are not here, and nothing is stored of this cut.
    """
    artefact = open_run(cohort, run)
    if artefact.has_predictions:
        return analyse_cohort(cohort, run, cut=cut, value=value, endpoint=endpoint)
    return stored_analysis(artefact, cut=cut)


def endpoints_of(cohort: str) -> tuple[str, ...]:
    """The outcomes that a cohort holds, the main one first; that alone where its patients are not here."""
    here = describe_cohort(cohort)
    return outcome_names(here) if isinstance(here, Cohort) else (MAIN,)


def need_patients(analysis: CohortAnalysis | AggregateAnalysis) -> CohortAnalysis:
    """The analysis, if it has its patients.

    Raises
    ------
    UnknownNameError, ArtefactError
        If they, or their predictions, are not here.
    """
    if isinstance(analysis, AggregateAnalysis):
        open_facts(analysis.cohort)
        open_run(analysis.cohort, analysis.run).predictions()
        raise ArtefactError(f"What is known of model {analysis.run} has just changed.", hint="Load the page again.")
    return analysis


def closer_figures(analysis: CohortAnalysis | AggregateAnalysis, *, cut: Cut = "maxstat") -> CloserLook:
    """What stands behind the same groups; raises as ``cohort_figures``."""
    if isinstance(analysis, CohortAnalysis):
        return look_closer(analysis)
    return stored_look(open_run(analysis.cohort, analysis.run), cut=cut)
