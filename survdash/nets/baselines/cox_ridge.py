"""Ridge Cox regression on genes, mean slide features, or both (Cox 1972, Breslow's ties and baseline)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.nets.baselines.fitted import Blocks, TrainingSet

CURVE_PENALTY = 1e-3  # next to none, on one feature
FLAT = 1e-8  # largest deviation from the mean that counts as none
# Coefficients are then known to this over the penalty: the loss bends at least as much as the penalty does.
GRADIENT = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearCox:
    """A fitted proportional-hazards model.

    Parameters
    ----------
    coefficients : ndarray, shape (P,)
        Log hazard ratio of each standardised feature.
    baseline_months, baseline_hazard : ndarray, shape (T,)
        Breslow's cumulative hazard at log hazard ratio 0, stepping up at each death time.
    """

    coefficients: np.ndarray
    baseline_months: np.ndarray
    baseline_hazard: np.ndarray

    @property
    def parameters(self) -> int:
        """Number of coefficients that are not zero."""
        return int(np.count_nonzero(self.coefficients))

    def risk(self, blocks: Blocks) -> np.ndarray:
        """Log hazard ratio of N cases: (N,), higher is worse."""
        result: np.ndarray = balance_blocks(list(blocks.values())) @ self.coefficients
        return result

    def survival(self, blocks: Blocks, months: np.ndarray) -> np.ndarray:
        """Probability to be alive at each of (K,) months: (N, K)."""
        step = np.searchsorted(self.baseline_months, months, side="right")
        cumulative = np.concatenate([[0.0], self.baseline_hazard])[step]
        result: np.ndarray = np.exp(-np.exp(self.risk(blocks))[:, None] * cumulative[None])
        return result

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The three arrays."""
        return asdict(self)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """What ``to_arrays`` came from."""
        return cls(**arrays)


def balance_blocks(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Put modalities side by side, each divided by the root of its width, so that none outweighs another."""
    return np.concatenate([block / np.sqrt(block.shape[1]) for block in blocks], axis=1)


def fit(training: TrainingSet) -> LinearCox:
    """Ridge Cox model of all blocks, balanced, with the penalty of the recipe."""
    outcome = training.survival
    return fit_cox_ridge(
        balance_blocks(list(training.blocks.values())), outcome.time_months, event=outcome.event,
        penalty=training.penalty,
    )


def fit_cox_ridge(features: np.ndarray, time_months: np.ndarray, *, event: np.ndarray, penalty: float) -> LinearCox:
    """Maximise the penalised partial likelihood by L-BFGS.

    Its steps stay in the span of the patients, so that thousands of features cost no more iterations than few, and
    each costs two products with the table; Newton's iterations of scikit-survival take ten to a hundred times as long.

    Parameters
    ----------
    features : ndarray, shape (N, P)
        Standardised on these patients.
    time_months, event : ndarray, shape (N,)
    penalty : float
        Half of it times the squared coefficients is taken off; scikit-survival's ``alpha``.

    Raises
    ------
    NotEnoughDataError
        If nobody died, or no feature differs between the patients.
    """
    from scipy.optimize import minimize

    if not event.any():
        raise NotEnoughDataError(f"No death among {event.size} patients: no Cox model can be fitted.")
    order = np.argsort(-time_months, kind="stable")
    rows, likelihood = features[order], PartialLikelihood.of(time_months[order], event[order])
    rows = rows - rows.mean(axis=0)
    if not rows.size or np.abs(rows).max() <= FLAT:
        raise NotEnoughDataError(f"All {event.size} training patients are alike in what the Cox model looks at.")

    def loss(coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = likelihood.at(rows @ coefficients)
        return penalty / 2 * coefficients @ coefficients - value, penalty * coefficients - slope @ rows

    found = minimize(
        loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B",
        options={"gtol": GRADIENT, "ftol": 0.0, "maxcor": 30, "maxiter": 2000, "maxfun": 4000},
    )
    coefficients: np.ndarray = found.x
    months, hazard = breslow(features @ coefficients, time_months, event)
    return LinearCox(coefficients=coefficients, baseline_months=months, baseline_hazard=hazard)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartialLikelihood:
    """Log partial likelihood of N patients in the order of falling time, with Breslow's rule for ties.

    Parameters
    ----------
    event : ndarray, shape (N,)
    last : ndarray, shape (D,)
        For each death the last patient, in that order, who was still at risk.
    """

    event: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, time_months: np.ndarray, event: np.ndarray) -> Self:
        """For patients whose times, (N,), fall."""
        return cls(event=event, last=np.searchsorted(-time_months, -time_months[event], side="right") - 1)

    def at(self, risk: np.ndarray) -> tuple[float, np.ndarray]:
        """Its value at log hazard ratios (N,), and its gradient by them, (N,)."""
        highest = risk.max()
        hazard = np.exp(risk - highest)
        total = np.cumsum(hazard)[self.last]
        share = np.bincount(self.last, weights=1.0 / total, minlength=risk.size)
        # A patient is at risk at every death whose last patient stands no earlier.
        expected = hazard * np.cumsum(share[::-1])[::-1]
        value = float(risk[self.event].sum() - (np.log(total) + highest).sum())
        return value, self.event - expected


def breslow(risk: np.ndarray, time_months: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct death times (T,) and Breslow's cumulative baseline hazard there, for log hazard ratios ``risk`` (N,)."""
    months, deaths = np.unique(time_months[event], return_counts=True)
    weight = np.exp(risk)
    at_risk = np.array([weight[time_months >= month].sum() for month in months])
    return months, np.cumsum(deaths / at_risk)


def curve_of_risk(risk: np.ndarray, survival: Survival) -> LinearCox:
    """Cox model of one risk (N,); its slope is not below 0, so that a higher risk is never a better curve."""
    fitted = fit_cox_ridge(risk[:, None], survival.time_months, event=survival.event, penalty=CURVE_PENALTY)
    slope = np.maximum(fitted.coefficients, 0.0)
    months, hazard = breslow(risk * slope, survival.time_months, survival.event)
    return LinearCox(coefficients=slope, baseline_months=months, baseline_hazard=hazard)
