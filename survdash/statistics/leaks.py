"""Columns that know the outcome: a slide feature that orders the patients almost perfectly was made from their outcome.

No image tells so much: the best published c-indices of slides lie below 0.75. Such a column is an outcome that slipped
into the table under another name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics.concordance import count_by_patient
from survdash.statistics.inputs import check_survival

# Chance alone: with 20 deaths the c-index of a random column has a standard deviation of about 0.07, so that 0.45 from
# one half is six of them, beyond the reach of some thousand columns.
TOO_GOOD, FEWEST_EVENTS = 0.45, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A column, the measure by which it is too good ("c-index", or "AUC" of the event), and its value, above 0.95."""

    name: str
    measure: str
    value: float

    @property
    def words(self) -> str:
        """One sentence for the user."""
        what = "orders the patients by their outcome" if self.measure == "c-index" else "tells who died"
        return f"Column {self.name!r} {what} ({self.measure} {self.value:.2f}): an outcome under another name?"


def find_leaks(values: ArrayLike, names: Sequence[str], time: ArrayLike, event: ArrayLike) -> tuple[Leak, ...]:
    """Columns that predict the outcome almost perfectly, either way round.

    Parameters
    ----------
    values : array_like, shape (N, F)
        Features; NaN where missing, which is left out column by column.
    names : sequence of str, length F
    time : array_like, shape (N,)
        Follow-up, above zero.
    event : array_like, shape (N,)
        True for a death.

    Returns
    -------
    tuple of Leak
        In the order of the columns. Columns with fewer than 20 deaths, or 20 survivors for the AUC, are not judged.

    Raises
    ------
    InputError
        If the shapes do not fit.

    Notes
    -----
    Harrell's c-index finds columns made from the time; the area under the ROC curve of the event (Mann-Whitney) finds
    the event itself, whose c-index is lower because pairs of two deaths are tied in it.

    Examples
    --------
    >>> time = np.arange(1.0, 61.0)
    >>> event = np.arange(60) % 2 == 0
    >>> [leak.name for leak in find_leaks(np.column_stack([time, time % 7]), ["f1", "f2"], time, event)]
    ['f1']
    """
    table, data = np.asarray(values, float), check_survival(time, event)
    if table.ndim != 2 or table.shape != (data.size, len(names)):
        raise InputError(f"{table.shape} values do not fit {data.size} patients and {len(names)} names.")
    found = []
    for name, column in zip(names, table.T, strict=True):
        known = np.flatnonzero(np.isfinite(column))
        here, deaths = column[known], data.event[known]
        if deaths.sum() < FEWEST_EVENTS or here.min() == here.max():
            continue
        try:
            c = count_by_patient(here, data.take(known)).value
        except NotEnoughDataError:
            continue  # no pair can be compared: nothing can be told
        if abs(c - 0.5) > TOO_GOOD:
            found.append(Leak(name=str(name), measure="c-index", value=max(c, 1 - c)))
        elif (~deaths).sum() >= FEWEST_EVENTS and abs((area := _area(here, deaths)) - 0.5) > TOO_GOOD:
            found.append(Leak(name=str(name), measure="AUC", value=max(area, 1 - area)))
    return tuple(found)


def _area(values: np.ndarray, event: np.ndarray) -> float:
    """Area under the ROC curve: how often a patient who died has the higher value."""
    died, alive = int(event.sum()), int((~event).sum())
    return float((rankdata(values)[event].sum() - died * (died + 1) / 2) / (died * alive))
