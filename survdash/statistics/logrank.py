"""Whether the survival curves of two or more groups differ, in all, pair by pair, or in order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from survdash.case import Survival
from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics.holm import holm
from survdash.statistics.inputs import check_entry, check_labels, check_survival

SMALLEST_GROUP = 10  # below this many patients in a group no p-value is given


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Logrank:
    """Mantel-Cox test of K groups.

    Parameters
    ----------
    statistic : float
        Chi-square.
    p_value : float
    degrees : int
        Of freedom: groups with an expected death, less one; 1 for a test for trend.
    groups : tuple
        The K labels, in order.
    sizes, observed, expected : ndarray, shape (K,)
        Patients, deaths seen, deaths to be expected if no group were different.
    variance : ndarray, shape (K, K)
        Of observed - expected.
    """

    statistic: float
    p_value: float
    degrees: int
    groups: tuple[object, ...]
    sizes: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairTest:
    """Logrank test of two of several groups; p-values nan, with the reason in ``note``, where none is given."""

    groups: tuple[object, object]
    sizes: tuple[int, int]
    statistic: float
    p_value: float
    p_holm: float
    note: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeathTable:
    """Deaths and patients at risk per group at the M distinct times of death; both (M, K) float64."""

    deaths: np.ndarray
    at_risk: np.ndarray


def tabulate_deaths(data: Survival, codes: np.ndarray, *, groups: int, entry: np.ndarray | None = None) -> DeathTable:
    """Count deaths and patients at risk at each time of death.

    Parameters
    ----------
    data : Survival
        N patients.
    codes : ndarray, shape (N,)
        Group of each, 0..groups-1.
    groups : int
    entry : ndarray, shape (N,), optional
        At risk at t when entry < t <= time.

    Returns
    -------
    DeathTable
    """
    times = np.unique(data.time_months[data.event])
    deaths, at_risk = np.zeros((times.size, groups)), np.zeros((times.size, groups))
    for code in range(groups):
        mine = codes == code
        ordered = np.sort(data.time_months[mine])
        at_risk[:, code] = ordered.size - np.searchsorted(ordered, times, side="left")
        if entry is not None:
            entered = np.sort(entry[mine])
            at_risk[:, code] -= entered.size - np.searchsorted(entered, times, side="left")
        place = np.searchsorted(times, data.time_months[mine & data.event])
        deaths[:, code] = np.bincount(place, minlength=times.size)
    return DeathTable(deaths=deaths, at_risk=at_risk)


def logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
) -> Logrank:
    """Logrank test over K >= 2 groups, each death weighted alike.

    Parameters
    ----------
    time : array_like, shape (N,)
    event : array_like, shape (N,)
        True for a death.
    group : array_like, shape (N,)
        Labels of any sortable kind.
    strata : array_like, shape (N,), optional
        Patients are compared within each label only, and the differences added up.
    entry : array_like, shape (N,), optional
        Left truncation: when each patient came under observation.

    Returns
    -------
    Logrank

    Raises
    ------
    ClinicalError
        If a time, an event or a label is impossible.
    NotEnoughDataError
        If there are fewer than two groups, no death, or no death at which two groups were at risk.

    Notes
    -----
    Equals R ``survival::survdiff`` with rho = 0. The p-value holds for groups that were fixed beforehand; where the cut
    was searched for in the same patients it is too small (see ``maxstat``). Source: Peto and Peto (1972).
    """
    found = _compare(time, event, group, strata=strata, entry=entry)
    used = np.flatnonzero(found.expected > 0)[:-1]  # the last is what the others leave over
    part = found.variance[np.ix_(used, used)]
    if used.size == 0 or np.linalg.matrix_rank(part, hermitian=True) < used.size:
        raise NotEnoughDataError("At no death were patients of two groups at risk, so they cannot be compared.")
    gap = (found.observed - found.expected)[used]
    return _result(found, statistic=float(gap @ np.linalg.solve(part, gap)), degrees=int(used.size))


def logrank_trend(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    scores: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
) -> Logrank:
    """Whether the hazard rises or falls with the order of the groups: one degree of freedom, so more power.

    Parameters
    ----------
    time, event, group, strata, entry
        As for ``logrank``.
    scores : array_like, shape (K,), optional
        Place of each group, in the labels' order; 0, 1, 2, ... by default.

    Returns
    -------
    Logrank
        With ``degrees`` 1.

    Raises
    ------
    ClinicalError, NotEnoughDataError
        As ``logrank``.
    InputError
        If there are not as many scores as groups, or all are equal.

    Notes
    -----
    Source: Tarone (1975); the statistic is (w'(O - E))^2 / w'Vw.
    """
    found = _compare(time, event, group, strata=strata, entry=entry)
    groups = len(found.groups)
    weights = np.arange(groups, dtype=float) if scores is None else np.asarray(scores, float)
    if weights.shape != (groups,) or not np.isfinite(weights).all() or np.ptp(weights) == 0:
        raise InputError(f"A trend over {groups} groups needs {groups} scores that differ.")
    spread = float(weights @ found.variance @ weights)
    if spread <= 1e-12 * np.ptp(weights) ** 2:
        raise NotEnoughDataError("At no death were patients of two groups at risk, so they cannot be compared.")
    gap = float(weights @ (found.observed - found.expected))
    return _result(found, statistic=gap**2 / spread, degrees=1)


def pairwise_logrank(
    time: ArrayLike, event: ArrayLike, group: ArrayLike, *, smallest: int = SMALLEST_GROUP
) -> tuple[PairTest, ...]:
    """Every two of K groups by the logrank test, p-values corrected by Holm's method for those that are given.

    Parameters
    ----------
    time, event, group : array_like, shape (N,)
    smallest : int, optional
        No p-value is given where a group has fewer patients.

    Returns
    -------
    tuple of PairTest
        K (K - 1) / 2, in the labels' order.

    Raises
    ------
    ClinicalError
        If an array is impossible.
    NotEnoughDataError
        If there are fewer than two groups.
    """
    data = check_survival(time, event)
    labels, codes = check_labels(group, data.size, name="group")
    if labels.size < 2:
        raise NotEnoughDataError("All patients are in one group, so there is nothing to compare.")
    sizes = np.bincount(codes)
    rows: list[tuple[int, int, float, float, str]] = []
    for a, b in combinations(range(labels.size), 2):
        mine = (codes == a) | (codes == b)
        statistic, p, note = np.nan, np.nan, ""
        if min(sizes[a], sizes[b]) < smallest:
            note = f"no p-value: a group has fewer than {smallest} patients"
        else:
            try:
                tested = logrank(data.time_months[mine], data.event[mine], codes[mine])
                statistic, p = tested.statistic, tested.p_value
            except NotEnoughDataError as error:
                note = f"no p-value: {error.message}"
        rows.append((a, b, statistic, p, note))
    corrected = holm([row[3] for row in rows])
    names = labels.tolist()
    return tuple(
        PairTest(
            groups=(names[a], names[b]), sizes=(int(sizes[a]), int(sizes[b])), statistic=statistic, p_value=p,
            p_holm=float(fixed), note=note,
        )
        for (a, b, statistic, p, note), fixed in zip(rows, corrected, strict=True)
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Compared:
    groups: tuple[object, ...]
    sizes: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    variance: np.ndarray


def _compare(
    time: ArrayLike, event: ArrayLike, group: ArrayLike, *, strata: ArrayLike | None, entry: ArrayLike | None
) -> _Compared:
    data = check_survival(time, event)
    labels, codes = check_labels(group, data.size, name="group")
    entered = check_entry(entry, data)
    if labels.size < 2:
        raise NotEnoughDataError("All patients are in one group, so there is nothing to compare.")
    if not data.event.any():
        raise NotEnoughDataError(f"No death among {data.size} patients, so the groups cannot be compared.")
    layer = np.zeros(data.size, int) if strata is None else check_labels(strata, data.size, name="stratum")[1]
    observed, expected = np.zeros(labels.size), np.zeros(labels.size)
    variance = np.zeros((labels.size, labels.size))
    for one in range(int(layer.max()) + 1):
        mine = layer == one
        table = tabulate_deaths(
            data.take(mine), codes[mine], groups=labels.size, entry=None if entered is None else entered[mine]
        )
        total, deaths = table.at_risk.sum(axis=1), table.deaths.sum(axis=1)
        share = table.at_risk / total[:, None]
        spread = deaths * np.where(total > 1, (total - deaths) / np.maximum(total - 1, 1), 0.0)
        observed += table.deaths.sum(axis=0)
        expected += (deaths[:, None] * share).sum(axis=0)
        variance += np.diag((spread[:, None] * share).sum(axis=0)) - (share * spread[:, None]).T @ share
    return _Compared(
        groups=tuple(labels.tolist()), sizes=np.bincount(codes, minlength=labels.size), observed=observed,
        expected=expected, variance=variance,
    )  # fmt: skip


def _result(found: _Compared, *, statistic: float, degrees: int) -> Logrank:
    return Logrank(
        statistic=statistic,
        p_value=float(chdtrc(degrees, statistic)),
        degrees=degrees,
        groups=found.groups,
        sizes=found.sizes,
        observed=found.observed.astype(int),
        expected=found.expected,
        variance=found.variance,
    )
