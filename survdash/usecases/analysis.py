"""A cohort under one model's out-of-fold risks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from survdash.access import require
from survdash.artefact import Artefact, percentiles_of
from survdash.case import Survival
from survdash.cohort import Cohort
from survdash.errors import ArtefactError, InputError, NotEnoughDataError
from survdash.export import Export, export_predictions, without_names
from survdash.prediction import LANDMARKS, Prediction
from survdash.prediction import stored_prediction as read_stored_prediction
from survdash.prediction import stored_predictions as read_stored_predictions
from survdash.statistics.bootstrap import concordance_interval
from survdash.statistics.cox import HazardRatio, hazard_ratio
from survdash.statistics.cutpoint import Maxstat, held_out_groups, maxstat, tertiles
from survdash.statistics.held_out import held_out_test
from survdash.statistics.kaplan_meier import KaplanMeier, kaplan_meier
from survdash.statistics.logrank import Logrank, logrank
from survdash.training.evaluation import held_out, informative
from survdash.usecases.kept import LARGE, kept
from survdash.usecases.library import open_facts, open_run
from survdash.usecases.outcomes import MAIN, Outcome, outcome_of

Cut = Literal["maxstat", "median", "tertiles", "value"]
GROUPS = (np.array(["all"], object), np.array(["low", "high"], object), np.array(["low", "medium", "high"], object))
OWN_CUT = ("A cut of your own was found in no fold, so nothing is held out and nothing corrected: the p-value holds "
           "only if the value was fixed before looking.")  # fmt: skip
DRAWS, DRAWS_OF_LARGE = 1000, 200
HELD_OUT_VERSION = CONCORDANCE_VERSION = 1  # of what is kept of them: higher when their results change
SMALLEST_GROUP = 10  # below this many patients in a group no p-value is given


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortAnalysis:
    """What a model's out-of-fold risks say of its cohort.

    Arrays hold the N patients that have a prediction and a known outcome, sorted by case id. ``group`` is "low",
    "high" and, between two cuts, "medium"; all "all", and ``cutpoints`` empty, where no cut exists; ``notes`` then says
    why. ``high`` is True above the last cut, ``cutpoint`` the only cut, None where there are two or none. ``maxstat``
    is None for another cut. ``naive`` is the logrank test of the groups, not corrected for a search; ``held_out_p`` the
    test of groups cut in other folds, for a searched cut by permutation (``held_out_test``), for median and tertiles by
    logrank, None for a value that somebody chose. ``hazard_ratio`` is of the highest against the lowest group.
    ``concordance`` is the mean over folds of Harrell's c with its 95 % interval.
    """

    cohort: str
    run: str
    cut: Cut
    outcome: Outcome
    survival: Survival
    case_ids: np.ndarray
    folds: np.ndarray
    risk: np.ndarray
    group: np.ndarray
    cutpoints: tuple[float, ...]
    curves: dict[str, KaplanMeier]
    naive: Logrank | None
    maxstat: Maxstat | None
    held_out_p: float | None
    hazard_ratio: HazardRatio | None
    concordance: tuple[float, float, float]
    risk_table: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def high(self) -> np.ndarray:
        """Above the last cut, (N,) bool."""
        return np.asarray(self.group == "high")

    @property
    def cases(self) -> int:
        """Patients with a prediction."""
        return self.survival.size

    @property
    def deaths(self) -> int:
        """How many of them died."""
        return int(self.survival.event.sum())

    @property
    def n_low(self) -> int:
        """Patients who are not in the high group."""
        return int((~self.high).sum())

    @property
    def n_high(self) -> int:
        """Patients in the high group."""
        return int(self.high.sum())

    @property
    def longest_months(self) -> float:
        """The longest follow-up."""
        return float(self.survival.time_months.max())

    @property
    def endpoint(self) -> str:
        """Name of the outcome."""
        return self.outcome.name

    @property
    def cutpoint(self) -> float | None:
        """The only cut."""
        return self.cutpoints[0] if len(self.cutpoints) == 1 else None


def analyse_cohort(
    cohort: str, run: str, *, cut: Cut = "maxstat", value: float | None = None, endpoint: str = MAIN
) -> CohortAnalysis:
    """Split a cohort by its out-of-fold risks and test the split.

    Parameters
    ----------
    cohort, run : str
    cut : {"maxstat", "median", "tertiles", "value"}
    value : float, optional
        The largest risk of the low group, for "value".
    endpoint : str, optional
        An outcome of the cohort; models have learnt the main one.

    Raises
    ------
    UnknownNameError
        If there is no such cohort, run or endpoint.
    InputError
        If a value is asked for and none is given.
    """
    opened, artefact = open_facts(cohort), open_run(cohort, run)
    table, _ = matched_predictions(opened, artefact)
    outcome = outcome_of(opened, endpoint, table["case_id"].to_numpy())
    table, survival = table[outcome.known], outcome.survival
    risk, folds = table["risk"].to_numpy(float), table["fold"].to_numpy(int)
    time, event = survival.time_months, survival.event
    scan, cuts, notes = _cuts(risk, survival, cut=cut, value=value)
    if lost := int((~outcome.known).sum()):
        notes += (f"{outcome.title} is not known of {lost:,} of {len(outcome.known):,} patients: they are left out.",)
    naive = held_out_p = ratio = None
    group = GROUPS[len(cuts)][(risk[:, None] > np.array(cuts)).sum(axis=1)]
    curves = {name: kaplan_meier(time[group == name], event[group == name]) for name in dict.fromkeys(GROUPS[len(cuts)])
              if (group == name).any()}  # fmt: skip
    if cuts:
        naive, held_out_p, ratio, more = _test(risk, survival, folds, group=group, cut=cut)
        notes += more
    judged = held_out(folds)
    concordance, alone = _concordance(risk[judged], survival.take(np.flatnonzero(judged)), folds[judged])
    if new := int((~judged).sum()):
        notes += (f"The C-index leaves out {new:,} patients who are new to the model: no fold held them out.",)
    if alone:
        notes += (f"The C-index leaves out {alone:,} patients, in folds where no two can be compared.",)
    return CohortAnalysis(
        cohort=cohort, run=artefact.card.run, cut=cut, outcome=outcome, survival=survival,
        case_ids=table["case_id"].to_numpy(), folds=folds, risk=risk, group=group, cutpoints=cuts, curves=curves,
        naive=naive, maxstat=scan, held_out_p=held_out_p, hazard_ratio=ratio,
        concordance=concordance,
        risk_table=_risk_table(opened, table, survival, group=group if cuts else None), notes=notes,
    )


def draws(patients: int) -> int:
    """Bootstrap draws behind an interval of c: fewer in a large cohort, whose page nobody should wait for.

    There the interval is narrow, and 200 draws place its limits well enough for the two digits that are shown.
    """
    return DRAWS if patients <= LARGE else DRAWS_OF_LARGE


def matched_predictions(cohort: Cohort, artefact: Artefact) -> tuple[pd.DataFrame, Survival]:
    """Stored predictions and the follow-up of the same patients in the same order.

    Raises
    ------
    ArtefactError
        If the model was trained on another state of the cohort.
    """
    if artefact.card.cohort_digest != cohort.digest:
        raise ArtefactError(
            f"Model {artefact.card.name} was trained on another state of cohort {cohort.name}.",
            hint=f"Train it again: python -m survdash crossval {cohort.name} --model {artefact.card.run}",
        )
    table = artefact.predictions()
    patients = cohort.patients.loc[table["case_id"]]
    return table, Survival(time_months=patients["time_months"].to_numpy(), event=patients["event"].to_numpy())


def _cuts(
    risk: np.ndarray, survival: Survival, *, cut: Cut, value: float | None
) -> tuple[Maxstat | None, tuple[float, ...], tuple[str, ...]]:
    """The search where there is one, the cuts, and why there are none."""
    if cut == "value":
        if value is None or not np.isfinite(value):
            raise InputError("A cut of one's own needs a number.", hint="Give the largest risk of the low group.")
        if not risk.min() <= value < risk.max():
            return None, (), (f"No patient lies {'below' if value < risk.min() else 'above'} this cut: the risks reach "
                              f"from {risk.min():.3g} to {risk.max():.3g}.",)  # fmt: skip
        return None, (float(value),), ()
    try:
        scan = maxstat(risk, survival.time_months, survival.event)
    except NotEnoughDataError as error:
        return None, (), (error.message,)
    if cut == "maxstat":
        return scan, (scan.cutpoint,), ()
    cuts = (float(np.median(risk)),) if cut == "median" else tuple(tertiles(risk).tolist())
    if len(set(cuts)) < len(cuts) or cuts[-1] >= risk.max():
        return None, (), (f"Too many patients have one risk: there are no {len(cuts) + 1} groups.",)
    return None, cuts, ()


def _test(
    risk: np.ndarray, survival: Survival, folds: np.ndarray, *, group: np.ndarray, cut: Cut
) -> tuple[Logrank | None, float | None, HazardRatio | None, tuple[str, ...]]:
    """Logrank of the groups, held-out p and hazard ratio; none of them for a group that is too small."""
    time, event = survival.time_months, survival.event
    if min(np.unique(group, return_counts=True)[1]) < SMALLEST_GROUP:
        return None, None, None, (f"A group has fewer than {SMALLEST_GROUP} patients: no p-value is given.",)
    outer = group != "medium"
    try:
        naive = logrank(time, event, group)
        ratio = hazard_ratio(time[outer], event[outer], group[outer] == "high")
    except NotEnoughDataError as error:
        return None, None, None, (f"No test and no hazard ratio: {error.message}",)
    if cut == "value":
        return naive, None, ratio, (OWN_CUT,)
    try:
        smallest, held_out_p = _held_out(risk, survival, folds, cut=cut)
    except NotEnoughDataError as error:
        return naive, None, ratio, (f"No held-out p-value: {error.message}",)
    if smallest < SMALLEST_GROUP:
        return naive, None, ratio, (f"Held out, a group has fewer than {SMALLEST_GROUP} patients: no p-value.",)
    return naive, held_out_p, ratio, ()


def _held_out(
    risk: np.ndarray, survival: Survival, folds: np.ndarray, *, cut: Literal["maxstat", "median", "tertiles"]
) -> tuple[int, float]:
    """Size of the smallest group that is cut by what the other folds say, and the p-value of their difference."""
    time, event = survival.time_months, survival.event
    if cut == "maxstat":
        def test() -> tuple[float, float]:
            found = held_out_test(risk, time, event, folds)
            return float(_smallest(found.high)), found.p_value

        smallest, p_value = kept("held out", HELD_OUT_VERSION, risk, time, event, folds, compute=test)
        return int(smallest), p_value
    apart = held_out_groups(risk, time, event, folds, cut=cut)
    return _smallest(apart), logrank(time, event, apart).p_value


def _smallest(groups: np.ndarray) -> int:
    return int(min(np.unique(groups, return_counts=True)[1], default=0))


def _concordance(
    risk: np.ndarray, survival: Survival, folds: np.ndarray
) -> tuple[tuple[float, float, float], int]:
    """Mean of the folds with its interval, and how many patients lie in folds that tell nothing of it."""
    def within(members: np.ndarray | slice) -> tuple[float, float, float]:
        given = risk[members], survival.time_months[members], survival.event[members], folds[members]
        value, low, high = kept(
            "concordance", CONCORDANCE_VERSION, *given,
            compute=lambda: concordance_interval(*given, resamples=draws(survival.size)),
        )  # fmt: skip
        return value, low, high

    try:
        return within(slice(None)), 0
    except NotEnoughDataError:
        if not (can_tell := informative(folds, survival)).any():
            raise
        return within(can_tell), int((~can_tell).sum())  # as in the evaluation of the model


def _risk_table(
    cohort: Cohort, table: pd.DataFrame, survival: Survival, *, group: np.ndarray | None
) -> pd.DataFrame:
    risk = table["risk"].to_numpy(float)
    patients = cohort.patients.loc[table["case_id"]]
    return pd.DataFrame({
        "case_id": table["case_id"].to_numpy(), "risk": risk, "percentile": percentiles_of(risk),
        "group": [None] * len(risk) if group is None else group,
        "time_months": survival.time_months, "event": survival.event,
        "age": patients["age"].to_numpy(), "sex": patients["sex"].to_numpy(), "stage": patients["stage"].to_numpy(),
        "fold": (table["fold"] + 1).where(table["fold"] >= 0).to_numpy(),  # NaN: judged by all folds
    })  # fmt: skip


def stored_prediction(cohort: str, run: str, case_id: str) -> Prediction:
    """Out-of-fold prediction of one patient; see ``survdash.prediction.stored_prediction``."""
    require("view", cohort)
    open_facts(cohort).slides_of(case_id)  # an unknown case is the cohort's to name
    return read_stored_prediction(open_run(cohort, run), case_id)


def export_cohort(cohort: str, run: str, *, with_ids: bool = False) -> Export:
    """Out-of-fold risks of all patients of a cohort as CSV with its provenance.

    Case ids that say who somebody is are replaced, unless ``with_ids`` keeps them; see ``without_names``.
    """
    opened, artefact = open_facts(cohort), open_run(cohort, run)
    matched_predictions(opened, artefact)
    predictions = read_stored_predictions(artefact)
    export = export_predictions(predictions if with_ids else without_names(predictions))
    return Export(csv=export.csv, provenance=dict(export.provenance) | {"sources": dict(opened.source)})


def export_prediction(prediction: Prediction) -> Export:
    """One case as CSV with its provenance."""
    return export_predictions(without_names([prediction]))


def prediction_to_json(prediction: Prediction) -> dict[str, object]:
    """Plain JSON of a prediction, complete: ``prediction_from_json`` gives the same bytes of CSV."""
    curves = {name: getattr(prediction, name).tolist() for name in ("months", "survival", "low", "high")}
    plain = {
        name: getattr(prediction, name)
        for name in ("case_id", "cohort", "model", "model_version", "role", "fold", "simulated", "risk", "percentile",
                     "group", "cutpoint", "provenance")
    }  # fmt: skip
    return plain | curves | {
        "modalities": list(prediction.modalities), "warnings": list(prediction.warnings),
        "landmarks": {str(month): prediction.at(month) for month in LANDMARKS},
    }


def prediction_from_json(values: dict[str, object]) -> Prediction:
    """The prediction that ``prediction_to_json`` wrote."""
    parts: dict[str, Any] = {name: value for name, value in values.items() if name not in ("landmarks", "explanation")}
    parts |= {name: np.asarray(parts[name], float) for name in ("months", "survival", "low", "high")}
    parts |= {name: tuple(parts[name]) for name in ("modalities", "warnings")}
    return Prediction(**parts)
