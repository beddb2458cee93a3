"""What every statistic asks of its arrays, asked in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from survdash.case import Survival
from survdash.errors import ClinicalError, InputError, NotEnoughDataError


def check_survival(time: ArrayLike, event: ArrayLike) -> Survival:
    """Follow-up of at least one patient.

    Parameters
    ----------
    time : array_like, shape (N,)
        Above zero.
    event : array_like, shape (N,)
        True for a death.

    Returns
    -------
    Survival

    Raises
    ------
    ClinicalError
        If a time or an event is impossible.
    NotEnoughDataError
        If there is no patient.
    """
    survival = Survival(time_months=to_numbers(time, name="follow-up times"), event=np.asarray(event))
    if survival.size == 0:
        raise NotEnoughDataError("There is no patient.", hint="Choose a group with at least one patient.")
    return survival


def to_numbers(values: ArrayLike, *, name: str) -> np.ndarray:
    """``values`` as a float64 array.

    Raises
    ------
    ClinicalError
        If one of them is no number; the message calls them ``name``.
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise ClinicalError(
            f"The {name} are not all numbers: {error}.", hint="Give a column of numbers, without words."
        ) from error


def check_entry(entry: ArrayLike | None, data: Survival) -> np.ndarray | None:
    """When each patient came under observation; None where all were from the start.

    Parameters
    ----------
    entry : array_like, shape (N,), or None
        At or above zero and before the end of follow-up: a patient is at risk at t when entry < t <= time.
    data : Survival

    Raises
    ------
    ClinicalError
        If one is missing, below zero, or not before the end of follow-up.
    """
    if entry is None:
        return None
    values = to_numbers(entry, name="entry times")
    if values.shape != (data.size,):
        raise ClinicalError(f"Entry times have shape {values.shape}, but there are {data.size} patients.")
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0) & (values < data.time_months)))
    if bad.size:
        raise ClinicalError(
            f"{bad.size} entry times are missing, below zero or not before the end of follow-up; "
            f"the first is in row {bad[0] + 1}.",
            hint="A patient must enter before leaving; both times count from the same day.",
        )
    return values


def check_times(times: ArrayLike) -> np.ndarray:
    """Finite times at or above zero, float64.

    Raises
    ------
    InputError
    """
    asked = to_numbers(times, name="times to look up")
    if not (np.isfinite(asked) & (asked >= 0)).all():
        raise InputError("Times to look up must be finite and not below zero.")
    return asked


def check_horizon(horizon: float) -> float:
    """A finite time above zero.

    Raises
    ------
    InputError
    """
    if not (np.isfinite(horizon) and horizon > 0):
        raise InputError(f"A horizon of {horizon} is not possible.", hint="Give a time above zero.")
    return float(horizon)


def check_probabilities(values: ArrayLike, shape: tuple[int, ...], *, name: str) -> np.ndarray:
    """Numbers in [0, 1] of the given shape, float64.

    Raises
    ------
    InputError
        If the shape is another or a value is no probability.
    """
    given = to_numbers(values, name=name)
    if given.shape != shape:
        raise InputError(f"The {name} have shape {given.shape}; they must have {shape}.")
    if not ((given >= 0) & (given <= 1)).all():
        raise InputError(f"The {name} must lie between 0 and 1.", hint="Give probabilities, not percent or risks.")
    return given


def check_level(level: float) -> None:
    """Refuse a confidence level that is not between 0 and 1.

    Raises
    ------
    InputError
    """
    if not 0 < level < 1:
        raise InputError(f"A confidence level of {level} is not possible.", hint="Use for instance 0.95.")


def check_seed(seed: int) -> None:
    """Refuse a seed that no generator takes.

    Raises
    ------
    InputError
    """
    if seed < 0:
        raise InputError(f"A seed of {seed} is not possible.", hint="Use 0 or a positive whole number.")


def check_risk(risk: ArrayLike, patients: int) -> np.ndarray:
    """One finite number per patient, float64; higher is worse.

    Raises
    ------
    ClinicalError
        If the length is another, or a value is missing or no number.
    """
    values = to_numbers(risk, name="risks")
    if values.shape != (patients,):
        raise ClinicalError(f"Risks have shape {values.shape}, but there are {patients} patients.")
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise ClinicalError(
            f"{bad.size} risks are missing or infinite; the first is in row {bad[0] + 1}.",
            hint="Leave these patients out, they have no prediction.",
        )
    return values


def check_labels(labels: ArrayLike, patients: int, *, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Sorted distinct labels, and each patient's place among them.

    Labels that are all of ``low``, ``medium`` and ``high`` come in that order, not in the alphabet's.

    Returns
    -------
    values : ndarray, shape (K,)
    codes : ndarray, shape (N,)
        int, index into ``values``.

    Raises
    ------
    ClinicalError
        If the length is another or a label is missing.
    """
    given = np.asarray(labels)
    if given.shape != (patients,):
        raise ClinicalError(f"The {name} column has shape {given.shape}, but there are {patients} patients.")
    missing = [row for row, label in enumerate(given.tolist()) if is_missing(label)]
    if missing:
        raise ClinicalError(f"{len(missing)} patients have no {name}; the first is in row {missing[0] + 1}.")
    try:
        values, codes = np.unique(given, return_inverse=True)
    except TypeError as error:
        raise ClinicalError(
            f"The {name} column mixes words and numbers, which have no order.", hint="Use one kind of label."
        ) from error
    order = ("low", "medium", "high")
    if values.size > 1 and set(values.tolist()) <= set(order):
        rank = np.argsort([order.index(label) for label in values.tolist()])
        values, codes = values[rank], np.argsort(rank)[codes]
    return values, codes


def is_missing(label: object) -> bool:
    """Whether a cell of a table is empty: None, nan, or what pandas puts there."""
    try:
        return label is None or bool(label != label)
    except TypeError:  # a missing value of pandas: it compares to neither true nor false
        return True
