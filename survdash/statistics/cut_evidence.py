"""What a searched cutpoint is worth: its three p-values side by side, how steady it is, and two cuts at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics.cutpoint import Maxstat, logrank_scores, maxstat
from survdash.statistics.held_out import held_out_test
from survdash.statistics.inputs import check_risk, check_survival
from survdash.statistics.logrank import SMALLEST_GROUP, logrank
from survdash.statistics.resampling import check_draws, multiplicities, percentile_limits, shuffled_rows

MOST_CUTS = 80  # candidates of a search for two cuts; their pairs are tried, in every permutation
BLOCK = 4_000_000  # numbers held together


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutPValues:
    """One cut, three p-values; nan, with the reason in ``notes``, where one cannot be had.

    Parameters
    ----------
    cut : Maxstat
    naive : float
        Logrank test of the two groups as if the cut had been known beforehand: too small by construction.
    corrected : float
        The same data, allowing for the search (``Maxstat.p_exact_gauss``).
    held_out : float
        Test of groups cut by what the other folds say (``held_out_test``).
    held_out_high : ndarray, shape (N,), or None
        bool, those groups; None without folds.
    notes : tuple of str
    """

    cut: Maxstat
    naive: float
    corrected: float
    held_out: float
    held_out_high: np.ndarray | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutStability:
    """Where the cut falls when the patients are drawn anew.

    Parameters
    ----------
    cutpoint, low, high : float
        Of the data, and the percentile limits over the draws.
    cutpoints : ndarray, shape (B,)
        Of each draw that has one.
    agreement : ndarray, shape (N,)
        Share of draws in which the patient falls into the same group as in the data; in the data's order.
    failed : int
        Draws without a cutpoint.
    """

    cutpoint: float
    low: float
    high: float
    cutpoints: np.ndarray
    agreement: np.ndarray
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoCuts:
    """Three groups: low is ``risk <= cutpoints[0]``, high is ``risk > cutpoints[1]``.

    Parameters
    ----------
    cutpoints : tuple of float
    sizes : tuple of int
        Low, medium, high.
    statistic : float
        Largest permutation chi-square on two degrees over the pairs of candidates.
    naive : float
        Its p-value as if the cuts had been known beforehand.
    corrected : float
        Share of permutations with a largest chi-square at least as large, the data counted as one.
    candidates : int
        Single cuts whose pairs were tried.
    resamples : int
    """

    cutpoints: tuple[float, float]
    sizes: tuple[int, int, int]
    statistic: float
    naive: float
    corrected: float
    candidates: int
    resamples: int


def cut_p_values(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    fold: ArrayLike | None = None,
    *,
    minprop: float = 0.1,
    maxprop: float = 0.9,
    resamples: int = 999,
    seed: int = 0,
) -> CutPValues:
    """Search a cut, and test it in three ways.

    Parameters
    ----------
    risk, time, event : array_like, shape (N,)
    fold : array_like, shape (N,), optional
        Label of the fold in which each patient is held out; without it there is no held-out test.
    minprop, maxprop : float, optional
        Bounds of the low group's share.
    resamples, seed : int, optional
        Permutations behind ``held_out``.

    Returns
    -------
    CutPValues
        No logrank p-value where a group has fewer than ten patients.

    Raises
    ------
    ClinicalError
        If an array is impossible.
    NotEnoughDataError
        If the risk has no cutpoint, or nobody died.
    """
    data = check_survival(time, event)
    values = check_risk(risk, data.size)
    cut = maxstat(values, data.time_months, data.event, minprop=minprop, maxprop=maxprop)
    notes: list[str] = []

    def is_large_enough(high: np.ndarray, name: str) -> bool:
        smaller = int(min(high.sum(), (~high).sum()))
        if smaller < SMALLEST_GROUP:
            notes.append(f"no {name} p-value: a group has {smaller} patients, fewer than {SMALLEST_GROUP}")
        return smaller >= SMALLEST_GROUP

    held_out, high = float("nan"), None
    if fold is not None:
        try:
            held = held_out_test(
                values, data.time_months, data.event, fold, minprop=minprop, maxprop=maxprop,
                resamples=resamples, seed=seed,
            )  # fmt: skip
        except NotEnoughDataError as error:
            notes.append(f"no held-out p-value: {error.message}")
        else:
            high = held.high
            if is_large_enough(high, "held-out"):
                held_out = held.p_value
    naive, apart = float("nan"), values > cut.cutpoint
    if is_large_enough(apart, "naive"):
        try:
            naive = logrank(data.time_months, data.event, apart).p_value
        except NotEnoughDataError as error:
            notes.append(f"no naive p-value: {error.message}")
    return CutPValues(
        cut=cut,
        naive=naive,
        corrected=cut.p_exact_gauss,
        held_out=held_out,
        held_out_high=high,
        notes=tuple(notes),
    )


def cutpoint_stability(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    minprop: float = 0.1,
    maxprop: float = 0.9,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> CutStability:
    """Search the cut again in many draws of the patients.

    Parameters
    ----------
    risk, time, event : array_like, shape (N,)
    minprop, maxprop : float, optional
    resamples, seed, level
        As in ``concordance_interval``.

    Returns
    -------
    CutStability

    Raises
    ------
    ClinicalError
        If an array is impossible.
    NotEnoughDataError
        If the risk has no cutpoint, or nobody died.

    Notes
    -----
    A cutpoint converges slowly (with the cube root of N), so the limits say how far to trust its place; they are no
    confidence interval with a guaranteed level.
    """
    check_draws(resamples, level, seed)
    data = check_survival(time, event)
    values = check_risk(risk, data.size)
    found = maxstat(values, data.time_months, data.event, minprop=minprop, maxprop=maxprop)
    cutpoints, failed = [], 0
    for counts in multiplicities(data.size, np.random.default_rng(seed), resamples=resamples):
        for row in counts.astype(int):
            drawn = np.repeat(np.arange(data.size), row)
            try:
                again = maxstat(
                    values[drawn], data.time_months[drawn], data.event[drawn], minprop=minprop, maxprop=maxprop
                )
            except NotEnoughDataError:
                failed += 1
            else:
                cutpoints.append(again.cutpoint)
    every = np.sort(np.array(cutpoints))
    low_share = 1 - np.searchsorted(every, values, side="left") / max(every.size, 1)  # draws whose cut is at or above
    agreement = np.where(values <= found.cutpoint, low_share, 1 - low_share)
    low, high = percentile_limits(every, level)
    return CutStability(
        cutpoint=found.cutpoint, low=low, high=high, cutpoints=np.array(cutpoints), agreement=agreement, failed=failed
    )


def maxstat_two_cuts(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    minprop: float = 0.1,
    resamples: int = 999,
    seed: int = 0,
) -> TwoCuts:
    """Cut a risk into three groups where their survival differs most, with a p-value that allows for the search.

    Parameters
    ----------
    risk, time, event : array_like, shape (N,)
    minprop : float, optional
        Smallest share of patients in any of the three groups.
    resamples, seed : int, optional
        Permutations behind ``corrected``.

    Returns
    -------
    TwoCuts

    Raises
    ------
    ClinicalError
        If an array is impossible.
    InputError
        If a setting is impossible.
    NotEnoughDataError
        If no two cuts leave three groups of that size, or nobody died.

    Notes
    -----
    Logrank scores as in ``maxstat``; the statistic is the permutation chi-square of their group sums. Of more than 80
    single candidates, 80 evenly spaced ones are tried, in the data and in each permutation alike, so the p-value stays
    valid. Source: the idea of Lausen and Schumacher (1992) for two cuts.
    """
    check_draws(resamples, 0.95, seed)
    if not 0 < minprop <= 1 / 3:
        raise InputError(f"A smallest share of {minprop} is not possible.", hint="Use for instance 0.1.")
    data = check_survival(time, event)
    values = check_risk(risk, data.size)
    if not data.event.any():
        raise NotEnoughDataError(f"No death among {data.size} patients, so there is no cutpoint.")
    n, order = data.size, np.argsort(values, kind="stable")
    ordered = values[order]
    scores = logrank_scores(data)[order]
    scores = scores - scores.mean()
    smallest = max(1, int(np.floor(n * minprop)))
    sizes = np.flatnonzero(np.diff(ordered)) + 1
    sizes = sizes[(sizes >= smallest) & (sizes <= n - smallest)]
    if sizes.size > MOST_CUTS:
        sizes = sizes[np.round(np.linspace(0, sizes.size - 1, MOST_CUTS)).astype(int)]
    first, second = np.triu_indices(sizes.size, 1)
    apart = sizes[second] - sizes[first] >= smallest
    first, second = first[apart], second[apart]
    if first.size == 0:
        raise NotEnoughDataError(f"The risks of {n} patients cannot be cut into three groups of at least {smallest}.")
    if np.ptp(scores) <= 1e-12:
        raise NotEnoughDataError(f"The outcomes of {n} patients do not differ, so no cut is better than another.")
    factor = (n - 1) / float(scores @ scores)

    def chi_squares(permuted: np.ndarray) -> np.ndarray:
        sums = np.cumsum(permuted, axis=1)[:, sizes - 1]
        alone = sums**2
        middle = (sums[:, second] - sums[:, first]) ** 2 / (sizes[second] - sizes[first])
        return factor * ((alone / sizes)[:, first] + middle + (alone / (n - sizes))[:, second])

    found = chi_squares(scores[None, :])[0]
    best = int(np.argmax(found))
    statistic = float(found[best])
    generator, reached = np.random.default_rng(seed), 0
    per_block = max(1, BLOCK // max(n, first.size))
    for start in range(0, resamples, per_block):
        draws = shuffled_rows(scores, min(per_block, resamples - start), generator)
        largest = chi_squares(draws).max(axis=1)
        reached += int((largest >= statistic * (1 - 1e-12)).sum())
    a, b = int(sizes[first[best]]), int(sizes[second[best]])
    return TwoCuts(
        cutpoints=(float(ordered[a - 1]), float(ordered[b - 1])), sizes=(a, b - a, n - b), statistic=statistic,
        naive=float(chdtrc(2, statistic)), corrected=(1 + reached) / (resamples + 1), candidates=int(sizes.size),
        resamples=resamples,
    )  # fmt: skip
