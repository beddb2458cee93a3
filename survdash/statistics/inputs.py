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
    missing = [row for row, label in enumerate(given.tolist()) if _is_missing(label)]
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


def _is_missing(label: object) -> bool:
    try:
        return label is None or bool(label != label)
    except TypeError:  # a missing value of pandas: it compares to neither true nor false
        return True
