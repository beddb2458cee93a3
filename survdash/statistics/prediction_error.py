"""How far predicted survival lies from what happened: the Brier score, weighted for censoring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.errors import InputError
from survdash.statistics.censoring import estimate_censoring
from survdash.statistics.inputs import check_probabilities, check_survival, check_times
from survdash.statistics.kaplan_meier import kaplan_meier
from survdash.statistics.time_auc import need_both


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BrierScore:
    """Error at T times, and over them; lower is better.

    Parameters
    ----------
    times : ndarray, shape (T,)
    values : ndarray, shape (T,)
        Mean squared distance; 0 is perfect, 0.25 a coin.
    reference : ndarray, shape (T,)
        The same for everybody's Kaplan-Meier curve: what is reached without knowing anything of the patient.
    scaled : ndarray, shape (T,)
        1 - values / reference (index of prediction accuracy): above 0 the prediction helps.
    integrated, integrated_reference, integrated_scaled : float
        Over the span of the times, by trapezoids; nan for a single time.
    """

    times: np.ndarray
    values: np.ndarray
    reference: np.ndarray
    scaled: np.ndarray
    integrated: float
    integrated_reference: float
    integrated_scaled: float


def brier_score(survival: ArrayLike, time: ArrayLike, event: ArrayLike, *, times: ArrayLike) -> BrierScore:
    """Brier score of predicted survival, and its integral.

    Parameters
    ----------
    survival : array_like, shape (N, T)
        Predicted chance of living beyond each time.
    time, event : array_like, shape (N,)
    times : array_like, shape (T,)
        Rising; somebody must have died by the first and be followed beyond the last.

    Returns
    -------
    BrierScore

    Raises
    ------
    ClinicalError
        If an array is impossible.
    InputError
        If a prediction is no probability, or times do not rise.
    NotEnoughDataError
        If a time is too early or too late.

    Notes
    -----
    Deaths by t are weighted by 1 / G(T-), patients followed beyond it by 1 / G(t), G being the chance of not being
    censored, estimated in the same patients; as R's ``riskRegression::Score`` and ``pec``. scikit-survival takes G(T)
    for deaths, which differs only where a death and a censoring fall on one time. Source: Graf et al. (1999), Gerds and
    Schumacher (2006).
    """
    data, asked = check_survival(time, event), check_times(times)
    if asked.ndim != 1 or asked.size == 0 or (np.diff(asked) <= 0).any():
        raise InputError("The times of a Brier score must rise.", hint="Give for instance 12, 24, 36.")
    for t in (asked[0], asked[-1]):
        need_both(data, float(t))
    given = check_probabilities(survival, (data.size, asked.size), name="predicted survivals")
    weights = brier_weights(data.time_months, data.event, asked)
    alive = data.time_months[:, None] > asked
    values = (weights * (alive - given) ** 2).mean(axis=0)
    everybody = kaplan_meier(data.time_months, data.event).at(asked)[0]
    reference = (weights * (alive - everybody) ** 2).mean(axis=0)
    whole = [float("nan")] * 2
    if asked.size > 1:
        whole = [float(np.trapezoid(curve, asked) / np.ptp(asked)) for curve in (values, reference)]
    return BrierScore(
        times=asked, values=values, reference=reference, scaled=1 - values / reference, integrated=whole[0],
        integrated_reference=whole[1], integrated_scaled=1 - whole[0] / whole[1],
    )  # fmt: skip


def brier_weights(time: np.ndarray, event: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Weight of each patient at each time, (N, T): 0 for those censored before it."""
    censoring = estimate_censoring(check_survival(time, event))
    dead = event[:, None] & (time[:, None] <= times)
    beyond = np.where(time[:, None] > times, 1 / np.maximum(censoring.at(times), 1e-300), 0.0)
    return np.where(dead, 1 / censoring.before(time)[:, None], beyond)
