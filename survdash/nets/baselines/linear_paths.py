"""Linear paths beside a network: one ridge Cox model a modality, added to the network with weights that are fitted.

The weights see risks of training cases that no part was fitted on (stacked generalisation, Wolpert 1992, with weights
not below 0 as Breiman 1996 found them to be needed), under Cox's partial likelihood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Self

import numpy as np

from survdash.case import Survival
from survdash.nets.baselines import cox_ridge
from survdash.nets.baselines.cox_ridge import LinearCox, curve_of_risk
from survdash.nets.baselines.fitted import Blocks, TrainingSet

NETWORK = "network"  # name of the block that holds the network's risk, (N, 1)
# Times the recipe's. Thousands of genes or slide features say little each; three clinical facts say much.
PENALTIES: Mapping[str, float] = MappingProxyType({"genes": 3.0, "slide": 3.0, "clinical": 1.0})
# As a prior: log hazard ratios of one standard deviation of risk differ by about 30 ** -0.5 = 0.18 from those expected.
STRENGTH = 30.0
LEAST = 1e-3  # weight of every part where held-out risks speak for none of them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blend:
    """Risk = sum over parts of weight * (the part's risk - centre) / scale; the curve is a Cox model of that sum.

    Parameters
    ----------
    paths : mapping
        Modality, by alphabet, to its ridge Cox model.
    centre, scale, weight : ndarray, shape (P,)
        Of each path in that order, then of the network.
    curve : LinearCox
        Of the sum alone; its slope is not below 0, so that a higher risk is never a better curve.
    """

    paths: Mapping[str, LinearCox]
    centre: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    curve: LinearCox

    @property
    def parameters(self) -> int:
        """Those of the paths and of the curve, and the weights."""
        return sum(path.parameters for path in self.paths.values()) + self.curve.parameters + self.weight.size

    def parts(self, blocks: Blocks) -> np.ndarray:
        """What each part adds to the risk of N cases: (N, P), paths by alphabet, then the network."""
        result: np.ndarray = (part_risks(self.paths, blocks) - self.centre) / self.scale * self.weight
        return result

    def risk(self, blocks: Blocks) -> np.ndarray:
        """Weighted sum of N cases: (N,), higher is worse; ``blocks`` holds the network's risk too."""
        result: np.ndarray = self.parts(blocks).sum(axis=1)
        return result

    def survival(self, blocks: Blocks, months: np.ndarray) -> np.ndarray:
        """Probability to be alive at each of (K,) months: (N, K)."""
        return self.curve.survival({"sum": self.risk(blocks)[:, None]}, months)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Paths as ``path.modality.name``, the curve as ``curve.name``, and the three arrays."""
        arrays = {"centre": self.centre, "scale": self.scale, "weight": self.weight}
        arrays |= {f"curve.{key}": value for key, value in self.curve.to_arrays().items()}
        for name, path in self.paths.items():
            arrays |= {f"path.{name}.{key}": value for key, value in path.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """What ``to_arrays`` came from."""

        def cox(prefix: str) -> LinearCox:
            own = {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
            return LinearCox.from_arrays(own)

        names = sorted({key.split(".")[1] for key in arrays if key.startswith("path.")})
        return cls(
            paths={name: cox(f"path.{name}.") for name in names}, curve=cox("curve."),
            centre=arrays["centre"], scale=arrays["scale"], weight=arrays["weight"],
        )


def fit_paths(training: TrainingSet) -> dict[str, LinearCox]:
    """A ridge Cox model of each modality by itself, by alphabet."""
    return {
        name: cox_ridge.fit(replace(training.only(name), penalty=PENALTIES[name] * training.penalty))
        for name in sorted(training.blocks)
    }


def part_risks(paths: Mapping[str, LinearCox], blocks: Blocks) -> np.ndarray:
    """Risk of N cases by each path and by the network: (N, P)."""
    return np.column_stack([*(path.risk({name: blocks[name]}) for name, path in paths.items()), blocks[NETWORK]])


def blend(
    paths: Mapping[str, LinearCox], held_out: np.ndarray, *, folds: np.ndarray, survival: Survival
) -> Blend:
    """Put the parts together.

    Parameters
    ----------
    paths : mapping
        Fitted on all N training cases.
    held_out : ndarray, shape (N, P)
        Risk of each training case by parts that were fitted without its inner fold; columns as ``part_risks``.
    folds : ndarray, shape (N,)
        Inner fold of each case. Risks are centred and scaled inner fold by inner fold, for the parts of two inner
        folds need not agree on where a risk of zero lies; what is kept is the mean of their centres and scales.
    survival : Survival
        Of the training cases.
    """
    standard = np.empty_like(held_out)
    centres, scales = [], []
    for number in np.unique(folds):
        rows = folds == number
        centre, scale = held_out[rows].mean(axis=0), held_out[rows].std(axis=0)
        standard[rows] = (held_out[rows] - centre) / np.where(scale > 0, scale, 1.0)
        centres.append(centre)
        scales.append(scale)
    scale = np.mean(scales, axis=0)
    # A network sees what the paths see; what it adds to them it has to show.
    expected = np.append(np.ones(len(paths)), 0.0)
    weight = fit_weights(standard, survival, expected=expected)
    return Blend(
        paths=paths, centre=np.mean(centres, axis=0), scale=np.where(scale > 0, scale, 1.0), weight=weight,
        curve=curve_of_risk(standard @ weight, survival),
    )


def fit_weights(
    risks: np.ndarray, survival: Survival, *, expected: np.ndarray, strength: float = STRENGTH
) -> np.ndarray:
    """Weights, none below 0, that make the sum of standardised risks a log hazard ratio.

    Cox's partial likelihood (Breslow's for ties) less ``strength / 2`` times the squared distance of the weights from
    those expected: few deaths leave them there, many tell the parts apart.

    Parameters
    ----------
    risks : ndarray, shape (N, P)
    survival : Survival
        Of the same cases.
    expected : ndarray, shape (P,)
        The weights expected, up to one factor that is fitted.
    strength : float

    Returns
    -------
    ndarray, shape (P,)
        Where the risks speak for no part, all get the same small weight: the order of patients is then that of the
        plain sum, and ``curve_of_risk`` gives everyone the same curve.
    """
    factor = _maximise((risks @ expected)[:, None], survival, towards=np.zeros(1), strength=1e-3)
    weight = _maximise(risks, survival, towards=factor * expected, strength=strength)
    return weight if weight.any() else np.full_like(weight, LEAST)


def _maximise(risks: np.ndarray, survival: Survival, *, towards: np.ndarray, strength: float) -> np.ndarray:
    from scipy.optimize import minimize

    order = np.argsort(-survival.time_months, kind="stable")
    rows, time, event = risks[order], survival.time_months[order], survival.event[order]
    # With time falling, those at risk at a death are all rows down to the last of the same month.
    last = np.searchsorted(-time, -time[event], side="right") - 1

    def loss(weight: np.ndarray) -> tuple[float, np.ndarray]:
        score = rows @ weight
        hazard = np.exp(score - score.max())
        total = np.cumsum(hazard)[last]
        mean = np.cumsum(hazard[:, None] * rows, axis=0)[last] / total[:, None]
        distance = weight - towards
        value = np.sum(np.log(total) + score.max() - score[event]) + strength / 2 * distance @ distance
        return float(value), (mean - rows[event]).sum(axis=0) + strength * distance

    found = minimize(loss, towards, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * towards.size)
    result: np.ndarray = found.x
    return result
