"""How good out-of-fold risks are; costs no torch, so that pages can ask."""

from __future__ import annotations

import numpy as np
import pandas as pd

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.statistics.bootstrap import concordance_interval
from survdash.statistics.concordance import concordance


def informative(fold: np.ndarray, survival: Survival) -> np.ndarray:
    """True for the cases of folds in which at least one pair of patients can be compared: (N,) bool."""
    kept = np.zeros(len(fold), bool)
    for number in np.unique(fold):
        members = fold == number
        try:
            concordance(np.zeros(members.sum()), survival.time_months[members], survival.event[members])
        except NotEnoughDataError:
            continue
        kept |= members
    return kept


def held_out(fold: np.ndarray) -> np.ndarray:
    """True for the cases that a fold held out, by whom concordance is told: (N,) bool.

    Below zero stands a case that no fold saw and all judge together (``usecases.transfer``): a risk that is made in
    another way. All are True where there are no others.
    """
    kept = np.asarray(fold) >= 0
    return kept if kept.any() else np.ones(len(kept), bool)


def evaluate(predictions: pd.DataFrame, survival: Survival) -> dict[str, object]:
    """Concordance of out-of-fold risks.

    Parameters
    ----------
    predictions : DataFrame
        ``risk`` and ``fold``, one row a case.
    survival : Survival
        Of the same cases in the same order.

    Returns
    -------
    dict
        ``mean`` and ``sd`` (ddof 0, as the field prints it) over ``folds`` (a list), ``pooled`` over all cases, and
        ``low``, ``high``: 95 % bootstrap interval of the mean over folds. A fold without comparable pairs is None.
    """
    risk, fold = predictions["risk"].to_numpy(float), predictions["fold"].to_numpy()
    time_months, event = survival.time_months, survival.event
    kept = informative(fold, survival)
    by_fold = [
        concordance(risk[members], time_months[members], event[members]) if kept[members].all() else None
        for members in (fold == number for number in np.unique(fold))
    ]
    known = [value for value in by_fold if value is not None]
    _, low, high = concordance_interval(risk[kept], time_months[kept], event[kept], fold[kept])
    return {
        "mean": float(np.mean(known)), "sd": float(np.std(known)), "folds": by_fold,
        "pooled": float(concordance(risk, time_months, event)), "low": float(low), "high": float(high),
    }
