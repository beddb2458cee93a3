"""Whether a model works as well in the young as in the old, in women as in men, at every stage and site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.case import Survival
from survdash.errors import ClinicalError, InputError, NotEnoughDataError
from survdash.statistics.bootstrap import concordance_interval
from survdash.statistics.inputs import (
    check_horizon,
    check_labels,
    check_probabilities,
    check_risk,
    check_survival,
    is_missing,
)
from survdash.statistics.kaplan_meier import kaplan_meier

MANY_VALUES = 6  # a column of more distinct numbers is cut at its median


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SubgroupRow:
    """One group of patients; values are nan, and ``note`` says why, where it is too small.

    Parameters
    ----------
    factor, level : str
        ("all", "") in the first row.
    patients, events : int
    c, c_low, c_high : float
        Harrell's c with its interval.
    predicted : float
        Mean predicted risk at the horizon; nan without predictions.
    observed, observed_low, observed_high : float
        One less Kaplan-Meier at the horizon.
    note : str
    """

    factor: str
    level: str
    patients: int
    events: int
    c: float
    c_low: float
    c_high: float
    predicted: float
    observed: float
    observed_low: float
    observed_high: float
    note: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Study:
    risk: np.ndarray
    data: Survival
    predicted: np.ndarray | None
    fold: np.ndarray | None
    horizon: float | None
    fewest_patients: int
    fewest_deaths: int
    resamples: int
    seed: int


def subgroup_table(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    factors: Mapping[str, ArrayLike],
    *,
    predicted: ArrayLike | None = None,
    horizon: float | None = None,
    fold: ArrayLike | None = None,
    fewest_patients: int = 20,
    fewest_deaths: int = 10,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[SubgroupRow, ...]:
    """c-index and calibration of each level of each factor.

    Parameters
    ----------
    risk, time, event : array_like, shape (N,)
    factors : mapping of str to array_like, shape (N,)
        Words or few numbers are levels; more than six distinct numbers are cut at their median. Patients with a missing
        value have a row of their own, "unknown".
    predicted : array_like, shape (N,), optional
        Chance of dying by ``horizon``; both or none.
    horizon : float, optional
    fold : array_like, shape (N,), optional
        As in ``concordance_interval``: then the c-index is the mean over folds.
    fewest_patients, fewest_deaths : int, optional
        No value is given below.
    resamples, seed : int, optional

    Returns
    -------
    tuple of SubgroupRow
        All patients first, then factor by factor.

    Raises
    ------
    ClinicalError
        If an array is impossible.
    InputError
        If predictions or horizon are impossible, or one is given without the other.

    Notes
    -----
    Many groups are looked at, so some will differ by chance: the intervals are not corrected for their number.
    """
    data = check_survival(time, event)
    if (predicted is None) != (horizon is None):
        raise InputError("Predicted risks and their horizon are given together, or neither.")
    study = _Study(
        risk=check_risk(risk, data.size),
        data=data,
        predicted=None if predicted is None else check_probabilities(predicted, (data.size,), name="predicted risks"),
        fold=None if fold is None else check_labels(fold, data.size, name="fold")[1],
        horizon=None if horizon is None else check_horizon(horizon),
        fewest_patients=fewest_patients,
        fewest_deaths=fewest_deaths,
        resamples=resamples,
        seed=seed,
    )
    rows = [_row(study, "all", "", np.ones(data.size, bool))]
    for name, values in factors.items():
        rows += [_row(study, name, level, mine) for level, mine in _levels(name, values, data.size)]
    return tuple(rows)


def _levels(name: str, values: ArrayLike, patients: int) -> list[tuple[str, np.ndarray]]:
    given = np.asarray(values, dtype=object)
    if given.shape != (patients,):
        raise ClinicalError(f"The {name} column has shape {given.shape}, but there are {patients} patients.")
    unknown = np.array([is_missing(value) or value == "" for value in given.tolist()], bool)
    found = []
    if not unknown.all():
        inside = np.flatnonzero(~unknown)
        labels, codes = check_labels(np.array(given[inside].tolist()), inside.size, name=name)
        if labels.size > MANY_VALUES and np.issubdtype(labels.dtype, np.number):
            middle = float(np.median(labels[codes].astype(float)))
            codes = (labels[codes].astype(float) > middle).astype(int)
            words = [f"up to {middle:g}", f"above {middle:g}"]
        else:
            words = _level_names(labels)
        for code, word in enumerate(words):
            mine = np.zeros(patients, bool)
            mine[inside[codes == code]] = True
            found.append((word, mine))
    if unknown.any():
        found.append(("unknown", unknown))
    return found


def _level_names(labels: np.ndarray) -> list[str]:
    if not np.issubdtype(labels.dtype, np.floating):
        return [str(label) for label in labels.tolist()]
    # As short as tells them apart: an age computed from days is 71.123456789.
    for digits in range(4, 17):
        words = [f"{label:.{digits}g}" for label in labels.tolist()]
        if len(set(words)) == len(words):
            return words
    return [repr(label) for label in labels.tolist()]


def _row(study: _Study, factor: str, level: str, mine: np.ndarray) -> SubgroupRow:
    data = study.data.take(mine)
    deaths, nothing = int(data.event.sum()), float("nan")
    c = (nothing, nothing, nothing)
    predicted, observed, note = nothing, (nothing, nothing, nothing), ""
    if data.size < study.fewest_patients or deaths < study.fewest_deaths:
        note = f"too small: {data.size} patients, {deaths} deaths"
    else:
        try:
            c = concordance_interval(
                study.risk[mine], data.time_months, data.event, None if study.fold is None else study.fold[mine],
                resamples=study.resamples, seed=study.seed,
            )  # fmt: skip
        except NotEnoughDataError as error:
            note = f"no c-index: {error.message}"
        if study.predicted is not None and study.horizon is not None:
            predicted = float(study.predicted[mine].mean())
            alive = [float(x[0]) for x in kaplan_meier(data.time_months, data.event).at([study.horizon])]
            observed = (1 - alive[0], 1 - alive[2], 1 - alive[1])
            if np.isnan(alive[0]):
                note = f"{note}; not followed to {study.horizon:g}".lstrip("; ")
    return SubgroupRow(
        factor=factor, level=level, patients=data.size, events=deaths, c=c[0], c_low=c[1], c_high=c[2],
        predicted=predicted, observed=observed[0], observed_low=observed[1], observed_high=observed[2], note=note,
    )  # fmt: skip
