"""Cox's partial likelihood with its first two derivatives, in O(N log N), ties by Efron."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survdash.case import Survival


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskSets:
    """Who is at risk at each of T times of death within one stratum, as places in sorted orders.

    Parameters
    ----------
    rows : ndarray, shape (n,)
        Patients of the stratum, as rows of the cohort, by falling time.
    leaving : ndarray, shape (T,)
        How many of ``rows`` have t >= each time of death.
    entering : ndarray, shape (n,), or None
        The same patients by falling entry time.
    waiting : ndarray, shape (T,)
        How many of ``entering`` come in at or after each time of death, so are not yet at risk.
    dying : ndarray, shape (D,)
        Rows of those who die, by rising time.
    place : ndarray, shape (D,)
        Which of the T times each dies at.
    done : ndarray, shape (D,)
        Efron's share: j / d for the j-th (from 0) of d deaths at one time.
    times : ndarray, shape (T,)
    """

    rows: np.ndarray
    leaving: np.ndarray
    entering: np.ndarray | None
    waiting: np.ndarray
    dying: np.ndarray
    place: np.ndarray
    done: np.ndarray
    times: np.ndarray

    def sum_at_risk(self, values: np.ndarray) -> np.ndarray:
        """Sum of ``values`` (N, ...) over those at risk at each time of death; (T, ...)."""
        total = np.cumsum(values[self.rows], axis=0)[self.leaving - 1]
        if self.entering is None:
            return total
        late = np.cumsum(values[self.entering], axis=0)
        return total - np.concatenate([np.zeros((1, *late.shape[1:])), late])[self.waiting]

    def sum_dying(self, values: np.ndarray) -> np.ndarray:
        """Sum of ``values`` (N, ...) over those who die at each time of death; (T, ...)."""
        return np.add.reduceat(values[self.dying], np.searchsorted(self.place, np.arange(self.times.size)), axis=0)


def risk_sets(data: Survival, strata: np.ndarray, entry: np.ndarray | None) -> list[RiskSets]:
    """One ``RiskSets`` per stratum with a death.

    Parameters
    ----------
    data : Survival
        N patients.
    strata : ndarray, shape (N,)
        int, 0.. without gaps.
    entry : ndarray, shape (N,), or None
    """
    found = []
    for code in range(int(strata.max()) + 1):
        mine = np.flatnonzero(strata == code)
        died = mine[data.event[mine]]
        if died.size == 0:
            continue
        dying = died[np.argsort(data.time_months[died], kind="stable")]
        times, first, place, counts = np.unique(
            data.time_months[dying], return_index=True, return_inverse=True, return_counts=True
        )
        falling = mine[np.argsort(-data.time_months[mine], kind="stable")]
        entering, waiting = None, np.zeros(times.size, int)
        if entry is not None:
            entering = mine[np.argsort(-entry[mine], kind="stable")]
            waiting = np.searchsorted(-entry[entering], -times, side="right")
        found.append(
            RiskSets(
                rows=falling,
                leaving=np.searchsorted(-data.time_months[falling], -times, side="right"),
                entering=entering,
                waiting=waiting,
                dying=dying,
                place=place,
                done=(np.arange(dying.size) - first[place]) / counts[place],
                times=times,
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terms:
    """What each death adds to the likelihood, at one vector of coefficients.

    ``mean`` (D, P) and ``spread`` (D, P, P) are mean and covariance of the covariates over those at risk, weighted by
    their hazard; ``log_total`` (D,) the logarithm of the total hazard.
    """

    log_total: np.ndarray
    mean: np.ndarray
    spread: np.ndarray


def terms_at(sets: RiskSets, covariates: np.ndarray, beta: np.ndarray) -> Terms:
    """Each death's terms; covariates (N, P) should be centred, so that nothing cancels."""
    eta = covariates @ beta
    top = float(eta[sets.rows].max())
    weight = np.exp(eta - top)
    first = weight[:, None] * covariates
    second = first[:, :, None] * covariates[:, None, :]
    place, done = sets.place, sets.done

    def spread_ties(values: np.ndarray) -> np.ndarray:
        shape = (-1, *([1] * (values.ndim - 1)))
        return sets.sum_at_risk(values)[place] - done.reshape(shape) * sets.sum_dying(values)[place]

    total = spread_ties(weight)
    mean = spread_ties(first) / total[:, None]
    return Terms(
        log_total=np.log(total) + top,
        mean=mean,
        spread=spread_ties(second) / total[:, None, None] - mean[:, :, None] * mean[:, None, :],
    )


def derivatives(
    every: list[RiskSets], covariates: np.ndarray, beta: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log partial likelihood, score (P,) and information (P, P)."""
    value, score = 0.0, np.zeros(beta.size)
    information = np.zeros((beta.size, beta.size))
    for sets in every:
        terms = terms_at(sets, covariates, beta)
        value += float((covariates[sets.dying] @ beta).sum() - terms.log_total.sum())
        score += covariates[sets.dying].sum(axis=0) - terms.mean.sum(axis=0)
        information += terms.spread.sum(axis=0)
    return value, score, information
