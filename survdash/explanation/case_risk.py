"""The risk of one case as the mean over fold models, and what it would be without a part of the case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from survdash.training.data import CaseInputs
from survdash.training.fold_model import FoldModel

LEARNT = "what the model has learnt to put in place of a missing one"
AVERAGE = {
    "genes": "every gene at the mean of the training patients",
    "slide": "one tile, the mean of the training patients' tiles",
    "clinical": "age, sex and stage at the mean of the training patients",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseRisk:
    """One case before the fold models that may judge it.

    Parameters
    ----------
    folds : sequence of FoldModel
        All of a model for a new case; the one that never saw him or her for a patient of the cohort.
    inputs : CaseInputs
        Of one case.
    """

    folds: Sequence[FoldModel]
    inputs: CaseInputs

    @property
    def parts(self) -> tuple[str, ...]:
        """Of "genes", "slide" and "clinical", what the models look at and the case has."""
        genes, bags = self.inputs.genes, self.inputs.bags
        here = (
            ("genes", genes is not None and not np.isnan(genes).all()),
            ("slide", bags is not None and len(bags[0]) > 0),
            ("clinical", self.inputs.clinical is not None),
        )
        return tuple(name for name, there in here if there)

    @property
    def has_stand_ins(self) -> bool:
        """True where the networks have learnt what stands in for a slide or for genes, and the case has both."""
        learnt = self.folds[0].recipe.allows_missing and self.folds[0].network is not None
        return learnt and {"genes", "slide"} <= set(self.parts)

    def risk(self, present: frozenset[str]) -> float:
        """Mean risk where only ``present`` of the case's parts are there."""
        return self.curve(present, np.zeros(1))[0]

    def curve(self, present: frozenset[str], months: np.ndarray) -> tuple[float, np.ndarray]:
        """Mean risk, and mean survival (K,) at (K,) months, where only ``present`` of the case's parts are there."""
        absent = frozenset(self.parts) - present
        scores = [fold.score(self._without(fold, absent), months) for fold in self.folds]
        return float(np.mean([one.risk[0] for one in scores])), np.mean([one.survival[0] for one in scores], axis=0)

    def stand_ins(self) -> dict[str, str]:
        """What takes the place of each part, in words."""
        words = {name: AVERAGE[name] for name in self.parts}
        if self.has_stand_ins:
            # A network has never seen a case with neither: there both are at their averages.
            words |= {name: f"{LEARNT}; without both, {AVERAGE[name]}" for name in ("genes", "slide")}
        return words

    def _without(self, fold: FoldModel, absent: frozenset[str]) -> CaseInputs:
        inputs = self.inputs
        learnt = self.has_stand_ins and not {"genes", "slide"} <= absent
        if "genes" in absent and fold.gene_scaler is not None:
            row = fold.gene_scaler.average[None]
            inputs = replace(inputs, genes=np.full_like(row, np.nan) if learnt else row)
        if "slide" in absent and fold.tile_scaler is not None:
            tile = fold.tile_scaler.centre[None]
            inputs = replace(inputs, bags=[tile[:0] if learnt else tile])
        if "clinical" in absent and fold.clinical is not None:
            inputs = replace(inputs, clinical=fold.clinical.centre[None])
        return inputs
