"""From a network's log hazard ratio to a survival curve: Breslow's baseline, fitted on the training fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survdash.case import Survival
from survdash.nets.baselines.cox_ridge import breslow


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Baseline:
    """What the training fold says of a patient of log hazard ratio 0.

    Parameters
    ----------
    centre : ndarray, shape ()
        Mean output over the training cases. The partial likelihood leaves it open; risks are told relative to it, so
        that those of different folds can be compared.
    months, hazard : ndarray, shape (T,)
        Cumulative hazard, stepping up at each death time.
    """

    centre: np.ndarray
    months: np.ndarray
    hazard: np.ndarray

    def risk(self, output: np.ndarray) -> np.ndarray:
        """Log hazard ratio to the average training case: higher is worse."""
        result: np.ndarray = output - self.centre
        return result

    def survival(self, output: np.ndarray, months: np.ndarray) -> np.ndarray:
        """Probability to be alive at each of (K,) months for outputs (..., N): (..., N, K)."""
        step = np.searchsorted(self.months, months, side="right")
        cumulative = np.concatenate([[0.0], self.hazard])[step]
        result: np.ndarray = np.exp(-np.exp(self.risk(output))[..., None] * cumulative)
        return result


def fit_baseline(output: np.ndarray, training: Survival) -> Baseline:
    """Breslow's cumulative hazard of the training cases, whose network outputs are (N,)."""
    centre = np.asarray(output.mean())
    months, hazard = breslow(output - centre, training.time_months, training.event)
    return Baseline(centre=centre, months=months, hazard=hazard)
