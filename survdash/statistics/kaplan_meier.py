"""Kaplan-Meier curve of one group, with everything that is printed under it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from survdash.errors import InputError
from survdash.statistics.inputs import check_entry, check_horizon, check_level, check_survival, check_times

Transform = Literal["log-log", "log", "plain"]
HALF_TOLERANCE = float(np.sqrt(np.finfo(float).eps))  # R's: 0.5 reached by a product of fractions counts as 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KaplanMeier:
    """Estimate at the M distinct times of deaths or censoring, rising; S(0) = 1 is left out.

    Parameters
    ----------
    time : ndarray, shape (M,)
        In the unit that was given (months everywhere in survdash).
    survival : ndarray, shape (M,)
        Share alive just after each time.
    std_err : ndarray, shape (M,)
        Greenwood's standard error of ``survival``; nan where the curve is 0.
    low, high : ndarray, shape (M,)
        Pointwise confidence limits in [0, 1]; nan where the curve is 0, 1 where it is 1.
    at_risk, events, censored : ndarray, shape (M,)
        int: patients with t >= time, deaths and last contacts at it.
    median, median_low, median_high : float
        nan where not reached.
    level : float
        Of the confidence limits, 0.95 for 95 %.
    transform : str
        Scale of the confidence limits.
    size : int
        Patients.
    entry : ndarray, shape (size,)
        When each came under observation, rising; zeros without left truncation.
    """

    time: np.ndarray
    survival: np.ndarray
    std_err: np.ndarray
    low: np.ndarray
    high: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    censored: np.ndarray
    median: float
    median_low: float
    median_high: float
    level: float
    transform: str
    size: int
    entry: np.ndarray

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @property
    def last_follow_up(self) -> float:
        """The longest time in the group; nothing is known beyond."""
        return float(self.time[-1])

    def at(self, times: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Survival with its limits at any times.

        Parameters
        ----------
        times : array_like, shape (T,)
            At or above zero.

        Returns
        -------
        survival, low, high : ndarray, shape (T,)
            nan beyond the last follow-up unless the curve has reached 0, where it stays (its limits are nan).
        """
        asked = check_times(times)
        place = np.searchsorted(self.time, asked, side="right")
        beyond = (asked > self.time[-1]) & (self.survival[-1] > 0)
        parts = []
        for curve in (self.survival, self.low, self.high):
            parts.append(np.where(beyond, np.nan, np.concatenate([[1.0], curve])[place]))
        return parts[0], parts[1], parts[2]

    def at_risk_at(self, times: ArrayLike) -> np.ndarray:
        """Number of patients with t >= each of ``times`` (and entry before it); int, shape (T,)."""
        asked = check_times(times)
        followed = np.concatenate([np.cumsum((self.events + self.censored)[::-1])[::-1], [0]])
        return followed[np.searchsorted(self.time, asked, side="left")] - _yet_to_come(self.entry, asked)

    def counts_at(self, times: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Deaths and last contacts up to and including each of ``times``; int, (T,) each."""
        place = np.searchsorted(self.time, check_times(times), side="right")
        return (np.concatenate([[0], np.cumsum(self.events)])[place],
                np.concatenate([[0], np.cumsum(self.censored)])[place])  # fmt: skip

    def rmst(self, horizon: float) -> float:
        """Restricted mean survival time: the area under the curve from 0 to ``horizon``.

        Beyond ``last_follow_up`` the last value is carried on, as R does: compare the two before showing it.
        """
        end = check_horizon(horizon)
        inside = self.time < end
        corners = np.concatenate([[0.0], self.time[inside], [end]])
        return float(np.diff(corners) @ np.concatenate([[1.0], self.survival[inside]]))

    def rmst_std_err(self, horizon: float) -> float:
        """Standard error of ``rmst``, as R's ``print(survfit, rmean=horizon)``."""
        end = check_horizon(horizon)
        inside = self.time < end
        widths = np.diff(np.concatenate([self.time[inside], [end]]))
        area_after = np.cumsum((widths * self.survival[inside])[::-1])[::-1]
        deaths, at_risk = self.events[inside], self.at_risk[inside]
        left = at_risk > deaths  # where all die the curve is 0, and no area is left to be unsure of
        terms = area_after[left] ** 2 * deaths[left] / (at_risk[left] * (at_risk[left] - deaths[left]))
        return float(np.sqrt(terms.sum()))


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    level: float = 0.95,
    transform: Transform = "log-log",
    entry: ArrayLike | None = None,
) -> KaplanMeier:
    """Kaplan-Meier estimate of one group.

    Parameters
    ----------
    time : array_like, shape (N,)
        Follow-up, above zero. Ties are exact equality.
    event : array_like, shape (N,)
        True for a death, False for a censored patient, who still counts at risk at that time.
    level : float, optional
        Of the pointwise confidence limits.
    transform : {"log-log", "log", "plain"}, optional
        Scale of the limits.
    entry : array_like, shape (N,), optional
        Left truncation: when each patient came under observation; at risk at t when entry < t <= time. Where few are at
        risk early on the curve may fall to 0 at once; look at the numbers at risk.

    Returns
    -------
    KaplanMeier
        Without any death the curve is flat at 1 and the median is nan.

    Raises
    ------
    ClinicalError
        If a time or an event is impossible.
    NotEnoughDataError
        If there is no patient.
    InputError
        If ``level`` or ``transform`` is impossible.

    Notes
    -----
    Equals R ``survival::survfit``, its midpoint rule for the median included: where the curve is exactly 0.5 on an
    interval, the median is the interval's middle. Source: Kaplan and Meier (1958); variance: Greenwood (1926).
    """
    check_level(level)
    if transform not in get_args(Transform):
        raise InputError(f"No transform is called {transform!r}.", hint=f"Use {', '.join(get_args(Transform))}.")
    data = check_survival(time, event)
    times, place = np.unique(data.time_months, return_inverse=True)
    deaths = np.bincount(place[data.event], minlength=times.size)
    here = np.bincount(place, minlength=times.size)
    exposed = data.size - np.concatenate([[0], np.cumsum(here)[:-1]])
    entered = check_entry(entry, data)
    entered = np.zeros(data.size) if entered is None else np.sort(entered)
    exposed = exposed - _yet_to_come(entered, times)
    survival = np.cumprod((exposed - deaths) / exposed)
    with np.errstate(divide="ignore", invalid="ignore"):  # the last step may reach 0: undefined there
        log_std_err = np.where(survival > 0, np.sqrt(np.cumsum(deaths / (exposed * (exposed - deaths)))), np.nan)
    low, high = _limits(survival, log_std_err, float(ndtri((1 + level) / 2)), transform)
    return KaplanMeier(
        time=times,
        survival=survival,
        std_err=survival * log_std_err,
        low=low,
        high=high,
        at_risk=exposed,
        events=deaths,
        censored=here - deaths,
        median=_first_half(times, survival),
        median_low=_first_half(times, low),
        median_high=_first_half(times, high),
        level=level,
        transform=transform,
        size=data.size,
        entry=entered,
    )


