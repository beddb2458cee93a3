"""The numbers under a survival curve: at risk, died and censored, by group and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.statistics.inputs import check_entry, check_labels, check_survival, check_times
from survdash.statistics.kaplan_meier import at_risk


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskTable:
    """K groups in the labels' order by T times.

    Parameters
    ----------
    groups : tuple
    times : ndarray, shape (T,)
    at_risk : ndarray, shape (K, T)
        int: followed at the time, t >= it (and entered before it).
    events, censored : ndarray, shape (K, T)
        int: deaths and last contacts up to and including the time. Without left truncation, those at risk just after a
        time are the group's size less these two.
    """

    groups: tuple[object, ...]
    times: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    censored: np.ndarray


def risk_table(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike | None = None,
    *,
    times: ArrayLike,
    entry: ArrayLike | None = None,
) -> RiskTable:
    """Count patients at risk, deaths and censored patients at any times.

    Parameters
    ----------
    time, event : array_like, shape (N,)
    group : array_like, shape (N,), optional
        None is one group, called "all".
    times : array_like, shape (T,)
        At or above zero.
    entry : array_like, shape (N,), optional
        Left truncation.

    Returns
    -------
    RiskTable

    Raises
    ------
    ClinicalError
        If an array is impossible.
    InputError
        If a time to look up is impossible.
    NotEnoughDataError
        If there is no patient.
    """
    data, asked = check_survival(time, event), check_times(times)
    labels, codes = check_labels(np.full(data.size, "all") if group is None else group, data.size, name="group")
    entered = check_entry(entry, data)
    rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for code in range(labels.size):
        mine = codes == code
        here = data.time_months[mine]
        died, left = np.sort(here[data.event[mine]]), np.sort(here[~data.event[mine]])
        rows.append(
            (
                at_risk(here, asked, entry=None if entered is None else entered[mine]),
                np.searchsorted(died, asked, side="right"),
                np.searchsorted(left, asked, side="right"),
            )
        )
    return RiskTable(
        groups=tuple(labels.tolist()),
        times=asked,
        at_risk=np.stack([row[0] for row in rows]),
        events=np.stack([row[1] for row in rows]),
        censored=np.stack([row[2] for row in rows]),
    )
