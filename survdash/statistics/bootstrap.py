"""How sure is a c-index, and is one model better than another? Patients are drawn anew, models are not refitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from survdash.errors import InputError
from survdash.statistics.censoring import censoring_of_draws
from survdash.statistics.concordance import check_tau, count_by_patient, uno_weights
from survdash.statistics.holm import holm
from survdash.statistics.inputs import check_risk, check_survival
from survdash.statistics.pair_draws import Part, draw_indices, make_parts, weigh
from survdash.statistics.resampling import check_draws, multiplicities, percentile_limits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairedDifference:
    """c-index of a less that of b on the same patients, with an interval and a two-sided p-value."""

    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MethodPair:
    """``first`` less ``second``; ``p_holm`` is corrected for all pairs of the table.

    ``better`` names the one whose c-index is higher where the interval excludes 0, else is "".
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p_value: float
    p_holm: float
    better: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """K methods on the same patients.

    Parameters
    ----------
    names : tuple of str
    values, low, high : ndarray, shape (K,)
        c-index of each with its interval.
    pairs : tuple of MethodPair
        All pairs in the names' order, or those with the reference.
    resamples : int
        Draws behind intervals and p-values; 0 where the normal approximation was used.
    """

    names: tuple[str, ...]
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    pairs: tuple[MethodPair, ...]
    resamples: int


