"""How sure is a c-index, and is one model better than another? Patients are drawn anew, models are not refitted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.case import Survival
from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics.concordance import comparable
from survdash.statistics.inputs import check_labels, check_level, check_risk, check_seed, check_survival

BLOCK = 20_000_000  # multiplicities held together


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairedDifference:
    """c-index of a less that of b on the same patients, with a percentile interval and a two-sided p-value."""

    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """Pairs within one fold of n patients, d of whom died: who outlived whom, and what each risk says of it."""

    patients: np.ndarray  # (n,) row in the cohort
    deaths: np.ndarray  # (d,) place within the part
    pairs: np.ndarray  # (d, n) 1.0 where comparable
    credits: tuple[np.ndarray, ...]  # one (d, n) per risk: 1 concordant, 0.5 tied, 0 otherwise

    def indices(self, counts: np.ndarray) -> np.ndarray:
        """c-index of each risk under each draw; counts (B, n), result (risks, B), nan without a comparable pair."""
        of_deaths = counts[:, self.deaths]
        total = np.einsum("bn,bn->b", of_deaths @ self.pairs, counts)
        with np.errstate(invalid="ignore"):
            return np.stack([np.einsum("bn,bn->b", of_deaths @ c, counts) / total for c in self.credits])


def concordance_interval(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    fold: ArrayLike | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """Harrell's c with a percentile bootstrap interval.

    Parameters
    ----------
    risk, time, event : array_like, shape (N,)
    fold : array_like, shape (N,), optional
        If given, the statistic is the mean over folds of the c-index within each: risks of different folds come from
        different models, and are not compared.
    resamples : int, optional
    seed : int, optional
    level : float, optional

    Returns
    -------
    value, low, high : float

    Raises
    ------
    ClinicalError
        If an array is impossible.
    NotEnoughDataError
        If no pair can be compared, in any one of the folds where folds are given.

    Notes
    -----
    Patients are drawn with replacement within deaths and within censored patients (and within folds), so that each draw
    has as many deaths as the data. A patient drawn twice counts twice but is not compared with herself.
    Draws without a comparable pair are left out.
    """
    check_level(level)
    values, draws = concordance_draws([risk], time, event, fold, resamples=resamples, seed=seed)
    low, high = np.nanquantile(draws[0], [(1 - level) / 2, (1 + level) / 2])
    return float(values[0]), float(low), float(high)


def concordance_draws(
    risks: Sequence[ArrayLike],
    time: ArrayLike,
    event: ArrayLike,
    fold: ArrayLike | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Harrell's c of several risks of the same patients, and the same in each bootstrap draw of these patients.

    For intervals of whatever is computed of several c-indices, as a difference, or a ratio of differences.

    Parameters
    ----------
    risks : sequence of array_like, shape (N,)
        K of them, at least one.
    time, event, fold, resamples, seed
        As in ``concordance_interval``, which also says how patients are drawn.

    Returns
    -------
    values : ndarray, shape (K,)
    draws : ndarray, shape (K, resamples)
        Draw b has the same patients for every risk; nan without a comparable pair.

    Raises
    ------
    ClinicalError
        If an array is impossible.
    NotEnoughDataError
        If no pair can be compared, in any one of the folds where folds are given.
    """
    check_seed(seed)
    if resamples < 1 or not risks:
        raise InputError(f"{resamples} draws of {len(risks)} risks are not possible.", hint="Use 1000 draws.")
    data = check_survival(time, event)
    parts = _parts([check_risk(risk, data.size) for risk in risks], data, fold)
    values = np.mean([part.indices(np.ones((1, part.patients.size)))[:, 0] for part in parts], axis=0)
    return values, _draw(parts, data, resamples=resamples, seed=seed)


def compare_paired(
    risk_a: ArrayLike,
    risk_b: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    fold: ArrayLike | None = None,
    *,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> PairedDifference:
    """Whether the c-index of a is higher than that of b, on the same patients in the same folds.

    Parameters
    ----------
    risk_a, risk_b, time, event : array_like, shape (N,)
    fold, resamples, seed, level
        As in ``concordance_interval``.

    Returns
    -------
    PairedDifference
        p-value: twice the smaller share of draws on either side of zero, the data counted as one draw; so never 0, and
        1 for equal risks.

    Raises
    ------
    ClinicalError
        If an array is impossible.
    NotEnoughDataError
        If no pair can be compared, in any one of the folds where folds are given.
    """
    check_level(level)
    plain, draws = concordance_draws([risk_a, risk_b], time, event, fold, resamples=resamples, seed=seed)
    gaps = draws[0] - draws[1]
    gaps = gaps[np.isfinite(gaps)]
    # Two c-indices that are equal may differ in the last digit after the means over folds.
    below, above = int((gaps <= 1e-12).sum()), int((gaps >= -1e-12).sum())
    low, high = np.quantile(gaps, [(1 - level) / 2, (1 + level) / 2])
    return PairedDifference(
        difference=float(plain[0] - plain[1]),
        low=float(low),
        high=float(high),
        p_value=min(1.0, 2 * (1 + min(below, above)) / (gaps.size + 1)),
    )


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


def _parts(risks: Sequence[np.ndarray], data: Survival, fold: ArrayLike | None) -> list[_Part]:
    labels, codes = check_labels(np.zeros(data.size, int) if fold is None else fold, data.size, name="fold")
    parts = []
    for code, label in enumerate(labels.tolist()):
        patients = np.flatnonzero(codes == code)
        mine = data.take(patients)
        deaths = np.flatnonzero(mine.event)
        pairs = comparable(mine, deaths)
        if not pairs.any():
            where = "" if fold is None else f" of fold {label}"
            raise NotEnoughDataError(
                f"No two of the {patients.size} patients{where} can be compared.",
                hint="At least one death must be outlived by another patient.",
            )
        credits = []
        for risk in risks:
            gap = risk[patients][deaths][:, None] - risk[patients]
            credits.append(np.where(pairs, (np.sign(gap) + 1) / 2, 0.0))
        parts.append(_Part(patients=patients, deaths=deaths, pairs=pairs.astype(float), credits=tuple(credits)))
    return parts


def _draw(parts: Sequence[_Part], data: Survival, *, resamples: int, seed: int) -> np.ndarray:
    """c-index of each risk, averaged over parts, in each draw; (risks, resamples)."""
    generator = np.random.default_rng(seed)
    total = np.zeros((len(parts[0].credits), resamples))
    for part in parts:
        blocks = _multiplicities(data.event[part.patients], generator, resamples=resamples)
        total += np.concatenate([part.indices(counts) for counts in blocks], axis=1)
    return total / len(parts)


def _multiplicities(event: np.ndarray, generator: np.random.Generator, *, resamples: int) -> Iterator[np.ndarray]:
    """How often each patient is drawn; blocks of (b, n) float64, deaths and censored drawn apart."""
    per_block = max(1, BLOCK // event.size)
    for start in range(0, resamples, per_block):
        rows = min(per_block, resamples - start)
        counts = np.zeros((rows, event.size))
        for stratum in (np.flatnonzero(event), np.flatnonzero(~event)):
            if stratum.size:
                chosen = generator.integers(stratum.size, size=(rows, stratum.size))
                chosen += stratum.size * np.arange(rows)[:, None]
                drawn = np.bincount(chosen.ravel(), minlength=rows * stratum.size)
                counts[:, stratum] = drawn.reshape(rows, stratum.size)
        yield counts
