"""How likely a patient is to be still under observation: the weights that make up for censoring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survdash.case import Survival


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Censoring:
    """Kaplan-Meier estimate of not being censored, at distinct times; at equal times deaths come first."""

    times: np.ndarray
    survival: np.ndarray

    def at(self, times: np.ndarray) -> np.ndarray:
        """Chance of being observed beyond each time."""
        return np.concatenate([[1.0], self.survival])[np.searchsorted(self.times, times, side="right")]

    def before(self, times: np.ndarray) -> np.ndarray:
        """Chance of being still observed at each time: the one a death at that time needs to be seen."""
        return np.concatenate([[1.0], self.survival])[np.searchsorted(self.times, times, side="left")]


def estimate_censoring(data: Survival) -> Censoring:
    """Reverse Kaplan-Meier estimate; those who die at a time are no longer at risk of being censored at it."""
    times, place = np.unique(data.time_months, return_inverse=True)
    deaths = np.bincount(place[data.event], minlength=times.size)
    here = np.bincount(place, minlength=times.size)
    exposed = data.size - np.concatenate([[0], np.cumsum(here)[:-1]]) - deaths
    steps = np.where(exposed > 0, 1 - (here - deaths) / np.maximum(exposed, 1), 1.0)
    return Censoring(times=times, survival=np.cumprod(steps))


def censoring_of_draws(data: Survival, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same in each of B draws of the patients.

    Parameters
    ----------
    data : Survival
        N patients by rising time.
    counts : ndarray, shape (B, N)
        How often each is drawn.

    Returns
    -------
    before, at : ndarray, shape (B, N)
        Chance of being still observed at each patient's time, and beyond it.
    """
    first = np.flatnonzero(np.concatenate([[True], np.diff(data.time_months) > 0]))
    here = np.add.reduceat(counts, first, axis=1)
    deaths = np.add.reduceat(counts * data.event, first, axis=1)
    exposed = np.cumsum(here[:, ::-1], axis=1)[:, ::-1] - deaths
    after = np.cumprod(np.where(exposed > 0, 1 - (here - deaths) / np.maximum(exposed, 1), 1.0), axis=1)
    before = np.concatenate([np.ones((len(counts), 1)), after[:, :-1]], axis=1)
    place = np.cumsum(np.concatenate([[0], np.diff(data.time_months) > 0]))
    return before[:, place], after[:, place]
