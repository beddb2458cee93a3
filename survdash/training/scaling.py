"""Fill, clip, bend and standardise columns by rules fitted on the training fold.

Real gene tables hold z-scores up to 14,070 and some tile features are constant over a cohort; without clipping and
without dropping the constant ones, a held-out patient can land thousands of standard deviations away. Expression is
skewed besides: on the scale on which it is told a few patients carry most of a gene's variance, so that each column is
brought nearest to a normal distribution (``training.power``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survdash.training.power import fit_powers, unbent, yeo_johnson

TAIL = 0.005
FLAT = 1e-6
UNITS = 4.0  # of a column to be bent, from the lower to the upper tail: the median is then 0 and nothing beyond 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scaler:
    """Column rules of a training fold, each of shape (P,) float32.

    A missing value becomes ``fill`` (the median); values are clipped to ``low`` and ``high`` (the 0.5 % and 99.5 %
    quantiles), those of columns with a ``power`` other than 1 bent by it, and all are centred and divided by ``scale``;
    a column that is constant in training becomes 0. Files of the time before columns were bent have no ``power``.
    """

    fill: np.ndarray
    low: np.ndarray
    high: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    power: np.ndarray | None = None

    def apply(self, table: np.ndarray) -> np.ndarray:
        """Scale an (n, P) table to float32."""
        values = np.array(table, np.float32)
        missing = np.isnan(values)
        if missing.any():
            values = np.where(missing, self.fill, values)
        np.clip(values, self.low, self.high, out=values)
        if self.power is not None:
            bent = np.flatnonzero(self.power != 1)
            values[:, bent] = yeo_johnson((values[:, bent] - self.fill[bent]) / self._unit(bent), self.power[bent])
        values -= self.centre
        values /= self.scale
        return values

    @property
    def average(self) -> np.ndarray:
        """The row that ``apply`` makes 0 in every column: (P,)."""
        row = self.centre.copy()
        if self.power is not None:
            bent = np.flatnonzero(self.power != 1)
            row[bent] = unbent(row[bent], self.power[bent]) * self._unit(bent) + self.fill[bent]
        return row

    def _unit(self, bent: np.ndarray) -> np.ndarray:
        result: np.ndarray = (self.high[bent] - self.low[bent]) / np.float32(UNITS)
        return result


def fit_scaler(table: np.ndarray, *, skewed: np.ndarray | None = None) -> Scaler:
    """Fit the rules on (n, P) training rows; a column without any value becomes 0 everywhere.

    Parameters
    ----------
    table : ndarray, shape (n, P)
        NaN where a value is missing.
    skewed : ndarray, shape (P,), optional
        True for the columns to bend.
    """
    values = np.asarray(table, np.float64)
    empty = np.isnan(values).all(axis=0)
    values = np.where(empty, 0.0, values)
    fill, low, high = np.nanquantile(values, [0.5, TAIL, 1 - TAIL], axis=0)
    kept = np.clip(np.where(np.isnan(values), fill, values), low, high)
    flat = kept.std(axis=0) <= FLAT * (1 + np.abs(kept.mean(axis=0)))
    power = None
    if skewed is not None and (bent := np.flatnonzero(skewed & ~flat)).size:
        power = np.ones(values.shape[1])
        units = (kept[:, bent] - fill[bent]) * UNITS / (high - low)[bent]
        power[bent] = fit_powers(units)
        kept[:, bent] = yeo_johnson(units, power[bent])
    centre, spread = kept.mean(axis=0), kept.std(axis=0)
    parts = {
        "fill": fill, "low": np.where(flat, centre, low), "high": np.where(flat, centre, high), "centre": centre,
        "scale": np.where(flat, 1.0, spread),
    }
    if power is not None:
        parts["power"] = power
    return Scaler(**{name: value.astype(np.float32) for name, value in parts.items()})
