"""Models that are fitted in closed form and not by gradient steps: what they see, what they give, how they are chosen.

``fit(training) -> Fitted`` is such a model's function in the registry; the class of its result stands beside it there,
so that a stored model is made again from plain arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np

from survdash.case import Survival
from survdash.errors import NotEnoughDataError

INNER_FOLDS = 5
Blocks = Mapping[str, np.ndarray]
"""One (N, P) float64 table a modality: scaled genes, mean of the scaled tiles, encoded clinical facts."""


class Fitted(Protocol):
    """A fitted model. It is frozen, and whole in its arrays."""

    @property
    def parameters(self) -> int:
        """How many numbers were fitted."""

    def risk(self, blocks: Blocks) -> np.ndarray:
        """Risk score of N cases, (N,): higher is worse."""

    def survival(self, blocks: Blocks, months: np.ndarray) -> np.ndarray:
        """Probability to be alive at each of (K,) months: (N, K)."""

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Numbers alone, by name."""

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """What ``to_arrays`` came from."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingSet:
    """What a fit sees: the cases of a training fold and nothing else.

    Parameters
    ----------
    blocks : Blocks
        Standardised on these cases.
    survival : Survival
    seed : int
    penalty : float
        Ridge penalty of the recipe.
    gene_columns : tuple of str
        What each column of the genes is, ``SYMBOL_kind``; empty without genes.
    gene_groups : tuple of ndarray
        Positions in them of each functional group.
    """

    blocks: Blocks
    survival: Survival
    seed: int
    penalty: float
    gene_columns: tuple[str, ...] = ()
    gene_groups: tuple[np.ndarray, ...] = ()

    def take(self, cases: np.ndarray) -> TrainingSet:
        """The cases at ``cases``."""
        return replace(self, blocks=take_cases(self.blocks, cases), survival=self.survival.take(cases))

    def only(self, modality: str) -> TrainingSet:
        """The same cases seen by one modality."""
        return replace(self, blocks={modality: self.blocks[modality]})


def take_cases(blocks: Blocks, cases: np.ndarray) -> Blocks:
    """The rows at ``cases`` of every block."""
    return {name: block[cases] for name, block in blocks.items()}


def inner_folds(survival: Survival, *, seed: int) -> np.ndarray:
    """Deal N training cases into five folds, deaths evenly: (N,) int.

    Raises
    ------
    NotEnoughDataError
        If there are fewer deaths than folds.
    """
    deaths = int(survival.event.sum())
    if deaths < INNER_FOLDS:
        raise NotEnoughDataError(
            f"{deaths} deaths are too few to choose a model on {INNER_FOLDS} inner folds.",
            hint="Train one that weighs nothing: glg or cox_ridge.",
        )
    rng = np.random.default_rng(seed)
    folds = np.empty(survival.event.size, int)
    for kind in (True, False):
        members = rng.permutation(np.flatnonzero(survival.event == kind))
        folds[members] = np.arange(members.size) % INNER_FOLDS
    return folds


def concordance(risk: np.ndarray, survival: Survival) -> float:
    """Harrell's c of (N,) risks, by scikit-survival."""
    from sksurv.metrics import concordance_index_censored

    return float(concordance_index_censored(survival.event, survival.time_months, risk)[0])


def outcome_table(survival: Survival) -> np.ndarray:
    """Follow-up as scikit-survival wants it: (N,) records of event and time."""
    return np.array(
        list(zip(survival.event, survival.time_months, strict=True)), dtype=[("event", bool), ("time", float)]
    )
