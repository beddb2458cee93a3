"""Classical paths beside a network: ridge Cox models, one with a product of genes and slide, and the weights of all.

The weights see risks of training cases that no part was fitted on (stacked generalisation, Wolpert 1992, with weights
not below 0 as Breiman 1996 found them to be needed), under Cox's partial likelihood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, Self

import numpy as np

from survdash.case import Survival
from survdash.errors import ArtefactError, NotEnoughDataError
from survdash.genes import EXPRESSION, kinds_of
from survdash.nets.baselines import product_cox
from survdash.nets.baselines.cox_ridge import LinearCox, PartialLikelihood, curve_of_risk, fit_cox_ridge
from survdash.nets.baselines.fitted import Blocks, TrainingSet
from survdash.nets.baselines.product_cox import ProductCox

NETWORK = "network"  # name of the block that holds the network's risk, (N, 1)
PRIOR = "prior"  # of the block that holds what other cohorts say of the genes, (N, 1); see ``training.gene_prior``
ADDITIVE, PRODUCT = "additive", "product"  # names of the paths
# By how much more or less than ``PENALTIES`` genes and slide are held back in each additive path. What a cohort needs
# differs by a factor of ninety, and held-out cases weigh it.
HELD_BACK = (0.1, 0.3, 1.0, 3.0, 9.0)
# Times the recipe's, on blocks of unit size. Chosen on eight cohorts that docs/evidence.md names.
PENALTIES: Mapping[str, float] = MappingProxyType({"genes": 1.0, "slide": 1.0, "clinical": 1.0, PRIOR: 3.0})
# As a prior: log hazard ratios of one standard deviation of risk differ by about 30 ** -0.5 = 0.18 from those expected,
# by more where these are above 0.5, in proportion.
STRENGTH, USUAL = 30.0, 0.5
LEAST = 1e-3  # weight of what is expected to count where held-out risks speak for no part
# Likelihood ratio, over held-out cases, that the product path and the network have to add to what is there; chance
# alone reaches it less than once in a hundred times. Without this they get weights by chance where they know nothing.
TOLD = 6.6


class AdditiveCox(LinearCox):
    """One ridge Cox model of all blocks side by side."""

    def gene_slope(self, blocks: Blocks, *, prior: np.ndarray | None) -> np.ndarray:
        """Change of a case's risk for each unit of a scaled gene, the prior's score with it: (P,)."""
        ends = np.cumsum([block.shape[1] for block in blocks.values()])[:-1]
        own = dict(zip(blocks, np.split(self.coefficients, ends), strict=True))
        slope: np.ndarray = own["genes"] / np.sqrt(own["genes"].size)
        return slope if prior is None else slope + prior * own[PRIOR][0]


class Path(Protocol):
    """A fitted path: a risk of the blocks, whole in its arrays."""

    @property
    def parameters(self) -> int:
        """How many numbers were fitted."""

    def risk(self, blocks: Blocks) -> np.ndarray:
        """Risk of N cases, (N,): higher is worse."""

    def gene_slope(self, blocks: Blocks, *, prior: np.ndarray | None) -> np.ndarray:
        """Change of the first case's risk for each unit of a scaled gene, all else as it is: (P,)."""

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Numbers alone, by name."""


KINDS: Mapping[str, type[AdditiveCox] | type[ProductCox]] = MappingProxyType(
    {**{f"{ADDITIVE}_{number}": AdditiveCox for number in range(len(HELD_BACK))}, PRODUCT: ProductCox}
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blend:
    """Risk = sum over parts of weight * (the part's risk - centre) / scale; the curve is a Cox model of that sum.

    Parameters
    ----------
    paths : mapping
        Name, by alphabet, to a fitted path.
    centre, scale, weight : ndarray, shape (P,)
        Of each path in that order, then of the network.
    curve : LinearCox
        Of the sum alone; its slope is not below 0, so that a higher risk is never a better curve.
    """

    paths: Mapping[str, Path]
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

        def under(prefix: str) -> dict[str, np.ndarray]:
            return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}

        names = sorted({key.split(".")[1] for key in arrays if key.startswith("path.")})
        if strange := [name for name in names if name not in KINDS]:
            raise ArtefactError(f"This model has parts of an older survdash: {', '.join(strange)}.",
                                hint="Train it again.")  # fmt: skip
        return cls(
            paths={name: KINDS[name].from_arrays(under(f"path.{name}.")) for name in names},
            curve=LinearCox.from_arrays(under("curve.")),
            centre=arrays["centre"], scale=arrays["scale"], weight=arrays["weight"],
        )


def fit_paths(training: TrainingSet, *, product: bool = True) -> dict[str, Path]:
    """The additive paths, and where there are genes and slide the product path, by alphabet."""
    paths: dict[str, Path] = {
        f"{ADDITIVE}_{number}": fit_additive(training, held_back=factor) for number, factor in enumerate(HELD_BACK)
    }
    if product and {"genes", "slide"} <= training.blocks.keys():
        paths[PRODUCT] = product_cox.fit(training)
    return paths


def fit_additive(training: TrainingSet, *, held_back: float = 1.0) -> AdditiveCox:
    """One ridge Cox model of all blocks side by side, each weighed by ``PENALTIES``, genes and slide by more.

    A block's rows are scaled to mean square one over the training cases, so that a penalty means the same to 607 slide
    features and to three clinical facts. Of the genes, ``split_kinds`` says what is a block; where two blocks hold a
    column, the variances that they expect of its coefficient add up.
    """
    table = np.concatenate(list(training.blocks.values()), axis=1)
    starts = np.cumsum([0, *(block.shape[1] for block in training.blocks.values())])
    expected = np.zeros(table.shape[1])
    for (name, block), start in zip(training.blocks.items(), starts[:-1], strict=True):
        pieces = [np.arange(block.shape[1])]
        if name == "genes" and training.gene_columns:
            pieces = split_kinds(training.gene_columns)
        penalty = PENALTIES[name] * max(training.penalty, LEAST) * len(pieces)
        penalty *= held_back if name in ("genes", "slide") else 1.0
        for members in pieces:
            size = np.mean(np.sum(block[:, members] ** 2, axis=1))
            if size > 0:
                expected[start + members] += 1.0 / (penalty * size)
    chosen = np.flatnonzero(expected)
    if not chosen.size:
        raise NotEnoughDataError(f"All {len(training.survival.event)} training patients are alike in every block.")
    scale = np.sqrt(expected[chosen])
    fitted = fit_cox_ridge(
        table[:, chosen] * scale, training.survival.time_months, event=training.survival.event, penalty=1.0
    )
    coefficients = np.zeros(table.shape[1])
    coefficients[chosen] = fitted.coefficients * scale
    # ``LinearCox`` divides each block by the root of its width.
    widths = [np.full(block.shape[1], np.sqrt(block.shape[1])) for block in training.blocks.values()]
    return AdditiveCox(
        coefficients=coefficients * np.concatenate(widths), baseline_months=fitted.baseline_months,
        baseline_hazard=fitted.baseline_hazard,
    )


def split_kinds(columns: Sequence[str]) -> list[np.ndarray]:
    """Positions of the gene columns of each block: the expression and all, or without any expression each kind.

    Copy numbers and mutations are many and mostly noise; beside expression they count, but less.
    """
    kinds = kinds_of(tuple(columns))
    if EXPRESSION in kinds:
        return [np.flatnonzero(kinds == EXPRESSION), np.arange(kinds.size)]
    return [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]


def part_risks(paths: Mapping[str, Path], blocks: Blocks) -> np.ndarray:
    """Risk of N cases by each path and by the network: (N, P)."""
    seen = {name: block for name, block in blocks.items() if name != NETWORK}
    return np.column_stack([*(path.risk(seen) for path in paths.values()), blocks[NETWORK]])


def blend(
    paths: Mapping[str, Path], held_out: np.ndarray, *, folds: np.ndarray, survival: Survival
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
    additive = np.array([name.startswith(ADDITIVE) for name in (*paths, NETWORK)])
    rivals = likelihood_weights(standard[:, additive], survival)
    # The product and the network see what the additive paths see; what they add to it they have to show.
    parts = np.column_stack([standard[:, additive] @ rivals, standard[:, ~additive]])
    expected, shares = expect_of_parts(parts, survival=survival), np.zeros(parts.shape[1])
    counted = np.append(True, expected[1:] > 0)
    shares[counted] = fit_weights(parts[:, counted], survival, expected=expected[counted])
    weight = np.empty(additive.size)
    weight[additive], weight[~additive] = shares[0] * rivals, shares[1:]
    return Blend(
        paths=paths, centre=np.mean(centres, axis=0), scale=np.where(scale > 0, scale, 1.0), weight=weight,
        curve=curve_of_risk(standard @ weight, survival),
    )


def expect_of_parts(risks: np.ndarray, *, survival: Survival) -> np.ndarray:
    """Weights to expect of held-out risks (N, P), the first of which is there anyhow: (P,), the largest is 1.

    One after another each of the rest comes in where it says of the outcome what those before it do not, beyond chance
    (``TOLD``), and then as fits best; otherwise nothing is expected of it.
    """
    kept = [0]
    weight = _maximise(risks[:, kept], survival, towards=np.zeros(1), strength=LEAST)
    for column in range(1, risks.shape[1]):
        more = _maximise(risks[:, [*kept, column]], survival, towards=np.append(weight, 0.0), strength=LEAST)
        gain = _likelihood(risks[:, [*kept, column]] @ more, survival) - _likelihood(risks[:, kept] @ weight, survival)
        if 2.0 * gain > TOLD:
            kept, weight = [*kept, column], more
    expected = np.zeros(risks.shape[1])
    expected[kept] = weight / weight.max() if weight.max() > 0 else np.eye(len(kept))[0]
    return expected


def likelihood_weights(risks: np.ndarray, survival: Survival) -> np.ndarray:
    """Weights of rival models by what each says of cases it never saw: (P,), sum 1.

    Half is shared evenly, half goes by each one's Cox partial likelihood, of (N, P) risks with one fitted slope a
    column (pseudo-Bayesian model averaging, Geisser 1979, Yao 2018). By the likelihood alone one rival often gets all.
    """
    values = []
    for risk in risks.T:
        slope = _maximise(risk[:, None], survival, towards=np.zeros(1), strength=LEAST)
        values.append(_likelihood(slope[0] * risk, survival))
    weights = np.exp(np.array(values) - max(values))
    return np.asarray(weights / weights.sum() / 2 + 0.5 / weights.size)


def fit_weights(
    risks: np.ndarray, survival: Survival, *, expected: np.ndarray, strength: float = STRENGTH
) -> np.ndarray:
    """Weights, none below 0, that make the sum of standardised risks a log hazard ratio.

    Cox's partial likelihood (Breslow's for ties) less ``strength / 2`` times the squared distance of the weights from
    those expected: few deaths leave them there, many tell the parts apart. Where the weights expected are large, the
    distance counts in terms of them.

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
        Where the risks speak for no part, those expected get a small weight: the order of patients is then that of
        the sum expected, and ``curve_of_risk`` gives everyone the same curve.
    """
    factor = _maximise((risks @ expected)[:, None], survival, towards=np.zeros(1), strength=LEAST)
    relative = strength * min(1.0, USUAL / max(float(factor[0]), LEAST)) ** 2
    weight = _maximise(risks, survival, towards=factor * expected, strength=relative)
    return weight if weight.any() else LEAST * expected


def _likelihood(risk: np.ndarray, survival: Survival) -> float:
    """Log partial likelihood of log hazard ratios (N,)."""
    order = np.argsort(-survival.time_months, kind="stable")
    return PartialLikelihood.of(survival.time_months[order], survival.event[order]).at(risk[order])[0]


def _maximise(risks: np.ndarray, survival: Survival, *, towards: np.ndarray, strength: float) -> np.ndarray:
    from scipy.optimize import minimize

    order = np.argsort(-survival.time_months, kind="stable")
    rows = risks[order]
    likelihood = PartialLikelihood.of(survival.time_months[order], survival.event[order])

    def loss(weight: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = likelihood.at(rows @ weight)
        distance = weight - towards
        return strength / 2 * distance @ distance - value, strength * distance - slope @ rows

    found = minimize(
        loss, towards, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * towards.size,
        options={"gtol": 1e-6, "ftol": 1e-14},
    )
    result: np.ndarray = found.x
    return result
