"""Discrete time bins, cut on the training fold alone.

The field's reference code cuts at quantiles of the whole data set, held-out patients included; that small leak is
not copied.
"""

from __future__ import annotations

import numpy as np

from survdash.case import Survival
from survdash.errors import NotEnoughDataError


def fit_bins(training: Survival, *, bins: int) -> np.ndarray:
    """Edges of the time bins in months.

    Parameters
    ----------
    training : Survival
        Patients of the training fold.
    bins : int
        Number of bins B.

    Returns
    -------
    ndarray, shape (B + 1,)
        0, the inner quantiles of the uncensored times, the longest follow-up; rising strictly.

    Raises
    ------
    NotEnoughDataError
        If fewer than B distinct death times leave a bin without width.
    """
    deaths = training.time_months[training.event]
    if deaths.size < bins:
        raise NotEnoughDataError(
            f"{deaths.size} deaths in a training fold are too few for {bins} time bins.",
            hint="Use fewer folds or a cohort with more deaths.",
        )
    inner = np.quantile(deaths, np.arange(1, bins) / bins)
    edges = np.concatenate([[0.0], inner, [training.time_months.max()]])
    if (np.diff(edges) <= 0).any():
        raise NotEnoughDataError(f"Deaths share too few distinct times for {bins} time bins: edges {edges.round(2)}.")
    return edges


def assign_bins(time_months: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Bin of each time, (N,) int64 in 0..B-1: bin k holds edges[k] < t <= edges[k + 1]; beyond the end is the last."""
    return np.clip(np.searchsorted(edges, time_months, side="left") - 1, 0, len(edges) - 2).astype(np.int64)


def curve_on_grid(survival: np.ndarray, edges: np.ndarray, months: np.ndarray) -> np.ndarray:
    """Read a discrete survival curve at any month, with a constant hazard within each bin.

    Parameters
    ----------
    survival : ndarray, shape (..., B)
        Probability to be alive at the end of each bin.
    edges : ndarray, shape (B + 1,)
    months : ndarray, shape (K,)
        Within [0, edges[-1]].

    Returns
    -------
    ndarray, shape (..., K)
    """
    logs = np.log(np.clip(survival, 1e-12, 1.0))
    logs = np.concatenate([np.zeros((*logs.shape[:-1], 1)), logs], axis=-1)
    bin_of = np.clip(np.searchsorted(edges, months, side="right") - 1, 0, len(edges) - 2)
    share = (months - edges[bin_of]) / (edges[bin_of + 1] - edges[bin_of])
    result: np.ndarray = np.exp(logs[..., bin_of] * (1 - share) + logs[..., bin_of + 1] * share)
    return result
