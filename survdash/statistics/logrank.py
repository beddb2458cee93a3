"""Whether the survival curves of two or more groups differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.statistics.inputs import check_labels, check_survival


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Logrank:
    """Mantel-Cox test of K groups.

    Parameters
    ----------
    statistic : float
        Chi-square.
    p_value : float
    degrees : int
        Of freedom: groups with an expected death, less one.
    groups : tuple
        The K labels, in order.
    sizes, observed, expected : ndarray, shape (K,)
        Patients, deaths seen, deaths to be expected if no group were different.
    """

    statistic: float
    p_value: float
    degrees: int
    groups: tuple[object, ...]
    sizes: np.ndarray
    observed: np.ndarray
    expected: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeathTable:
    """Deaths and patients at risk per group at the M distinct times of death; both (M, K) float64."""

    deaths: np.ndarray
    at_risk: np.ndarray


def tabulate_deaths(data: Survival, codes: np.ndarray, *, groups: int) -> DeathTable:
    """Count deaths and patients at risk at each time of death.

    Parameters
    ----------
    data : Survival
        N patients.
    codes : ndarray, shape (N,)
        Group of each, 0..groups-1.
    groups : int

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
        place = np.searchsorted(times, data.time_months[mine & data.event])
        deaths[:, code] = np.bincount(place, minlength=times.size)
    return DeathTable(deaths=deaths, at_risk=at_risk)


def logrank(time: ArrayLike, event: ArrayLike, group: ArrayLike) -> Logrank:
    """Logrank test over K >= 2 groups, each death weighted alike.

    Parameters
    ----------
    time : array_like, shape (N,)
    event : array_like, shape (N,)
        True for a death.
    group : array_like, shape (N,)
        Labels of any sortable kind.

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
    data = check_survival(time, event)
    labels, codes = check_labels(group, data.size, name="group")
    if labels.size < 2:
        raise NotEnoughDataError("All patients are in one group, so there is nothing to compare.")
    if not data.event.any():
        raise NotEnoughDataError(f"No death among {data.size} patients, so the groups cannot be compared.")
    table = tabulate_deaths(data, codes, groups=labels.size)
    total, deaths = table.at_risk.sum(axis=1), table.deaths.sum(axis=1)
    share = table.at_risk / total[:, None]
    expected = (deaths[:, None] * share).sum(axis=0)
    spread = deaths * np.where(total > 1, (total - deaths) / np.maximum(total - 1, 1), 0.0)
    covariance = np.diag((spread[:, None] * share).sum(axis=0)) - (share * spread[:, None]).T @ share
    observed = table.deaths.sum(axis=0)
    used = np.flatnonzero(expected > 0)[:-1]  # the last is what the others leave over
    part = covariance[np.ix_(used, used)]
    if used.size == 0 or np.linalg.matrix_rank(part, hermitian=True) < used.size:
        raise NotEnoughDataError("At no death were patients of two groups at risk, so they cannot be compared.")
    gap = (observed - expected)[used]
    statistic = float(gap @ np.linalg.solve(part, gap))
    return Logrank(
        statistic=statistic,
        p_value=float(chdtrc(used.size, statistic)),
        degrees=int(used.size),
        groups=tuple(labels.tolist()),
        sizes=np.bincount(codes, minlength=labels.size),
        observed=observed.astype(int),
        expected=expected,
    )
