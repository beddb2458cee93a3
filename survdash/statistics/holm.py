"""p-values of several tests together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def holm(p_values: ArrayLike) -> np.ndarray:
    """p-values corrected for their number by Holm's step-down method (1979); nan stays nan and is not counted.

    Parameters
    ----------
    p_values : array_like, shape (K,)

    Returns
    -------
    ndarray, shape (K,)
        At least as large as before, at most 1, in the same order. Equals R ``p.adjust(method="holm")``.
    """
    given = np.asarray(p_values, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(given))
    order = known[np.argsort(given[known], kind="stable")]
    result = np.full(given.shape, np.nan)
    factors = np.arange(order.size, 0, -1)
    result[order] = np.minimum(1.0, np.maximum.accumulate(given[order] * factors))
    return result
