"""How often the patient with the higher risk dies first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.case import Survival
from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics.inputs import check_risk, check_survival

BLOCK = 2_000_000  # pairs looked at together: some megabytes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Comparable pairs by what the risk says about them."""

    concordant: int
    discordant: int
    tied_risk: int

    @property
    def value(self) -> float:
        """Harrell's c: concordant pairs, ties in risk as half, over all comparable pairs."""
        total = self.concordant + self.discordant + self.tied_risk
        return (self.concordant + 0.5 * self.tied_risk) / total


def comparable(data: Survival, rows: np.ndarray) -> np.ndarray:
    """Which patients are known to have outlived each death in ``rows``.

    Parameters
    ----------
    data : Survival
        N patients.
    rows : ndarray, shape (R,)
        Indices of patients who died.

    Returns
    -------
    ndarray, shape (R, N)
        True where the column's time is longer, or equal and censored.
    """
    time = data.time_months[rows, None]
    return (data.time_months > time) | ((data.time_months == time) & ~data.event)


def count_pairs(risk: ArrayLike, time: ArrayLike, event: ArrayLike) -> Pairs:
    """Count comparable pairs; arguments and errors as ``concordance``."""
    data = check_survival(time, event)
    values = check_risk(risk, data.size)
    deaths = np.flatnonzero(data.event)
    concordant = discordant = tied = 0
    for rows in np.array_split(deaths, max(1, deaths.size * data.size // BLOCK)):
        pairs, mine = comparable(data, rows), values[rows, None]
        higher, same = int((pairs & (mine > values)).sum()), int((pairs & (mine == values)).sum())
        concordant, tied = concordant + higher, tied + same
        discordant += int(pairs.sum()) - higher - same
    if concordant + discordant + tied == 0:
        raise NotEnoughDataError(
            f"No two of {data.size} patients can be compared.",
            hint="At least one death must be outlived by another patient.",
        )
    return Pairs(concordant=concordant, discordant=discordant, tied_risk=tied)


def concordance(risk: ArrayLike, time: ArrayLike, event: ArrayLike) -> float:
    """Harrell's c-index: 0.5 is chance, 1 is a perfect order.

    Parameters
    ----------
    risk : array_like, shape (N,)
        Higher is worse. A constant risk gives 0.5.
    time : array_like, shape (N,)
    event : array_like, shape (N,)
        True for a death.

    Returns
    -------
    float

    Raises
    ------
    ClinicalError
        If a risk, a time or an event is impossible.
    NotEnoughDataError
        If no pair can be compared (one patient, no death).

    Notes
    -----
    A pair is comparable when the shorter time ends in death; at equal times a death counts as before a censored
    patient, and two deaths do not compare. Ties in risk count half. Equals R ``survival::concordance``.
    Source: Harrell et al. (1982).
    """
    return count_pairs(risk, time, event).value


def concordance_uno(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    train_time: ArrayLike,
    train_event: ArrayLike,
    tau: float | None = None,
) -> float:
    """Uno's c-index: pairs weighted by the inverse chance of not being censored, up to ``tau``.

    Parameters
    ----------
    risk, time, event : array_like, shape (N,)
        As in ``concordance``.
    train_time, train_event : array_like, shape (K,)
        Patients in whom the censoring is estimated.
    tau : float, optional
        Deaths at or beyond it are left out; None uses all.

    Returns
    -------
    float

    Raises
    ------
    ClinicalError
        If a risk, a time or an event is impossible.
    NotEnoughDataError
        If no pair can be compared before ``tau``, or the training patients were not followed long enough.

    Notes
    -----
    scikit-survival's ``concordance_index_ipcw``. Source: Uno et al. (2011).
    """
    if tau is not None and not tau > 0:
        raise InputError(f"A horizon of {tau} is not possible.", hint="Give a time above zero.")
    data, train = check_survival(time, event), check_survival(train_time, train_event)
    values = check_risk(risk, data.size)
    used = data.event & (data.time_months < (np.inf if tau is None else tau))
    if not comparable(data, np.flatnonzero(used)).any():
        raise NotEnoughDataError("No two patients can be compared before the horizon.", hint="Choose a later one.")
    if data.time_months[used].max() > train.time_months.max():
        raise NotEnoughDataError(
            "The patients in whom censoring is estimated were not followed as long as these.",
            hint=f"Choose a horizon up to {train.time_months.max():g}.",
        )
    from sksurv.exceptions import NoComparablePairException
    from sksurv.metrics import concordance_index_ipcw
    from sksurv.util import Surv

    try:
        result = concordance_index_ipcw(
            Surv.from_arrays(train.event, train.time_months),
            Surv.from_arrays(data.event, data.time_months),
            values,
            tau=tau,
        )
    except (ValueError, NoComparablePairException) as error:
        raise NotEnoughDataError(
            f"Uno's c-index cannot be computed: {error}.", hint="Choose an earlier horizon."
        ) from error
    return float(result[0])
