"""Does a cut that is chosen in the other folds divide the patients of a fold? A test that keeps its level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.statistics.cutpoint import logrank_scores, scan_cuts
from survdash.statistics.cutpoint_pvalues import moments
from survdash.statistics.inputs import check_labels, check_risk, check_survival
from survdash.statistics.resampling import check_draws, shuffled_rows

BLOCK = 8_000_000  # numbers held together


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOutTest:
    """Logrank statistic of groups that were cut by the other folds.

    Parameters
    ----------
    high : ndarray, shape (N,)
        bool, the groups; as ``held_out_groups``.
    statistic : float
        Logrank chi-square of low against high, over all folds.
    p_value : float
        Share of permutations with a statistic at least as large, the data counted as one.
    resamples : int
    """

    high: np.ndarray
    statistic: float
    p_value: float
    resamples: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fold:
    """The search in one fold's training patients; only which outcome belongs to which patient is permuted."""

    held: np.ndarray
    rest: np.ndarray  # by rising risk
    scores: np.ndarray  # (N,) of each outcome among the training outcomes, 0 for held-out ones
    sizes: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray


def held_out_test(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    fold: ArrayLike,
    *,
    minprop: float = 0.1,
    maxprop: float = 0.9,
    resamples: int = 999,
    seed: int = 0,
) -> HeldOutTest:
    """Cut each fold where the others say, and test the two groups by permutation.

    Parameters
    ----------
    risk, time, event : array_like, shape (N,)
    fold : array_like, shape (N,)
        Label of the fold in which each patient is held out; at least two.
    minprop, maxprop : float, optional
        Bounds of the low group's share in the training folds.
    resamples, seed : int, optional
        Permutations.

    Returns
    -------
    HeldOutTest

    Raises
    ------
    ClinicalError
        If an array is impossible.
    NotEnoughDataError
        If there is one fold only, or the patients outside a fold have no cutpoint.

    Notes
    -----
    The plain logrank p-value of such groups rejects about twice too often where the risk means nothing: any two
    training sets share most patients, so the cuts are nearly the one that suits everybody best, the held-out patients
    included. Permuting the outcomes within folds and searching anew each time gives the level back. Source: Simon et
    al. (2011), Briefings in Bioinformatics 12, 203-214.
    """
    check_draws(resamples, 0.95, seed)
    data = check_survival(time, event)
    values = check_risk(risk, data.size)
    labels, codes = check_labels(fold, data.size, name="fold")
    if labels.size < 2:
        raise NotEnoughDataError("A held-out cut needs at least two folds.")
    folds = [_prepare(values, data, codes == code, minprop=minprop, maxprop=maxprop) for code in range(labels.size)]
    generator = np.random.default_rng(seed)
    identity = np.arange(data.size)[None, :]
    high = _cut(values, folds, identity)
    statistic = float(_chi_squares(data, high, identity)[0])
    reached, per_block = 0, max(1, BLOCK // data.size)
    for start in range(0, resamples, per_block):
        drawn = np.tile(identity, (min(per_block, resamples - start), 1))
        for one in folds:
            drawn[:, one.held] = shuffled_rows(one.held, len(drawn), generator)
        found = _chi_squares(data, _cut(values, folds, drawn), drawn)
        reached += int((found >= statistic * (1 - 1e-12)).sum())
    return HeldOutTest(high=high[0], statistic=statistic, p_value=(1 + reached) / (resamples + 1), resamples=resamples)


def _prepare(values: np.ndarray, data: Survival, held: np.ndarray, *, minprop: float, maxprop: float) -> _Fold:
    rest = np.flatnonzero(~held)
    if not data.event[rest].any():
        raise NotEnoughDataError("No death among the patients outside a fold, so there is no cutpoint.")
    scores = np.zeros(data.size)
    scores[rest] = logrank_scores(data.take(rest))
    sizes = scan_cuts(values[rest], scores[rest], minprop=minprop, maxprop=maxprop).sizes
    mean, deviation = moments(scores[rest], sizes)
    return _Fold(
        held=np.flatnonzero(held), rest=rest[np.argsort(values[rest], kind="stable")], scores=scores, sizes=sizes,
        mean=mean, deviation=deviation,
    )  # fmt: skip


def _cut(values: np.ndarray, folds: list[_Fold], outcomes: np.ndarray) -> np.ndarray:
    """High or low (B, N) when patient i has outcome ``outcomes[b, i]``."""
    high = np.zeros(outcomes.shape, bool)
    for one in folds:
        sums = np.cumsum(one.scores[outcomes[:, one.rest]], axis=1)[:, one.sizes - 1]
        best = np.argmax(np.abs(sums - one.mean) / one.deviation, axis=1)
        cutpoints = values[one.rest[one.sizes[best] - 1]]
        high[:, one.held] = values[one.held] > cutpoints[:, None]
    return high


def _chi_squares(data: Survival, high: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Logrank statistic of each row; 0 where one group is empty."""
    group = np.empty(high.shape)
    np.put_along_axis(group, outcomes, high.astype(float), axis=1)  # by outcome
    order = np.argsort(data.time_months, kind="stable")
    group, died = group[:, order], data.event[order]
    times = np.unique(data.time_months[data.event])
    first = np.searchsorted(data.time_months[order], times, side="left")
    at_risk = data.size - first
    in_high = np.cumsum(group[:, ::-1], axis=1)[:, ::-1][:, first]
    place = np.searchsorted(times, data.time_months[order][died])
    deaths = np.bincount(place, minlength=times.size)
    share = in_high / at_risk
    gap = group[:, died].sum(axis=1) - (deaths * share).sum(axis=1)
    spread = deaths * (at_risk - deaths) / np.maximum(at_risk - 1, 1)
    variance = (spread * share * (1 - share)).sum(axis=1)
    return np.where(variance > 1e-12, gap**2 / np.where(variance > 1e-12, variance, 1.0), 0.0)
