"""Patients who are suspiciously alike: the same one twice, under two numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.errors import InputError

ALIKE = 0.99  # correlation of two rows; two samples of one tumour reach .95, other patients hardly .9
MOST = 1000  # pairs that are told


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """Two rows, ``first`` before ``second``, and how alike they are, from ``ALIKE`` to 1."""

    first: int
    second: int
    correlation: float


def find_twins(values: ArrayLike, *, least: float = ALIKE) -> tuple[Twins, ...]:
    """Pairs of rows whose numbers, each column standardised and squashed, are correlated by ``least`` or more.

    Parameters
    ----------
    values : array_like, shape (N, P)
        NaN counts as the column's mean.
    least : float, optional

    Returns
    -------
    tuple of Twins
        The most alike first. Rows that are the same in every column are found whatever their spread.

    Raises
    ------
    InputError
        If it is no table.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(20, 50))
    >>> [(one.first, one.second) for one in find_twins(np.vstack([rows, rows[3]]))]
    [(3, 20)]
    """
    table = np.asarray(values, np.float64)
    if table.ndim != 2:
        raise InputError(f"Values of shape {table.shape} are no table of patients.")
    if len(table) < 2 or not table.shape[1]:
        return ()
    mean = np.nan_to_num(np.nanmean(np.where(np.isnan(table).all(axis=0), 0.0, table), axis=0))
    filled = np.where(np.isnan(table), mean, table)
    spread = filled.std(axis=0)
    squashed = np.arcsinh((filled - mean) / np.where(spread > 0, spread, 1.0))
    centred = squashed - squashed.mean(axis=1, keepdims=True)
    size = np.linalg.norm(centred, axis=1)
    alike = centred @ centred.T / np.maximum(np.outer(size, size), 1e-300)
    first, second = np.triu_indices(len(table), 1)
    chosen = np.flatnonzero(alike[first, second] >= least)
    order = chosen[np.argsort(-alike[first[chosen], second[chosen]], kind="stable")][:MOST]
    return tuple(
        Twins(first=int(first[pair]), second=int(second[pair]), correlation=min(1.0, float(alike[first[pair],
              second[pair]]))) for pair in order
    )  # fmt: skip