def concordance_interval(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    fold: ArrayLike | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """Harrell's c with a percentile bootstrap interval.

    Parameters
    ----------
    risk, time, event : array_like, shape (N,)
    fold : array_like, shape (N,), optional
        If given, the statistic is the mean over folds of the c-index within each: risks of different folds come from
        different models, and are not compared.
    resamples : int, optional
    seed : int, optional
    level : float, optional

    Returns
    -------
    value, low, high : float

    Raises
    ------
    ClinicalError
        If an array is impossible.
    NotEnoughDataError
        If no pair can be compared, in any one of the folds where folds are given.

    Notes
    -----
    Patients are drawn with replacement (within folds). One drawn twice counts twice but is not compared with herself.
    Draws without a comparable pair are left out. Where deaths times patients of a fold exceed four million, nothing is
    drawn: the interval is then the normal one of the infinitesimal jackknife, in O(N log N).
    """
    check_draws(resamples, level, seed)
    data = check_survival(time, event)
    parts = make_parts([check_risk(risk, data.size)], data, fold)
    found = _gather(parts, resamples=resamples, seed=seed)
    low, high, _ = found.test(np.ones(1), level)
    return float(found.values[0]), low, high


def concordance_draws(
    risks: Sequence[ArrayLike],
    time: ArrayLike,
    event: ArrayLike,
    fold: ArrayLike | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Harrell's c of several risks of the same patients, and the same in each bootstrap draw of these patients.

    For intervals of whatever is computed of several c-indices, as a difference, or a ratio of differences.

    Parameters
    ----------
    risks : sequence of array_like, shape (N,)
        K of them, at least one.
    time, event, fold, resamples, seed
        As in ``concordance_interval``, which also says how patients are drawn.

    Returns
    -------
    values : ndarray, shape (K,)
    draws : ndarray, shape (K, resamples)
        Draw b has the same patients for every risk; nan without a comparable pair.

    Raises
    ------
    ClinicalError
        If an array is impossible.
    NotEnoughDataError
        If no pair can be compared, in any one of the folds where folds are given.
    """
    if not risks:
        raise InputError("0 risks are too few to draw.", hint="Give at least one.")
    check_draws(resamples, 0.95, seed)
    data = check_survival(time, event)
    parts = make_parts([check_risk(risk, data.size) for risk in risks], data, fold)
    return np.mean([part.values() for part in parts], axis=0), draw_indices(parts, resamples=resamples, seed=seed)


def uno_interval(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    tau: float | None = None,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """Uno's c with a percentile bootstrap interval, censoring estimated in the same patients, anew in each draw.

    Parameters
    ----------
    risk, time, event, resamples, seed, level
        As for ``concordance_interval``.
    tau : float, optional
        Deaths at or beyond it are left out.

    Returns
    -------
    value, low, high : float

    Raises
    ------
    ClinicalError, InputError
        If an argument is impossible.
    NotEnoughDataError
        If no pair can be compared before ``tau``, or everybody is censored by one of these deaths.

    Notes
    -----
    Draws in which nobody is followed beyond one of the deaths are left out. Above four million pairs nothing is drawn,
    and the interval is the normal one of the infinitesimal jackknife with the censoring taken as known.
    """
    check_draws(resamples, level, seed)
    unsorted = check_survival(time, event)
    order = np.argsort(unsorted.time_months, kind="stable")
    data = unsorted.take(order)
    values = check_risk(risk, data.size)[order]
    counted = count_by_patient(values, data, weight=uno_weights(data, data, tau))
    part = make_parts([values], data, None)[0]
    if part.is_large:
        half = float(ndtri((1 + level) / 2)) * float(np.sqrt((counted.influence**2).sum()))
        return counted.value, counted.value - half, counted.value + half
    credits, used = part.credits(), data.time_months[part.deaths] < check_tau(tau)
    draws = []
    for counts in multiplicities(data.size, np.random.default_rng(seed), resamples=resamples, width=4):
        seen = censoring_of_draws(data, counts)[1][:, part.deaths]
        of_deaths = counts[:, part.deaths] * used
        hopeless = ((seen <= 0) & (of_deaths > 0)).any(axis=1)
        weights = np.where(of_deaths > 0, of_deaths / np.where(seen > 0, seen, 1.0) ** 2, 0.0)
        draws.append(np.where(hopeless, np.nan, weigh(credits, weights, counts)[0]))
    return counted.value, *percentile_limits(np.concatenate(draws), level)


def compare_methods(
    risks: Mapping[str, ArrayLike],
    time: ArrayLike,
    event: ArrayLike,
    fold: ArrayLike | None = None,
    *,
    reference: str | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Comparison:
    """c-index of every method, and the difference of every two, from the same draws of patients.

    Parameters
    ----------
    risks : mapping of str to array_like, shape (N,)
        At least two.
    time, event : array_like, shape (N,)
    fold : array_like, shape (N,), optional
        As in ``concordance_interval``.
    reference : str, optional
        Compare with this method only: fewer tests, so a milder correction.
    resamples, seed, level
        As in ``concordance_interval``.

    Returns
    -------
    Comparison

    Raises
    ------
    ClinicalError
        If an array is impossible.
    InputError
        If there are fewer than two methods, or the reference is none of them.
    NotEnoughDataError
        If no pair can be compared, in any one of the folds where folds are given.

    Notes
    -----
    As ``compare_paired``; Holm's correction over all pairs of the table.
    """
    check_draws(resamples, level, seed)
    names = tuple(risks)
    if len(names) < 2 or (reference is not None and reference not in names):
        raise InputError("A comparison needs at least two methods, and a reference among them.")
    data = check_survival(time, event)
    parts = make_parts([check_risk(risk, data.size) for risk in risks.values()], data, fold)
    found = _gather(parts, resamples=resamples, seed=seed)
    limits = np.array([found.test(_one_hot(k, len(names)), level)[:2] for k in range(len(names))])
    places = [(a, b) for a, b in combinations(range(len(names)), 2) if reference in (None, names[a], names[b])]
    tested = [found.difference(a, b, level) for a, b in places]
    corrected = holm([one.p_value for one in tested])
    pairs = []
    for (a, b), one, p in zip(places, tested, corrected.tolist(), strict=True):
        better = names[a] if one.low > 0 else names[b] if one.high < 0 else ""
        pairs.append(
            MethodPair(
                first=names[a], second=names[b], difference=one.difference, low=one.low, high=one.high,
                p_value=one.p_value, p_holm=p, better=better,
            )
        )  # fmt: skip
    return Comparison(
        names=names, values=found.values, low=limits[:, 0], high=limits[:, 1], pairs=tuple(pairs),
        resamples=0 if found.draws is None else resamples,
    )  # fmt: skip


def compare_paired(
    risk_a: ArrayLike,
    risk_b: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    fold: ArrayLike | None = None,
    *,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> PairedDifference:
    """Whether the c-index of a is higher than that of b, on the same patients in the same folds.

    Parameters
    ----------
    risk_a, risk_b, time, event : array_like, shape (N,)
    fold, resamples, seed, level
        As in ``concordance_interval``.

    Returns
    -------
    PairedDifference
        p-value: twice the smaller share of draws on either side of zero, the data counted as one draw; so never 0, and
        1 for equal risks. Above four million pairs nothing is drawn, and p-value and interval are the normal ones of
        the infinitesimal jackknife.

    Raises
    ------
    ClinicalError
        If an array is impossible.
    NotEnoughDataError
        If no pair can be compared, in any one of the folds where folds are given.
    """
    check_draws(resamples, level, seed)
    data = check_survival(time, event)
    parts = make_parts([check_risk(risk_a, data.size), check_risk(risk_b, data.size)], data, fold)
    return _gather(parts, resamples=resamples, seed=seed).difference(0, 1, level)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Evidence:
    """c-index of K risks (mean over parts), and how they vary together: by draws, or by influences where n is large."""

    values: np.ndarray  # (K,)
    draws: np.ndarray | None  # (K, resamples)
    influences: tuple[np.ndarray, ...]  # one (K, n) per part, where nothing was drawn

    def test(self, contrast: np.ndarray, level: float) -> tuple[float, float, float]:
        """Interval of a weighted sum of the c-indices, and its p-value against zero."""
        if self.draws is None:
            centre = float(contrast @ self.values)
            variance = sum(float(((contrast @ part) ** 2).sum()) for part in self.influences)
            std_err = float(np.sqrt(variance)) / len(self.influences)
            half = float(ndtri((1 + level) / 2)) * std_err
            p = float(2 * ndtr(-abs(centre) / std_err)) if std_err > 0 else float(centre == 0)
            return centre - half, centre + half, p
        gaps = contrast @ self.draws
        gaps = gaps[np.isfinite(gaps)]
        # Two c-indices that are equal may differ in the last digit after the means over folds.
        below, above = int((gaps <= 1e-12).sum()), int((gaps >= -1e-12).sum())
        return *percentile_limits(gaps, level), min(1.0, 2 * (1 + min(below, above)) / (gaps.size + 1))

    def difference(self, a: int, b: int, level: float) -> PairedDifference:
        """c-index of risk a less that of risk b."""
        low, high, p = self.test(_one_hot(a, self.values.size) - _one_hot(b, self.values.size), level)
        gap = float(self.values[a] - self.values[b])
        return PairedDifference(difference=gap, low=low, high=high, p_value=p)


def _gather(parts: Sequence[Part], *, resamples: int, seed: int) -> _Evidence:
    values = np.mean([part.values() for part in parts], axis=0)
    if any(part.is_large for part in parts):
        return _Evidence(values=values, draws=None, influences=tuple(part.influence() for part in parts))
    return _Evidence(values=values, draws=draw_indices(parts, resamples=resamples, seed=seed), influences=())


def _one_hot(place: int, size: int) -> np.ndarray:
    return (np.arange(size) == place).astype(float)
