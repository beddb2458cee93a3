"""Where to cut a risk into low and high, and what the search for the cut costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from survdash.case import Survival
from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics import cutpoint_pvalues as p_values
from survdash.statistics.inputs import check_labels, check_risk, check_seed, check_survival


@dataclass(frozen=True, kw_only=True, eq=False)
class Maxstat:
    """Maximally selected rank statistic over K candidate cutpoints.

    Low is ``risk <= cutpoint``, high is above. The p-values are computed when first asked for.

    Parameters
    ----------
    statistic : float
        The largest of ``standardised``; two-sided, so high may live longer: look at the curves.
    cutpoint : float
        Largest risk of the low group, a value that occurs.
    candidates : ndarray, shape (K,)
        Candidate cutpoints, rising.
    sizes : ndarray, shape (K,)
        int, patients in the low group at each candidate.
    standardised : ndarray, shape (K,)
        |sum of scores - mean| / standard deviation at each, under permutation.
    n_low, n_high : int
        Patients on either side of ``cutpoint``.
    minprop, maxprop : float
        Bounds of the low group's share.
    """

    statistic: float
    cutpoint: float
    candidates: np.ndarray
    sizes: np.ndarray
    standardised: np.ndarray
    n_low: int
    n_high: int
    minprop: float
    maxprop: float
    scores: np.ndarray = field(repr=False)  # (N,) in rising order of risk

    def __post_init__(self) -> None:
        for array in (self.candidates, self.sizes, self.standardised, self.scores):
            array.setflags(write=False)

    @cached_property
    def p_exact_gauss(self) -> float:
        """Asymptotic p-value by quadrature: the one to show."""
        return p_values.exact_gauss(self.statistic, self.sizes, self.scores.size)

    @cached_property
    def p_lau92(self) -> float:
        """Lausen and Schumacher (1992); not capped at 1."""
        return p_values.lausen_1992(self.statistic, minprop=self.minprop, maxprop=self.maxprop)

    @cached_property
    def p_lau94(self) -> float:
        """Improved Bonferroni bound (1994); not capped at 1."""
        return p_values.lausen_1994(self.statistic, self.sizes, self.scores.size)

    @cached_property
    def p_hl(self) -> float:
        """Hothorn and Lausen (2003), on scores rounded as R does; nan above 170 patients."""
        return p_values.hothorn_lausen(self.scores, self.sizes)

    def p_conditional(self, resamples: int = 9999, seed: int = 0) -> float:
        """Share of random permutations with a statistic at least as large; the same for the same seed."""
        if resamples < 1:
            raise InputError(f"{resamples} permutations are not enough.", hint="Use for instance 9999.")
        check_seed(seed)
        return p_values.conditional(self.scores, self.sizes, self.statistic, resamples=resamples, seed=seed)


def logrank_scores(data: Survival) -> np.ndarray:
    """Logrank scores as R's ``maxstat`` computes them; (N,), higher for early deaths.

    Without tied times these are the martingale residuals. With ties R divides by N - (largest rank) + 1 instead of the
    number at risk, so the scores do not sum to zero; the statistic takes that into account.
    """
    order = np.argsort(data.time_months, kind="stable")
    ordered = data.time_months[order]
    rank = np.searchsorted(ordered, ordered, side="right")
    hazard = np.cumsum(data.event[order] / (data.size - rank + 1))[rank - 1]
    scores = np.empty(data.size)
    scores[order] = data.event[order] - hazard
    return scores


def scan_cuts(risk: np.ndarray, scores: np.ndarray, *, minprop: float = 0.1, maxprop: float = 0.9) -> Maxstat:
    """Maximally selected statistic of any scores (of survival: ``logrank_scores``) over the cuts of ``risk``.

    Parameters
    ----------
    risk, scores : ndarray, shape (N,)
    minprop, maxprop : float
        The low group has floor(N * minprop) to floor(N * maxprop) patients.

    Returns
    -------
    Maxstat

    Raises
    ------
    NotEnoughDataError
        If no cut lies within the bounds, or all scores are equal.
    """
    if not 0 <= minprop < maxprop <= 1:
        raise InputError(f"Shares of {minprop} to {maxprop} are not possible.", hint="Use for instance 0.1 to 0.9.")
    n = risk.size
    order = np.argsort(risk, kind="stable")
    ordered, carried = risk[order], scores[order]
    sizes = np.flatnonzero(np.diff(ordered)) + 1
    if minprop == 0 and maxprop == 1:
        sizes = sizes[:-1]  # R's rule for this pair of bounds loses the cut before the largest risk
    else:
        sizes = sizes[(sizes >= np.floor(n * minprop)) & (sizes <= np.floor(n * maxprop))]
    if sizes.size == 0:
        raise NotEnoughDataError(
            f"The risks of {n} patients have no cutpoint: "
            + ("they are all equal." if n and ordered[0] == ordered[-1] else "too many of them are equal."),
            hint="Another model, or a wider range of group sizes, may have one.",
        )
    if carried.max() - carried.min() <= 1e-12:
        raise NotEnoughDataError(
            f"The outcomes of {n} patients do not differ, so no cut is better than another.",
            hint="There must be at least one death that others outlived.",
        )
    mean, deviation = p_values.moments(carried, sizes)
    standardised = np.abs(np.cumsum(carried)[sizes - 1] - mean) / deviation
    best = int(np.argmax(standardised))
    return Maxstat(
        statistic=float(standardised[best]),
        cutpoint=float(ordered[sizes[best] - 1]),
        candidates=ordered[sizes - 1],
        sizes=sizes,
        standardised=standardised,
        n_low=int(sizes[best]),
        n_high=int(n - sizes[best]),
        minprop=minprop,
        maxprop=maxprop,
        scores=carried,
    )


def maxstat(
    risk: ArrayLike, time: ArrayLike, event: ArrayLike, *, minprop: float = 0.1, maxprop: float = 0.9
) -> Maxstat:
    """Cut a risk where the logrank statistic is largest, with p-values that allow for the search.

    Parameters
    ----------
    risk : array_like, shape (N,)
    time : array_like, shape (N,)
    event : array_like, shape (N,)
        True for a death.
    minprop, maxprop : float, optional
        Bounds of the low group's share of patients.

    Returns
    -------
    Maxstat

    Raises
    ------
    ClinicalError
        If a risk, a time or an event is impossible.
    NotEnoughDataError
        If the risk has no cutpoint within the bounds (one patient, a constant risk), or nobody died.

    Notes
    -----
    Equals R ``maxstat::maxstat.test(smethod="LogRank")``. Equal statistics: the smallest low group wins.
    Source: Lausen and Schumacher (1992).
    """
    data = check_survival(time, event)
    values = check_risk(risk, data.size)
    if not data.event.any():
        raise NotEnoughDataError(f"No death among {data.size} patients, so there is no cutpoint.")
    return scan_cuts(values, logrank_scores(data), minprop=minprop, maxprop=maxprop)


def tertiles(risk: np.ndarray) -> np.ndarray:
    """The two cuts that part (N,) risks into three groups as even as ties allow: (2,), each in the group below it."""
    return np.quantile(risk, (1 / 3, 2 / 3), method="inverted_cdf")


def held_out_groups(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    fold: ArrayLike,
    *,
    cut: Literal["maxstat", "median", "tertiles"] = "maxstat",
    minprop: float = 0.1,
    maxprop: float = 0.9,
) -> np.ndarray:
    """High or low by a cutpoint that never saw the patient: found in the other folds, applied to this one.

    The cuts of any two folds rest on mostly the same patients, so a plain logrank test of these groups still rejects
    about twice too often; ``held_out_test`` does not.

    Parameters
    ----------
    risk, time, event : array_like, shape (N,)
    fold : array_like, shape (N,)
        Label of the fold in which the patient is held out; at least two.
    cut : {"maxstat", "median", "tertiles"}, optional
    minprop, maxprop : float, optional
        For "maxstat".

    Returns
    -------
    ndarray, shape (N,)
        bool, True for high; for "tertiles" int, 0 to 2.

    Raises
    ------
    ClinicalError
        If an array is impossible.
    NotEnoughDataError
        If there is one fold only, or the patients outside a fold have no cutpoint.
    """
    data = check_survival(time, event)
    values = check_risk(risk, data.size)
    labels, codes = check_labels(fold, data.size, name="fold")
    if labels.size < 2:
        raise NotEnoughDataError("A held-out cut needs at least two folds.")
    if cut not in ("maxstat", "median", "tertiles"):
        raise InputError(f"No cut is called {cut!r}.", hint="Use maxstat, median or tertiles.")
    high = np.zeros(data.size, int if cut == "tertiles" else bool)
    for code in range(labels.size):
        held, rest = codes == code, codes != code
        if cut == "tertiles":
            high[held] = (values[held][:, None] > tertiles(values[rest])).sum(axis=1)
            continue
        if cut == "median":
            cutpoint = float(np.median(values[rest]))
        else:
            found = maxstat(values[rest], data.time_months[rest], data.event[rest], minprop=minprop, maxprop=maxprop)
            cutpoint = found.cutpoint
        high[held] = values[held] > cutpoint
    return high
