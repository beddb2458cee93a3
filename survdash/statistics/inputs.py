"""What every statistic asks of its arrays, asked in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from survdash.case import Survival
from survdash.errors import ClinicalError, NotEnoughDataError


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
    survival = Survival(time_months=np.asarray(time), event=np.asarray(event))
    if survival.size == 0:
        raise NotEnoughDataError("There is no patient.", hint="Choose a group with at least one patient.")
    return survival


def check_risk(risk: ArrayLike, patients: int) -> np.ndarray:
    """One finite number per patient, float64; higher is worse.

    Raises
    ------
    ClinicalError
        If the length is another or a value is missing.
    """
    values = np.asarray(risk, dtype=np.float64)
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
    missing = [row for row, label in enumerate(given.tolist()) if label is None or label != label]
    if missing:
        raise ClinicalError(f"{len(missing)} patients have no {name}; the first is in row {missing[0] + 1}.")
    values, codes = np.unique(given, return_inverse=True)
    order = ("low", "medium", "high")
    if values.size > 1 and set(values.tolist()) <= set(order):
        rank = np.argsort([order.index(label) for label in values.tolist()])
        values, codes = values[rank], np.argsort(rank)[codes]
    return values, codes
