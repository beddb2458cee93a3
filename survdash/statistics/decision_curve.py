"""Would acting on the predicted risk do more good than harm? Net benefit at a horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics.inputs import check_horizon, check_probabilities, check_survival, to_numbers
from survdash.statistics.kaplan_meier import kaplan_meier


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecisionCurve:
    """Net benefit, in true positives per patient, at T thresholds; all (T,).

    ``model`` treats those whose predicted risk is at or above the threshold, ``everybody`` treats all; treating nobody
    is 0. ``treated`` counts those at or above. ``model`` is nan where the treated were not followed to the horizon.
    """

    thresholds: np.ndarray
    model: np.ndarray
    everybody: np.ndarray
    treated: np.ndarray
    horizon: float


def decision_curve(
    predicted: ArrayLike, time: ArrayLike, event: ArrayLike, *, horizon: float, thresholds: ArrayLike | None = None
) -> DecisionCurve:
    """Net benefit of treating by predicted risk.

    Parameters
    ----------
    predicted : array_like, shape (N,)
        Chance of dying by the horizon.
    time, event : array_like, shape (N,)
    horizon : float
    thresholds : array_like, shape (T,), optional
        Risks from which one would treat, above 0 and below 1; 0.01 to 0.99 by default.

    Returns
    -------
    DecisionCurve

    Raises
    ------
    ClinicalError
        If an array is impossible.
    InputError
        If a prediction is no probability, or a threshold or the horizon impossible.
    NotEnoughDataError
        If nobody was followed to the horizon.

    Notes
    -----
    Of the share p treated, the Kaplan-Meier estimate among them tells how many die by the horizon: net benefit =
    p (1 - S) - p S w / (1 - w) at threshold w. Source: Vickers et al. (2008).
    """
    data, end = check_survival(time, event), check_horizon(horizon)
    risks = check_probabilities(predicted, (data.size,), name="predicted risks")
    asked = np.arange(1, 100) / 100 if thresholds is None else to_numbers(thresholds, name="thresholds")
    if asked.ndim != 1 or not ((asked > 0) & (asked < 1)).all():
        raise InputError("Thresholds must lie above 0 and below 1.", hint="Give for instance 0.1, 0.2, 0.3.")
    alive = float(kaplan_meier(data.time_months, data.event).at([end])[0][0])
    if np.isnan(alive):
        raise NotEnoughDataError(f"Nobody was followed to {end:g}.", hint="Choose an earlier horizon.")
    odds = asked / (1 - asked)
    model, treated = np.empty(asked.size), np.empty(asked.size, int)
    known: dict[int, float] = {}  # thresholds between the same two risks treat the same patients
    for row, threshold in enumerate(asked.tolist()):
        chosen = risks >= threshold
        count = int(chosen.sum())
        if count and count not in known:
            known[count] = float(kaplan_meier(data.time_months[chosen], data.event[chosen]).at([end])[0][0])
        share, survival = count / data.size, known.get(count, 1.0)
        treated[row] = count
        model[row] = share * (1 - survival) - share * survival * odds[row]
    return DecisionCurve(
        thresholds=asked, model=model, everybody=(1 - alive) - alive * odds, treated=treated, horizon=end
    )
