"""Further questions to risk groups: a steady cut, the worth of acting, a landmark, causes of death, another model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survdash.artefact import percentiles_of
from survdash.errors import NotEnoughDataError
from survdash.statistics.bootstrap import PairedDifference, compare_paired
from survdash.statistics.competing_risks import Incidence, cumulative_incidence
from survdash.statistics.cut_evidence import CutStability, cutpoint_stability
from survdash.statistics.decision_curve import DecisionCurve, decision_curve
from survdash.statistics.kaplan_meier import KaplanMeier, kaplan_meier
from survdash.statistics.landmark import landmark
from survdash.statistics.logrank import SMALLEST_GROUP, Logrank, logrank
from survdash.usecases.analysis import CohortAnalysis, matched_predictions
from survdash.usecases.library import open_facts, open_run
from survdash.usecases.outcomes import MAIN, causes_of_death

DRAWS = 200  # of the patients, for the steadiness of a cut; the limits are read to two digits
MOST_DRAWN = 2000  # patients; a search in more takes longer than a page may


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LandmarkLook:
    """The groups from a landmark on; ``test`` is None where a group is too small.

    ``kept``, ``died_before`` and ``censored_before`` count patients; times in ``curves`` are months from the landmark.
    """

    at: float
    kept: int
    died_before: int
    censored_before: int
    curves: dict[str, KaplanMeier]
    test: Logrank | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelPair:
    """Two runs over the N patients and folds that both predicted.

    Parameters
    ----------
    case_ids, event, first, second : ndarray, shape (N,)
        ``first`` and ``second`` are percentiles among these patients.
    difference : PairedDifference
        C-index of the first minus that of the second.
    agree : float
        Share of patients on the same side of the median of both.
    left_out : int
        Patients of the first whom the second did not predict.
    same_folds : bool
        Without, a difference in c may be one of the folds.
    """

    case_ids: np.ndarray
    event: np.ndarray
    first: np.ndarray
    second: np.ndarray
    difference: PairedDifference
    agree: float
    left_out: int
    same_folds: bool


def steadiness(analysis: CohortAnalysis) -> CutStability:
    """Where the best cut falls when the patients are drawn anew.

    Raises
    ------
    NotEnoughDataError
        If there is no cut to find, or the cohort is so large that searching takes too long.
    """
    if analysis.survival.size > MOST_DRAWN:
        raise NotEnoughDataError(
            f"Searching the cut anew {DRAWS} times takes too long for {analysis.survival.size:,} patients.",
            hint="In a cohort of this size a cut hardly moves; see the statistic over all cuts above.",
        )
    return cutpoint_stability(analysis.risk, analysis.survival.time_months, analysis.survival.event, resamples=DRAWS)


def decision(analysis: CohortAnalysis, *, horizon: int) -> DecisionCurve:
    """Net benefit of treating by the risk that the model predicts for a horizon.

    Raises
    ------
    NotEnoughDataError
        If the model has not learnt this outcome, says nothing of the horizon, or nobody was followed to it.
    """
    if analysis.outcome.name != MAIN:
        raise NotEnoughDataError(
            f"The model predicts overall survival, not {analysis.outcome.title.lower()}: its chances are of that.",
            hint="Choose overall survival above.",
        )
    table = open_run(analysis.cohort, analysis.run).predictions().set_index("case_id").loc[analysis.case_ids]
    curves = np.stack(table["survival"].to_list())
    if curves.shape[1] <= horizon:
        raise NotEnoughDataError(f"The model says nothing of {horizon} months.")
    survival = analysis.survival
    return decision_curve(1 - curves[:, horizon], survival.time_months, survival.event, horizon=horizon)


def from_landmark(analysis: CohortAnalysis, *, at: float) -> LandmarkLook:
    """The groups among those still followed at a landmark, counted from there.

    Raises
    ------
    NotEnoughDataError
        If nobody was followed beyond it.
    """
    found = landmark(analysis.survival.time_months, analysis.survival.event, at=at)
    time, event, group = found.survival.time_months, found.survival.event, analysis.group[found.kept]
    curves = {name: kaplan_meier(time[group == name], event[group == name]) for name in analysis.curves
              if (group == name).any()}  # fmt: skip
    test = None
    if len(curves) > 1 and min(curve.size for curve in curves.values()) >= SMALLEST_GROUP and event.any():
        test = logrank(time, event, group)
    return LandmarkLook(
        at=at, kept=int(found.kept.sum()), died_before=found.died_before, censored_before=found.censored_before,
        curves=curves, test=test,
    )


def causes(analysis: CohortAnalysis) -> dict[str, Incidence]:
    """Cumulative incidence of death of the cancer and of something else, by risk group.

    Raises
    ------
    NotEnoughDataError
        If the cohort does not say what patients died of.
    """
    told = causes_of_death(open_facts(analysis.cohort), analysis.case_ids)
    if told is None:
        raise NotEnoughDataError(
            "This cohort does not say what patients died of.",
            hint="Import it with disease-specific survival: columns survival_months_dss and censorship_dss, or "
            "DSS_MONTHS and DSS_STATUS.",
        )
    known, time, cause = told
    group = analysis.group[known]
    return {name: cumulative_incidence(time[group == name], cause[group == name]) for name in analysis.curves
            if (group == name).any()}  # fmt: skip


def model_pair(cohort: str, first: str, second: str) -> ModelPair:
    """Set two runs side by side, patient by patient.

    Raises
    ------
    UnknownNameError
        If there is no such cohort or run.
    NotEnoughDataError
        If no patient was predicted by both.
    """
    opened = open_facts(cohort)
    tables = [matched_predictions(opened, open_run(cohort, run))[0].set_index("case_id") for run in (first, second)]
    both = tables[0].index.intersection(tables[1].index).sort_values()
    if not len(both):
        raise NotEnoughDataError("No patient was predicted by both of these models.", hint="Choose another model.")
    one, other = (table.loc[both] for table in tables)
    patients = opened.patients.loc[both]
    risks = [table["risk"].to_numpy(float) for table in (one, other)]
    folds = one["fold"].to_numpy(int)
    ranks = [percentiles_of(risk) for risk in risks]
    return ModelPair(
        case_ids=both.to_numpy(), event=patients["event"].to_numpy(bool), first=ranks[0], second=ranks[1],
        difference=compare_paired(risks[0], risks[1], patients["time_months"], patients["event"], folds),
        agree=float(np.mean((ranks[0] > 50) == (ranks[1] > 50))), left_out=len(tables[0]) - len(both),
        same_folds=bool((folds == other["fold"].to_numpy(int)).all()),
    )  # fmt: skip
