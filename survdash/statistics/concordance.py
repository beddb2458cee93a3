"""How often the patient with the higher risk dies first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.case import Survival
from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics.censoring import estimate_censoring
from survdash.statistics.inputs import check_risk, check_survival
from survdash.statistics.ordered_counts import count_below


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Comparable pairs by what the risk says about them."""

    concordant: int
    discordant: int
    tied_risk: int

    @property
    def value(self) -> float:
        """Harrell's c: concordant pairs, ties in risk as half, over all comparable pairs."""
        total = self.concordant + self.discordant + self.tied_risk
        return (self.concordant + 0.5 * self.tied_risk) / total


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairCounts:
    """Comparable pairs of each patient; all (N,), int unless deaths are weighted.

    ``died_*`` counts pairs in which the patient is the one who died first, ``outlived_*`` those in which he or she
    outlived the other; ``_right`` are concordant, ``_tied`` tied in risk, ``_all`` all.
    """

    died_right: np.ndarray
    died_tied: np.ndarray
    died_all: np.ndarray
    outlived_right: np.ndarray
    outlived_tied: np.ndarray
    outlived_all: np.ndarray

    @property
    def influence(self) -> np.ndarray:
        """Change of the c-index per unit of each patient's weight, (N,); sums to zero."""
        right = self.died_right + self.outlived_right + 0.5 * (self.died_tied + self.outlived_tied)
        return (right - self.value * (self.died_all + self.outlived_all)) / self.died_all.sum()

    @property
    def value(self) -> float:
        """Concordant pairs, ties in risk as half, over all comparable pairs."""
        return float((self.died_right.sum() + 0.5 * self.died_tied.sum()) / self.died_all.sum())


def comparable(data: Survival, rows: np.ndarray) -> np.ndarray:
    """Which patients are known to have outlived each death in ``rows``.

    Parameters
    ----------
    data : Survival
        N patients.
    rows : ndarray, shape (R,)
        Indices of patients who died.

    Returns
    -------
    ndarray, shape (R, N)
        True where the column's time is longer, or equal and censored.
    """
    time = data.time_months[rows, None]
    return (data.time_months > time) | ((data.time_months == time) & ~data.event)


def count_by_patient(risk: np.ndarray, data: Survival, *, weight: np.ndarray | None = None) -> PairCounts:
    """Count each patient's comparable pairs in O(N log N).

    Parameters
    ----------
    risk : ndarray, shape (N,)
    data : Survival
    weight : ndarray, shape (N,), optional
        What each death's pairs count; 1 by default.

    Raises
    ------
    NotEnoughDataError
        If no pair can be compared.
    """
    n = data.size
    ranks = np.unique(risk, return_inverse=True)[1]
    # Latest first; at equal times censored patients before deaths, so that those who outlived a death precede it.
    order = np.lexsort((data.event, -data.time_months))
    times, died, ordered = data.time_months[order], data.event[order], ranks[order]
    deaths = np.flatnonzero(died)
    same_time = np.searchsorted(-times, -times[deaths], side="left")
    censored_here = np.concatenate([[0], np.cumsum(~died)])
    block_end = np.searchsorted(-times, -times[deaths], side="right")
    ends = same_time + censored_here[block_end] - censored_here[same_time]
    if not ends.any():
        raise NotEnoughDataError(
            f"No two of {n} patients can be compared.",
            hint="At least one death must be outlived by another patient.",
        )
    each = np.ones(deaths.size, np.int64) if weight is None else weight[order[deaths]]
    below = count_below(ordered, ends, ordered[deaths])
    tied = count_below(ordered, ends, ordered[deaths] + 1) - below
    counts = {name: np.zeros(n, each.dtype) for name in PairCounts.__slots__}
    rows = order[deaths]
    counts["died_right"][rows], counts["died_tied"][rows] = each * below, each * tied
    counts["died_all"][rows] = each * ends
    # The other way round: deaths by rising time, of which each patient has outlived the first few.
    early, weights = ordered[deaths[::-1]], None if weight is None else each[::-1]
    rising = times[deaths[::-1]]
    side = np.searchsorted(rising, times, side="right")
    outlived = np.where(died, np.searchsorted(rising, times, side="left"), side)
    total = np.concatenate([[0], np.cumsum(each[::-1])])[outlived]
    not_above = count_below(early, outlived, ordered + 1, weights=weights)
    counts["outlived_all"][order] = total
    counts["outlived_right"][order] = total - not_above
    counts["outlived_tied"][order] = not_above - count_below(early, outlived, ordered, weights=weights)
    return PairCounts(**counts)


