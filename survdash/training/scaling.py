"""Fill, clip and standardise columns by rules fitted on the training fold.

Real gene tables hold z-scores up to 14,070 and some tile features are constant over a cohort; without clipping and
without dropping the constant ones, a held-out patient can land thousands of standard deviations away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TAIL = 0.005
FLAT = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scaler:
    """Column rules of a training fold, each of shape (P,) float32.

    A missing value becomes ``fill`` (the median); values are clipped to ``low`` and ``high`` (the 0.5 % and 99.5 %
    quantiles), centred and divided by ``scale``; a column that is constant in training becomes 0.
    """

    fill: np.ndarray
    low: np.ndarray
    high: np.ndarray
    centre: np.ndarray
    scale: np.ndarray

    def apply(self, table: np.ndarray) -> np.ndarray:
        """Scale an (n, P) table to float32."""
        values = np.array(table, np.float32)
        missing = np.isnan(values)
        if missing.any():
            values = np.where(missing, self.fill, values)
        np.clip(values, self.low, self.high, out=values)
        values -= self.centre
        values /= self.scale
        return values


def fit_scaler(table: np.ndarray) -> Scaler:
    """Fit the rules on (n, P) training rows; a column without any value becomes 0 everywhere."""
    values = np.asarray(table, np.float64)
    empty = np.isnan(values).all(axis=0)
    values = np.where(empty, 0.0, values)
    fill, low, high = np.nanquantile(values, [0.5, TAIL, 1 - TAIL], axis=0)
    kept = np.clip(np.where(np.isnan(values), fill, values), low, high)
    centre, spread = kept.mean(axis=0), kept.std(axis=0)
    flat = spread <= FLAT * (1 + np.abs(centre))
    parts = {
        "fill": fill, "low": np.where(flat, centre, low), "high": np.where(flat, centre, high), "centre": centre,
        "scale": np.where(flat, 1.0, spread),
    }
    return Scaler(**{name: value.astype(np.float32) for name, value in parts.items()})
