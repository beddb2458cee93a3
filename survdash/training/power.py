"""Yeo and Johnson's power transformation, each column by its own power, all columns at once.

Yeo & Johnson (2000), "A new family of power transformations to improve normality or symmetry", Biometrika 87. SciPy and
scikit-learn fit one column after another, which takes ten seconds for the genes of a cohort; this takes a fifth of one.
"""

from __future__ import annotations

import numpy as np

LOWEST, HIGHEST = -3.0, 3.0  # a column with a few patients apart from all others would ask for powers of -50
STEPS = 18  # of golden sections: the power is then known to a thousandth
GOLDEN = (5**0.5 - 1) / 2
AT_ONCE = 64  # columns; their numbers stay in the processor's cache, which makes it three times as fast
LEAST_POWER = 1e-9  # below it the logarithm is the same to nine digits
LEAST = 1e-12


def yeo_johnson(values: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Bend (n, P) values, each column by its power (P,).

    With power p a value x not below 0 becomes ((1 + x)^p - 1) / p, and one below 0, with q = 2 - p,
    (1 - (1 - x)^q) / q; the logarithm where that power is 0. With 1 nothing changes.
    """
    above = values >= 0
    return _bend(np.log1p(np.abs(values)), above, power)


def unbent(values: np.ndarray, power: np.ndarray) -> np.ndarray:
    """What ``yeo_johnson`` made ``values`` of; both (P,) or (n, P)."""
    above = values >= 0
    own = np.where(above, power, 2 - power)
    near = np.abs(own) < LEAST_POWER
    size = np.abs(values)
    log = np.where(near, size, np.log1p(own * size) / np.where(near, 1, own))
    result: np.ndarray = np.where(above, np.expm1(log), -np.expm1(log)).astype(values.dtype)
    return result


def fit_powers(values: np.ndarray) -> np.ndarray:
    """The power of each of P columns of (n, P) values for which a normal distribution is most likely: (P,).

    Between ``LOWEST`` and ``HIGHEST``, by golden sections; the likelihood has one maximum.
    """
    parts = [
        _fit_some(np.ascontiguousarray(values[:, start : start + AT_ONCE]))
        for start in range(0, values.shape[1], AT_ONCE)
    ]
    return np.concatenate([np.zeros(0), *parts])


def _fit_some(values: np.ndarray) -> np.ndarray:
    above, log = values >= 0, np.log1p(np.abs(values))
    slope = np.where(above, log, -log).sum(axis=0)

    def loss(power: np.ndarray) -> np.ndarray:
        variance = np.maximum(_bend(log, above, power).var(axis=0), LEAST)
        result: np.ndarray = len(values) / 2 * np.log(variance) - (power - 1) * slope
        return result

    low, high = np.full(values.shape[1], LOWEST), np.full(values.shape[1], HIGHEST)
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(STEPS):
        lower = at_left < at_right
        low, high = np.where(lower, low, left), np.where(lower, right, high)
        kept, at_kept = np.where(lower, left, right), np.where(lower, at_left, at_right)
        new = low + high - kept
        at_new = loss(new)
        left, at_left = np.where(lower, new, kept), np.where(lower, at_new, at_kept)
        right, at_right = np.where(lower, kept, new), np.where(lower, at_kept, at_new)
    return (low + high) / 2


def _bend(log: np.ndarray, above: np.ndarray, power: np.ndarray) -> np.ndarray:
    """``yeo_johnson`` of values whose ``log1p`` without sign is known."""
    own = np.where(above, power, 2 - power)
    near = np.abs(own) < LEAST_POWER
    bent = np.where(near, log, np.expm1(own * log) / np.where(near, 1, own))
    result: np.ndarray = np.where(above, bent, -bent).astype(log.dtype)
    return result
