"""Drawing patients anew: the same draws for every statistic that is compared."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from survdash.errors import InputError
from survdash.statistics.inputs import check_level, check_seed

BLOCK = 20_000_000  # numbers held together


def check_draws(resamples: int, level: float, seed: int) -> None:
    """Refuse impossible settings of a bootstrap.

    Raises
    ------
    InputError
    """
    check_seed(seed)
    check_level(level)
    if resamples < 1:
        raise InputError(f"{resamples} draws are not possible.", hint="Use for instance 1000.")


def multiplicities(
    patients: int, generator: np.random.Generator, *, resamples: int, width: int = 1
) -> Iterator[np.ndarray]:
    """How often each patient is drawn with replacement.

    Deaths and censored patients are drawn together: a fixed number of deaths would hide that it varies from cohort to
    cohort, and a 95 % interval of the c-index would hold the truth a point too seldom.

    Parameters
    ----------
    patients : int
    generator : Generator
    resamples : int
    width : int, optional
        Numbers that the caller will hold per draw and patient; the blocks are kept as small as that asks for.

    Yields
    ------
    ndarray, shape (b, N)
        float64; each row sums to N. Together ``resamples`` rows.
    """
    per_block = max(1, BLOCK // (patients * width))
    for start in range(0, resamples, per_block):
        rows = min(per_block, resamples - start)
        chosen = generator.integers(patients, size=(rows, patients)) + patients * np.arange(rows)[:, None]
        yield np.bincount(chosen.ravel(), minlength=rows * patients).reshape(rows, patients).astype(float)


def shuffled_rows(values: np.ndarray, rows: int, generator: np.random.Generator) -> np.ndarray:
    """Independent random orders of the same values.

    Parameters
    ----------
    values : ndarray, shape (N,)
    rows : int
    generator : Generator

    Returns
    -------
    ndarray, shape (rows, N)

    Notes
    -----
    Random keys that carry a column's number in their last bits are sorted, which numpy does several at a time. Two
    keys that agree in all random bits would stand in the columns' order; as the values are put into the columns at
    random first, each row is a uniform draw all the same.
    """
    count = values.size
    bits = (count - 1).bit_length()
    whole = np.uint32 if bits <= 10 else np.uint64  # at least 22 random bits
    label = whole((1 << bits) - 1)
    keys = generator.integers(0, np.iinfo(whole).max, size=(rows, count), dtype=whole, endpoint=True)
    keys &= ~label
    keys |= np.arange(count).astype(whole)
    keys.sort(axis=1)
    keys &= label
    return generator.permutation(values).take(keys.astype(np.intp), mode="clip")  # clip: as it is, unbuffered


def percentile_limits(draws: np.ndarray, level: float) -> tuple[float, float]:
    """Percentile interval of the draws that have a value; nan where none has."""
    known = draws[np.isfinite(draws)]
    if known.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
