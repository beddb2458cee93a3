"""Bring predicted survival to what happened: one Cox model of what a fold model says, fitted on patients it never saw.

A model that is right about who dies first can still be wrong about how many (recalibration of a Cox model as by van
Houwelingen 2000, its slope and baseline). Of a closed fit the map is fitted on training patients whom inner folds held
out, so that nothing of it knows the patients it is judged on (``loop``); the weights of paths and network make their
curve in the same way (``blending``). Of a network alone it is fitted on the out-of-fold predictions of the other folds
(cross-fitting, ``crossval``): the patients of a fold take no part in the map that is judged on them, but the networks
behind these predictions have seen them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.nets.baselines.cox_ridge import breslow, curve_of_risk

HORIZON = 36  # months; where the model's own answer is read
EDGE = 1e-9  # probabilities are kept this far from 0 and 1 where their logarithm is taken
FEWEST_EVENTS = 20  # below, two numbers and a baseline would be a few patients' luck
FOLLOWED = 10  # nothing is said of months to which fewer patients were followed
FOLLOWED_SHARE = 0.05  # in a small cohort that many of them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recalibration:
    """Survival = exp(-hazard(t) * exp(slope * (x - centre))), x = log(-log(what the model says of ``horizon``)).

    Parameters
    ----------
    horizon, slope, centre : ndarray, shape ()
        The slope is not below 0: no worse answer becomes a better curve.
    months, hazard : ndarray, shape (T,)
        Cumulative hazard, stepping up at each death time.
    """

    horizon: np.ndarray
    slope: np.ndarray
    centre: np.ndarray
    months: np.ndarray
    hazard: np.ndarray

    def curves(self, alive: np.ndarray, months: np.ndarray) -> np.ndarray:
        """Survival at (K,) months of cases of whom the model says (..., N) are alive at ``horizon``: (..., N, K)."""
        step = np.searchsorted(self.months, months, side="right")
        cumulative = np.concatenate([[0.0], self.hazard])[step]
        relative = np.exp(self.slope * (log_hazard(alive) - self.centre))
        result: np.ndarray = np.exp(-relative[..., None] * cumulative)
        return result


def log_hazard(alive: np.ndarray) -> np.ndarray:
    """log(-log(S)) of probabilities to be alive, kept finite."""
    result: np.ndarray = np.log(-np.log(np.clip(alive, EDGE, 1 - EDGE)))
    return result


def fit_recalibration(alive: np.ndarray, survival: Survival, *, horizon: float) -> Recalibration | None:
    """The map, of N patients who were predicted by models that never saw them; None with fewer than 20 deaths.

    Parameters
    ----------
    alive : ndarray, shape (N,)
        Predicted chance to be alive at ``horizon``.
    survival : Survival
        What became of the same patients.
    horizon : float
        Months.
    """
    if survival.event.sum() < FEWEST_EVENTS:
        return None
    said = log_hazard(alive)
    centre = said.mean()
    try:
        fitted = curve_of_risk(said - centre, survival)
        slope, months, hazard = fitted.coefficients[0], fitted.baseline_months, fitted.baseline_hazard
    except NotEnoughDataError:  # one answer for all: only the level can be mended
        slope = np.float64(0.0)
        months, hazard = breslow(np.zeros(said.size), survival.time_months, survival.event)
    return Recalibration(
        horizon=np.asarray(horizon, float), slope=np.asarray(slope), centre=np.asarray(centre), months=months,
        hazard=hazard,
    )


def last_month(survival: Survival) -> int:
    """The last month to which so many patients were followed that something can be said of it."""
    need = min(FOLLOWED, max(1, int(np.ceil(FOLLOWED_SHARE * survival.size))))
    return int(np.floor(np.sort(survival.time_months)[-need]))
