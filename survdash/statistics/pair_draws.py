"""c-indices of several risks under many draws of the same patients, by matrix products instead of a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.statistics.concordance import comparable, count_by_patient
from survdash.statistics.inputs import check_labels
from survdash.statistics.resampling import multiplicities

# Pairs of one part up to which draws are made. A sum of halves stays exact in float32 to 8 million; more patients need
# no draws, as the c-index of thousands is normal.
MAX_PAIRS = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """The patients of one fold, n of whom d died, and K risks.

    ``patients`` (n,) are rows of the cohort, ``deaths`` (d,) places within the part.
    """

    patients: np.ndarray
    deaths: np.ndarray
    data: Survival
    risks: tuple[np.ndarray, ...]  # K of (n,)

    @property
    def is_large(self) -> bool:
        """Whether there are too many pairs for a matrix."""
        return self.deaths.size * self.patients.size > MAX_PAIRS

    def values(self) -> np.ndarray:
        """Harrell's c of each risk, (K,)."""
        return np.array([count_by_patient(risk, self.data).value for risk in self.risks])

    def influence(self) -> np.ndarray:
        """Infinitesimal jackknife, (K, n)."""
        return np.stack([count_by_patient(risk, self.data).influence for risk in self.risks])

    def credits(self) -> np.ndarray:
        """(d, (K + 1) n) float32: comparable pairs, then what each risk says of them: 1 right, 0.5 tied, else 0."""
        pairs = comparable(self.data, self.deaths)
        blocks = [pairs.astype(np.float32)]
        for risk in self.risks:
            gap = np.sign(risk[self.deaths][:, None] - risk)
            blocks.append(np.where(pairs, (gap + 1) / 2, 0).astype(np.float32))
        return np.concatenate(blocks, axis=1)


def make_parts(risks: Sequence[np.ndarray], data: Survival, fold: ArrayLike | None) -> list[Part]:
    """One part per fold; all patients in one without folds.

    Raises
    ------
    ClinicalError
        If a fold is missing.
    NotEnoughDataError
        If no pair can be compared in a fold; the message names it.
    """
    labels, codes = check_labels(np.zeros(data.size, int) if fold is None else fold, data.size, name="fold")
    parts = []
    for code, label in enumerate(labels.tolist()):
        patients = np.flatnonzero(codes == code)
        mine = data.take(patients)
        deaths = np.flatnonzero(mine.event)
        first = deaths[[np.argmin(mine.time_months[deaths])]] if deaths.size else deaths
        if not comparable(mine, first).any():
            where = "" if fold is None else f" of fold {label}"
            raise NotEnoughDataError(
                f"No two of the {patients.size} patients{where} can be compared.",
                hint="At least one death must be outlived by another patient.",
            )
        parts.append(Part(patients=patients, deaths=deaths, data=mine, risks=tuple(r[patients] for r in risks)))
    return parts


def weigh(credits: np.ndarray, of_deaths: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """c-index of each risk under each draw; nan without a comparable pair.

    Parameters
    ----------
    credits : ndarray, shape (d, (K + 1) n)
    of_deaths : ndarray, shape (B, d)
        What each death counts in each draw.
    counts : ndarray, shape (B, n)

    Returns
    -------
    ndarray, shape (K, B)
    """
    draws, n = counts.shape
    products = (of_deaths.astype(np.float32) @ credits).reshape(draws, -1, n)
    sums = np.matmul(products, counts.astype(np.float32)[:, :, None])[:, :, 0].astype(np.float64)
    with np.errstate(invalid="ignore"):
        return (sums[:, 1:] / sums[:, :1]).T


def draw_indices(parts: Sequence[Part], *, resamples: int, seed: int) -> np.ndarray:
    """Harrell's c of each risk, averaged over parts, in each draw; (K, resamples)."""
    generator = np.random.default_rng(seed)
    total = np.zeros((len(parts[0].risks), resamples))
    for part in parts:
        credits = part.credits()
        width = len(part.risks) + 2
        blocks = multiplicities(part.data.size, generator, resamples=resamples, width=width)
        total += np.concatenate([weigh(credits, counts[:, part.deaths], counts) for counts in blocks], axis=1)
    return total / len(parts)
