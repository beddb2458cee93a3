"""Ridge Cox regression on genes, mean slide features, or both (Cox 1972; Breslow baseline; scikit-survival)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.nets.baselines.fitted import Blocks, TrainingSet

CURVE_PENALTY = 1e-3  # next to none, on one feature


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
    """Fit by scikit-survival's Newton iterations in the space of the principal components.

    The rotation keeps the ridge solution and makes the fit cost N instead of P dimensions.

    Parameters
    ----------
    features : ndarray, shape (N, P)
        Standardised on these patients.
    time_months, event : ndarray, shape (N,)
    penalty : float
        Ridge penalty, scikit-survival's ``alpha``, on features of unit total variance per modality.

    Raises
    ------
    NotEnoughDataError
        If nobody died, or no feature differs between the patients.
    """
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    if not event.any():
        raise NotEnoughDataError(f"No death among {event.size} patients: no Cox model can be fitted.")
    _, singular, axes = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)
    axes = axes[singular > 1e-8 * singular[0]].T
    if not axes.size:
        raise NotEnoughDataError(f"All {event.size} training patients are alike in what the Cox model looks at.")
    outcome = np.array(list(zip(event, time_months, strict=True)), dtype=[("event", bool), ("time", float)])
    fitted = CoxPHSurvivalAnalysis(alpha=penalty, ties="breslow", n_iter=200).fit(features @ axes, outcome)
    coefficients = axes @ fitted.coef_
    months, hazard = breslow(features @ coefficients, time_months, event)
    return LinearCox(coefficients=coefficients, baseline_months=months, baseline_hazard=hazard)


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
