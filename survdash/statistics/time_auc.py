"""How well a risk tells those who die before a time from those who live beyond it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.case import Survival
from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics.censoring import censoring_of_draws, estimate_censoring
from survdash.statistics.inputs import check_risk, check_survival, check_times
from survdash.statistics.resampling import check_draws, multiplicities, percentile_limits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimeAuc:
    """Cumulative/dynamic area under the ROC curve at T times; all (T,).

    ``cases`` died by the time, ``controls`` were followed beyond it. Value and limits are nan, with the reason in
    ``notes``, where either is missing.
    """

    times: np.ndarray
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cases: np.ndarray
    controls: np.ndarray
    notes: tuple[str, ...]


def time_auc(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    times: ArrayLike,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> TimeAuc:
    """Area under the curve at each of ``times``, with a percentile bootstrap interval.

    Parameters
    ----------
    risk, time, event : array_like, shape (N,)
    times : array_like, shape (T,)
        For instance 12, 36 and 60 months.
    resamples, seed, level
        As in ``concordance_interval``; the censoring is estimated anew in each draw.

    Returns
    -------
    TimeAuc

    Raises
    ------
    ClinicalError
        If an array is impossible.
    InputError
        If a time or a setting is impossible.

    Notes
    -----
    Deaths by the time are weighted by the inverse chance of being still observed then, 1 / G(t-); patients followed
    beyond it are the controls; ties in risk count half. Equals R ``timeROC`` (weighting "marginal"), and
    scikit-survival's ``cumulative_dynamic_auc`` up to its use of G(t): the two differ only where a death and a
    censoring fall on one time. O(N log N), a draw O(N). Source: Uno et al. (2007), Hung and Chiang (2010).
    """
    check_draws(resamples, level, seed)
    unsorted, asked = check_survival(time, event), check_times(times)
    if asked.ndim != 1:
        raise InputError("The times must be a list of numbers.")
    order = np.argsort(unsorted.time_months, kind="stable")
    data = unsorted.take(order)
    values = check_risk(risk, data.size)[order]
    weight = 1 / estimate_censoring(data).before(data.time_months)
    plain = _auc(values, data, np.ones((1, data.size)), np.tile(weight, (1, 1)), asked)[:, 0]
    draws = []
    for counts in multiplicities(data.size, np.random.default_rng(seed), resamples=resamples, width=8):
        seen = censoring_of_draws(data, counts)[0]
        draws.append(_auc(values, data, counts, 1 / np.where(seen > 0, seen, np.inf), asked))
    every = np.concatenate(draws, axis=1)
    limits = np.array([percentile_limits(row, level) for row in every]).reshape(-1, 2)
    cases = np.array([int((data.event & (data.time_months <= t)).sum()) for t in asked.tolist()], int)
    controls = np.array([int((data.time_months > t).sum()) for t in asked.tolist()], int)
    known = (cases > 0) & (controls > 0)
    notes = [
        f"no value at {t:g}: {'nobody died by then' if died == 0 else 'nobody was followed beyond'}"
        for t, died, ok in zip(asked.tolist(), cases.tolist(), known.tolist(), strict=True)
        if not ok
    ]
    return TimeAuc(
        times=asked, values=np.where(known, plain, np.nan), low=np.where(known, limits[:, 0], np.nan),
        high=np.where(known, limits[:, 1], np.nan), cases=cases, controls=controls, notes=tuple(notes),
    )  # fmt: skip


def _auc(values: np.ndarray, data: Survival, counts: np.ndarray, weight: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(T, B); counts and weight (B, N), patients by rising time."""
    order = np.argsort(values, kind="stable")
    first = np.flatnonzero(np.concatenate([[True], np.diff(values[order]) > 0]))
    found = np.empty((times.size, len(counts)))
    with np.errstate(invalid="ignore", divide="ignore"):
        for row, t in enumerate(times.tolist()):
            case = np.add.reduceat((counts * weight * (data.event & (data.time_months <= t)))[:, order], first, axis=1)
            control = np.add.reduceat((counts * (data.time_months > t))[:, order], first, axis=1)
            below = np.cumsum(control, axis=1) - control / 2
            found[row] = (case * below).sum(axis=1) / (case.sum(axis=1) * control.sum(axis=1))
    return found


def need_both(data: Survival, horizon: float) -> None:
    """Refuse a horizon by which nobody has died, or beyond which nobody was followed.

    Raises
    ------
    NotEnoughDataError
    """
    if not (data.event & (data.time_months <= horizon)).any():
        raise NotEnoughDataError(f"Nobody died by {horizon:g}.", hint="Choose a later horizon.")
    if not (data.time_months > horizon).any():
        raise NotEnoughDataError(f"Nobody was followed beyond {horizon:g}.", hint="Choose an earlier horizon.")
