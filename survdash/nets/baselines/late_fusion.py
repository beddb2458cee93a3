"""Late fusion: the best model of each modality by itself, their standardised risks added up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from survdash.nets.baselines import cox_ridge, rsf
from survdash.nets.baselines.cox_ridge import LinearCox, curve_of_risk
from survdash.nets.baselines.fitted import INNER_FOLDS, Blocks, TrainingSet, concordance, inner_folds

PENALTIES = (0.1, 1.0, 10.0)  # of the ridge candidates, times the recipe's
Member = LinearCox | rsf.Forest
KINDS: Mapping[str, type[LinearCox] | type[rsf.Forest]] = {"cox": LinearCox, "forest": rsf.Forest}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LateFusion:
    """Risk = sum over modalities of (a member's risk - centre) / scale; the curve is a Cox model of that sum.

    Parameters
    ----------
    members : mapping
        Modality, by alphabet, to its fitted model.
    centre, scale : mapping
        Modality to mean and standard deviation of the member's risk of training cases that it was not fitted on.
    curve : LinearCox
        Of the sum alone; its slope is not below 0, so that a higher risk is never a better curve.
    """

    members: Mapping[str, Member]
    centre: Mapping[str, float]
    scale: Mapping[str, float]
    curve: LinearCox

    @property
    def parameters(self) -> int:
        """Those of the members and of the curve."""
        return sum(member.parameters for member in self.members.values()) + self.curve.parameters

    def risk(self, blocks: Blocks) -> np.ndarray:
        """The standardised sum of N cases: (N,), higher is worse."""
        result: np.ndarray = np.sum([
            (member.risk({name: blocks[name]}) - self.centre[name]) / self.scale[name]
            for name, member in self.members.items()
        ], axis=0)
        return result

    def survival(self, blocks: Blocks, months: np.ndarray) -> np.ndarray:
        """Probability to be alive at each of (K,) months: (N, K)."""
        return self.curve.survival({"sum": self.risk(blocks)[:, None]}, months)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Members as ``modality.kind.name``, ``modality.centre``, ``modality.scale``; the curve as ``curve.name``."""
        arrays = {f"curve.{key}": value for key, value in self.curve.to_arrays().items()}
        for name, member in self.members.items():
            kind = next(kind for kind, made in KINDS.items() if isinstance(member, made))
            arrays |= {f"{name}.{kind}.{key}": value for key, value in member.to_arrays().items()}
            arrays |= {f"{name}.centre": np.array(self.centre[name]), f"{name}.scale": np.array(self.scale[name])}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """What ``to_arrays`` came from."""
        parts: dict[str, dict[str, dict[str, np.ndarray]]] = {}
        for key in sorted(arrays):
            if key.count(".") == 2:
                name, kind, array = key.split(".")
                parts.setdefault(name, {}).setdefault(kind, {})[array] = arrays[key]
        members = {
            name: KINDS[kind].from_arrays(own) for name, by_kind in parts.items() for kind, own in by_kind.items()
        }
        curve = {key.removeprefix("curve."): value for key, value in arrays.items() if key.startswith("curve.")}
        return cls(
            members=members, centre={name: float(arrays[f"{name}.centre"]) for name in members},
            scale={name: float(arrays[f"{name}.scale"]) for name in members}, curve=LinearCox.from_arrays(curve),
        )


def fit(training: TrainingSet) -> LateFusion:
    """Choose, standardise and add up, on inner folds of the training fold alone.

    Candidates of each modality: the ridge Cox model with three penalties and the survival forest; the one with the
    best mean c-index over five inner folds is fitted again on all training cases. The networks are no candidates:
    they would each be trained five times more in every fold.

    Raises
    ------
    NotEnoughDataError
        If there are fewer deaths than inner folds.
    """
    folds = inner_folds(training.survival, seed=training.seed)
    members, centre, scale = {}, {}, {}
    total = np.zeros(len(folds))
    for name in sorted(training.blocks):
        own = training.only(name)
        risks = [_held_out_risk(candidate, own, folds) for candidate in CANDIDATES]
        best = int(np.argmax([_mean_concordance(risk, own, folds) for risk in risks]))
        members[name] = CANDIDATES[best](own)
        centre[name], scale[name] = float(risks[best].mean()), float(risks[best].std()) or 1.0
        total += (risks[best] - centre[name]) / scale[name]
    return LateFusion(members=members, centre=centre, scale=scale, curve=curve_of_risk(total, training.survival))


def _ridge(factor: float) -> Callable[[TrainingSet], Member]:
    return lambda training: cox_ridge.fit(replace(training, penalty=factor * training.penalty))


CANDIDATES: tuple[Callable[[TrainingSet], Member], ...] = (*(_ridge(factor) for factor in PENALTIES), rsf.fit)


def _held_out_risk(candidate: Callable[[TrainingSet], Member], training: TrainingSet, folds: np.ndarray) -> np.ndarray:
    """Risk of each training case by the candidate fitted without its inner fold: (N,)."""
    risk = np.empty(len(folds))
    for fold in range(INNER_FOLDS):
        held_out = np.flatnonzero(folds == fold)
        member = candidate(training.take(np.flatnonzero(folds != fold)))
        risk[held_out] = member.risk(training.take(held_out).blocks)
    return risk


def _mean_concordance(risk: np.ndarray, training: TrainingSet, folds: np.ndarray) -> float:
    parts = [np.flatnonzero(folds == fold) for fold in range(INNER_FOLDS)]
    return float(np.mean([concordance(risk[part], training.survival.take(part)) for part in parts]))