def count_pairs(risk: ArrayLike, time: ArrayLike, event: ArrayLike) -> Pairs:
    """Count comparable pairs; arguments and errors as ``concordance``."""
    data = check_survival(time, event)
    counts = count_by_patient(check_risk(risk, data.size), data)
    right, tied = int(counts.died_right.sum()), int(counts.died_tied.sum())
    return Pairs(concordant=right, discordant=int(counts.died_all.sum()) - right - tied, tied_risk=tied)


def concordance(risk: ArrayLike, time: ArrayLike, event: ArrayLike) -> float:
    """Harrell's c-index: 0.5 is chance, 1 is a perfect order.

    Parameters
    ----------
    risk : array_like, shape (N,)
        Higher is worse. A constant risk gives 0.5.
    time : array_like, shape (N,)
    event : array_like, shape (N,)
        True for a death.

    Returns
    -------
    float

    Raises
    ------
    ClinicalError
        If a risk, a time or an event is impossible.
    NotEnoughDataError
        If no pair can be compared (one patient, no death).

    Notes
    -----
    A pair is comparable when the shorter time ends in death; at equal times a death counts as before a censored
    patient, and two deaths do not compare. Ties in risk count half. Equals R ``survival::concordance``.
    Source: Harrell et al. (1982).
    """
    return count_pairs(risk, time, event).value


def concordance_std_err(risk: ArrayLike, time: ArrayLike, event: ArrayLike) -> float:
    """Standard error of ``concordance`` by the infinitesimal jackknife; arguments and errors as there.

    Equals R's (``survival::concordance``, its variance's square root).
    """
    data = check_survival(time, event)
    return float(np.sqrt((count_by_patient(check_risk(risk, data.size), data).influence ** 2).sum()))


def concordance_uno(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    train_time: ArrayLike,
    train_event: ArrayLike,
    tau: float | None = None,
) -> float:
    """Uno's c-index: pairs weighted by the inverse chance of not being censored, up to ``tau``.

    Parameters
    ----------
    risk, time, event : array_like, shape (N,)
        As in ``concordance``.
    train_time, train_event : array_like, shape (K,)
        Patients in whom the censoring is estimated.
    tau : float, optional
        Deaths at or beyond it are left out; None uses all.

    Returns
    -------
    float

    Raises
    ------
    ClinicalError
        If a risk, a time or an event is impossible.
    NotEnoughDataError
        If no pair can be compared before ``tau``, or the training patients were not followed long enough.

    Notes
    -----
    Equals scikit-survival's ``concordance_index_ipcw``, in O(N log N): a death at t has the weight 1 / G(t)^2, G being
    the chance of not being censored up to and including t. Source: Uno et al. (2011).
    """
    data, train = check_survival(time, event), check_survival(train_time, train_event)
    return count_by_patient(check_risk(risk, data.size), data, weight=uno_weights(data, train, tau)).value


def uno_weights(data: Survival, train: Survival, tau: float | None) -> np.ndarray:
    """What each patient's death counts in Uno's c-index, (N,): 0 for the censored and from ``tau`` on.

    Raises
    ------
    InputError, NotEnoughDataError
        As ``concordance_uno``.
    """
    used = data.event & (data.time_months < check_tau(tau))
    # The first death is outlived by all that any other is, so it alone need be asked.
    first = np.flatnonzero(used)[[np.argmin(data.time_months[used])]] if used.any() else None
    if first is None or not comparable(data, first).any():
        raise NotEnoughDataError("No two patients can be compared before the horizon.", hint="Choose a later one.")
    if data.time_months[used].max() > train.time_months.max():
        raise NotEnoughDataError(
            "The patients in whom censoring is estimated were not followed as long as these.",
            hint=f"Choose a horizon up to {train.time_months.max():g}.",
        )
    seen = estimate_censoring(train).at(data.time_months)
    if (seen[used] <= 0).any():
        raise NotEnoughDataError(
            "Uno's c-index cannot be computed: by some of these deaths every training patient is censored.",
            hint="Choose an earlier horizon.",
        )
    return np.where(used, 1 / np.where(seen > 0, seen, 1.0) ** 2, 0.0)


def check_tau(tau: float | None) -> float:
    """The horizon of Uno's c; infinite where none is given.

    Raises
    ------
    InputError
        If it is not above zero.
    """
    if tau is None:
        return np.inf
    if not tau > 0:
        raise InputError(f"A horizon of {tau} is not possible.", hint="Give a time above zero.")
    return float(tau)