def at_risk(time: ArrayLike, times: ArrayLike, *, entry: ArrayLike | None = None) -> np.ndarray:
    """Number of patients still followed at each of ``times``: those with t >= it.

    Parameters
    ----------
    time : array_like, shape (N,)
        Follow-up of N patients, at least one.
    times : array_like, shape (T,)
    entry : array_like, shape (N,), optional
        Left truncation: only patients who entered before the time count; at time 0, those who entered at 0.

    Returns
    -------
    ndarray, shape (T,)
        int.
    """
    data, asked = check_survival(time, np.zeros(np.shape(time), bool)), check_times(times)
    ordered, entered = np.sort(data.time_months), check_entry(entry, data)
    followed = ordered.size - np.searchsorted(ordered, asked, side="left")
    return followed if entered is None else followed - _yet_to_come(np.sort(entered), asked)


def _yet_to_come(entered: np.ndarray, times: np.ndarray) -> np.ndarray:
    """How many enter at or after each time (after it, at time 0); ``entered`` rises."""
    after = entered.size - np.searchsorted(entered, times, side="left")
    return np.where(times > 0, after, np.count_nonzero(entered > 0))


def _limits(
    survival: np.ndarray, log_std_err: np.ndarray, z: float, transform: Transform
) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if transform == "plain":
            low, high = survival * (1 - z * log_std_err), survival * (1 + z * log_std_err)
        elif transform == "log":
            low, high = survival * np.exp(-z * log_std_err), survival * np.exp(z * log_std_err)
        else:
            half = z * log_std_err / np.abs(np.log(survival))
            low, high = survival ** np.exp(half), survival ** np.exp(-half)
    certain = survival == 1  # no death yet: all three scales collapse onto the curve, log-log by 0/0
    return np.where(certain, 1.0, np.clip(low, 0, 1)), np.where(certain, 1.0, np.clip(high, 0, 1))


def _first_half(times: np.ndarray, curve: np.ndarray) -> float:
    keep = curve < 0.5 + HALF_TOLERANCE  # nan compares False: a band without a value crosses nothing
    if not keep.any():
        return float("nan")
    times, curve = times[keep], curve[keep]
    lower = curve < curve[0]
    if abs(curve[0] - 0.5) < HALF_TOLERANCE and lower.any():
        return float((times[0] + times[int(np.argmax(lower))]) / 2)
    return float(times[0])
