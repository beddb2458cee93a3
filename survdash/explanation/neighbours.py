"""Patients whom a model sees as like a case, among those that its fold models never saw."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from survdash.case import Survival
from survdash.explanation.record import Neighbour

SHOWN = 8
FLAT = 1e-6


def find_neighbours(
    own: Mapping[int, np.ndarray], fused: np.ndarray, predictions: pd.DataFrame, survival: Survival, *,
    leave_out: str = "",
) -> tuple[Neighbour, ...]:
    """The nearest held-out patients, fold by fold, joined by how rare so small a distance is.

    Each fold model has a space of its own, so the case is set among the held-out patients of a fold as that fold's
    model sees all of them. A distance is told as the share of pairs of these patients that lie closer together, which
    is a number of one meaning in every fold.

    Parameters
    ----------
    own : mapping
        Fold to the (W,) vector of the case under that fold's model: all folds for a new case, the one that held him or
        her out for a patient of the cohort.
    fused : ndarray, shape (N, W)
        Stored vectors of the cohort, each by the model of the patient's fold, in the order of ``predictions``.
    predictions : DataFrame
        ``case_id``, ``fold`` and ``risk``.
    survival : Survival
        In the same order.
    leave_out : str
        The case itself, where it is a patient of the cohort.
    """
    found: list[Neighbour] = []
    ids, folds = predictions["case_id"].to_numpy(str), predictions["fold"].to_numpy(int)
    for fold, vector in own.items():
        places = np.flatnonzero((folds == fold) & (ids != leave_out))
        if places.size < 2:
            continue
        table = fused[places].astype(np.float64)
        spread = table.std(axis=0)
        used = spread > FLAT  # units that are silent for all say nothing
        table, mine = table[:, used] / spread[used], vector[used].astype(np.float64) / spread[used]
        between = np.sort(_pair_distances(table))
        distance = np.sqrt(((table - mine) ** 2).sum(axis=1))
        farness = np.searchsorted(between, distance) / between.size
        found += [_neighbour(place, far, predictions, survival)
                  for place, far in zip(places.tolist(), farness.tolist(), strict=True)]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.farness, one.case_id))[:SHOWN])


def _pair_distances(table: np.ndarray) -> np.ndarray:
    """Distance of each of n (n - 1) / 2 pairs of rows."""
    first, second = np.triu_indices(len(table), k=1)
    squares = (table**2).sum(axis=1)
    return np.sqrt(np.maximum(squares[first] + squares[second] - 2 * (table @ table.T)[first, second], 0.0))


def _neighbour(place: int, farness: float, predictions: pd.DataFrame, survival: Survival) -> Neighbour:
    row = predictions.iloc[place]
    return Neighbour(
        case_id=str(row["case_id"]), fold=int(row["fold"]), farness=float(farness), risk=float(row["risk"]),
        time_months=float(survival.time_months[place]), died=bool(survival.event[place]),
    )
