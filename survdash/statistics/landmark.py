"""Only those still followed at a landmark, counted from there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.statistics.inputs import check_horizon, check_survival


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Landmark:
    """Patients followed beyond the landmark.

    Parameters
    ----------
    at : float
    kept : ndarray, shape (N,)
        bool: followed beyond it.
    survival : Survival
        Of those kept, time counted from the landmark.
    died_before, censored_before : int
        Left out: their follow-up ended at or before the landmark.
    """

    at: float
    kept: np.ndarray
    survival: Survival
    died_before: int
    censored_before: int


def landmark(time: ArrayLike, event: ArrayLike, *, at: float) -> Landmark:
    """Restart the clock at a time, so that what happened before it may define groups without favouring survivors.

    Parameters
    ----------
    time, event : array_like, shape (N,)
    at : float
        Above zero.

    Returns
    -------
    Landmark

    Raises
    ------
    ClinicalError
        If an array is impossible.
    InputError
        If ``at`` is impossible.
    NotEnoughDataError
        If nobody was followed beyond it.

    Notes
    -----
    Source: Anderson, Cain and Gelber (1983).
    """
    data, start = check_survival(time, event), check_horizon(at)
    kept = data.time_months > start
    if not kept.any():
        raise NotEnoughDataError(f"Nobody was followed beyond {start:g}.", hint="Choose an earlier landmark.")
    return Landmark(
        at=start,
        kept=kept,
        survival=Survival(time_months=data.time_months[kept] - start, event=data.event[kept]),
        died_before=int((data.event & ~kept).sum()),
        censored_before=int((~data.event & ~kept).sum()),
    )
