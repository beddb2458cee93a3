"""Chance of dying of one cause when others compete for it: Aalen-Johansen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from survdash.errors import ClinicalError
from survdash.statistics.inputs import check_entry, check_level, check_survival, check_times, to_numbers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Incidence:
    """Cumulative incidence of each of K causes at the M distinct times, rising; 0 before the first.

    Parameters
    ----------
    time : ndarray, shape (M,)
    causes : tuple of int
        1.. as given.
    incidence, std_err, low, high : ndarray, shape (K, M)
        Share that has died of the cause by each time; limits on the log-log scale, nan where the incidence is 0;
        error and limits nan where nobody is left alive and followed.
    at_risk, censored : ndarray, shape (M,)
    events : ndarray, shape (K, M)
    level : float
    """

    time: np.ndarray
    causes: tuple[int, ...]
    incidence: np.ndarray
    std_err: np.ndarray
    low: np.ndarray
    high: np.ndarray
    at_risk: np.ndarray
    censored: np.ndarray
    events: np.ndarray
    level: float

    def at(self, times: ArrayLike) -> np.ndarray:
        """Incidence of each cause at any times, (K, T); nan beyond the last follow-up."""
        asked = check_times(times)
        place = np.searchsorted(self.time, asked, side="right")
        curve = np.concatenate([np.zeros((len(self.causes), 1)), self.incidence], axis=1)[:, place]
        return np.where(asked > self.time[-1], np.nan, curve)


def cumulative_incidence(
    time: ArrayLike, cause: ArrayLike, *, level: float = 0.95, entry: ArrayLike | None = None
) -> Incidence:
    """Aalen-Johansen estimate of one group.

    Parameters
    ----------
    time : array_like, shape (N,)
    cause : array_like, shape (N,)
        0 for a censored patient, 1, 2, ... for the cause of death.
    level : float, optional
    entry : array_like, shape (N,), optional
        Left truncation: at risk at t when entry < t <= time.

    Returns
    -------
    Incidence
        Without any death there is no cause, and the arrays are empty along it.

    Raises
    ------
    ClinicalError
        If a time is impossible, or a cause is no whole number at or above 0.
    NotEnoughDataError
        If there is no patient.

    Notes
    -----
    One less Kaplan-Meier with the other causes censored would count those who died of something else as if they could
    still die of this; the incidences of all causes and the survival add up to 1 instead. Equals R
    ``survival::survfit(Surv(time, factor(cause)))``; its standard errors too, by the delta
    method as in ``prodlim``; lifelines' ``AalenJohansenFitter`` moves tied times apart at random, and
    differs where there are ties. Source: Aalen and Johansen (1978), Marubini and Valsecchi (1995).
    """
    check_level(level)
    codes = to_numbers(cause, name="causes of death")
    if not (np.isfinite(codes) & (codes >= 0) & (codes == np.floor(codes))).all():
        raise ClinicalError("Causes of death must be 0 for censored patients, or 1, 2, ...")
    data = check_survival(time, codes > 0)
    entered = check_entry(entry, data)
    causes = tuple(int(code) for code in np.unique(codes[codes > 0]))
    times, place = np.unique(data.time_months, return_inverse=True)
    here = np.bincount(place, minlength=times.size)
    exposed = data.size - np.concatenate([[0], np.cumsum(here)[:-1]])
    if entered is not None:
        exposed = exposed - (data.size - np.searchsorted(np.sort(entered), times, side="left"))
    events = np.array([np.bincount(place[codes == code], minlength=times.size) for code in causes])
    events = events.reshape(len(causes), times.size)
    deaths = events.sum(axis=0)
    survival = np.cumprod(1 - deaths / exposed)
    before = np.concatenate([[1.0], survival[:-1]])
    incidence = np.cumsum(before * events / exposed, axis=1)
    # Where nobody is left the error has no estimate.
    std_err = np.where(survival > 0, np.sqrt(_variance(incidence, before, events, exposed)), np.nan)
    low, high = _limits(incidence, std_err, float(ndtri((1 + level) / 2)))
    return Incidence(
        time=times, causes=causes, incidence=incidence, std_err=std_err, low=low, high=high, at_risk=exposed,
        censored=here - deaths, events=events, level=level,
    )  # fmt: skip


def _variance(incidence: np.ndarray, before: np.ndarray, events: np.ndarray, exposed: np.ndarray) -> np.ndarray:
    """Sums over s <= t of (F(t) - F(s))^2 a + c - 2 (F(t) - F(s)) b, written out so that each is a running sum."""
    deaths = events.sum(axis=0)
    left = exposed > deaths  # where all die nothing is left to be unsure of
    a = np.where(left, deaths / np.maximum(exposed * (exposed - deaths), 1), 0.0)
    b = before * events / exposed**2
    c = before**2 * (exposed - events) * events / exposed**3.0
    squares = incidence**2 * np.cumsum(a) - 2 * incidence * np.cumsum(a * incidence, axis=1)
    squares = squares + np.cumsum(a * incidence**2, axis=1)
    crossed = incidence * np.cumsum(b, axis=1) - np.cumsum(b * incidence, axis=1)
    return np.maximum(squares + np.cumsum(c, axis=1) - 2 * crossed, 0.0)


def _limits(incidence: np.ndarray, std_err: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        left = 1 - incidence
        half = z * std_err / (left * np.abs(np.log(left)))
        low, high = 1 - left ** np.exp(-half), 1 - left ** np.exp(half)
    known = (incidence > 0) & (incidence < 1)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)
