"""Cox model with one product of genes and slide: what the one means depends on the other.

Hazard = exp(a.g + b.s + (u.g)(v.s)), with g one score for each functional gene group and s the slide's first principal
components. A product of two scores is a bilinear form of rank one (as in the low-rank fusion of Liu 2018, of one head);
the full form has as many coefficients as pairs, more than some hundred deaths can tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np

from survdash.case import Survival
from survdash.nets.baselines.cox_ridge import fit_cox_ridge
from survdash.nets.baselines.fitted import Blocks, TrainingSet

# Principal components of the slide: one for so many deaths, and not fewer than twenty. On 2,000 simulated patients
# twenty lose a tenth of what the slide tells of its lymphocytes, and fifty with few deaths only add noise.
DEATHS_A_COMPONENT, FEWEST_COMPONENTS = 20, 20
# Ridge penalties, in terms of the recipe's, on scores of unit variance: of the scores themselves, of all their pairs
# (only to find where to begin), and of the product's two sides.
OF_SCORES, OF_PAIRS, OF_SIDES = 3.0, 30.0, 5.0
ROUNDS = 6  # of fitting one side with the other held; the risk then moves by less than a hundredth of its spread
LEAST_PENALTY = 1e-6
FLAT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProductCox:
    """A fitted model: scores of K gene groups and Q slide components, their coefficients, and those of the product.

    Parameters
    ----------
    gene_axes, slide_axes : ndarray, shape (P, K) and (D, Q)
        From scaled genes and scaled mean features to scores of unit variance over the training cases.
    gene_centre, slide_centre : ndarray, shape (K,) and (Q,)
        Means of the scores, taken off.
    gene_weight, slide_weight : ndarray, shape (K,) and (Q,)
        a and b above.
    gene_side, slide_side : ndarray, shape (K,) and (Q,)
        u and v above.
    product_centre : ndarray, shape ()
        Mean product over the training cases, taken off.
    """

    gene_axes: np.ndarray
    slide_axes: np.ndarray
    gene_centre: np.ndarray
    slide_centre: np.ndarray
    gene_weight: np.ndarray
    slide_weight: np.ndarray
    gene_side: np.ndarray
    slide_side: np.ndarray
    product_centre: np.ndarray

    @property
    def parameters(self) -> int:
        """Coefficients, the axes not counted: they were found without the outcome."""
        return 2 * (self.gene_weight.size + self.slide_weight.size)

    def risk(self, blocks: Blocks) -> np.ndarray:
        """Log hazard ratio of N cases: (N,), higher is worse."""
        genes = blocks["genes"] @ self.gene_axes - self.gene_centre
        slide = blocks["slide"] @ self.slide_axes - self.slide_centre
        product = (genes @ self.gene_side) * (slide @ self.slide_side) - self.product_centre
        result: np.ndarray = genes @ self.gene_weight + slide @ self.slide_weight + product
        return result

    def gene_slope(self, blocks: Blocks, *, prior: np.ndarray | None) -> np.ndarray:
        """Change of the first case's risk for each unit of a scaled gene, its slide as it is: (P,)."""
        side = float((blocks["slide"][0] @ self.slide_axes - self.slide_centre) @ self.slide_side)
        slope: np.ndarray = self.gene_axes @ (self.gene_weight + self.gene_side * side)
        return slope

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        return asdict(self)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """What ``to_arrays`` came from."""
        return cls(**arrays)


def fit(training: TrainingSet) -> ProductCox:
    """Fit on genes and slide, in turns: with one side of the product held, the other is a ridge Cox model's.

    The start is the best product in the full form of all pairs, its leading singular vectors.
    """
    gene_axes = group_axes(training.blocks["genes"], training.gene_groups)
    slide_axes = component_axes(training.blocks["slide"], components(training.survival))
    genes, gene_centre = _scores(training.blocks["genes"], gene_axes)
    slide, slide_centre = _scores(training.blocks["slide"], slide_axes)
    scores = [(genes, OF_SCORES), (slide, OF_SCORES)]
    gene_weight, slide_weight = _ridge(scores, training)
    gene_side, slide_side = _first_sides(genes, slide, training)
    for _ in range(ROUNDS if genes.size and slide.size else 0):
        *_, slide_side = _ridge([*scores, ((genes @ gene_side)[:, None] * slide, OF_SIDES)], training)
        gene_weight, slide_weight, gene_side = _ridge(
            [*scores, ((slide @ slide_side)[:, None] * genes, OF_SIDES)], training
        )
        gene_side, slide_side = _balance(gene_side, slide_side)
    return ProductCox(
        gene_axes=gene_axes, slide_axes=slide_axes, gene_centre=gene_centre, slide_centre=slide_centre,
        gene_weight=gene_weight, slide_weight=slide_weight, gene_side=gene_side, slide_side=slide_side,
        product_centre=np.asarray(np.mean((genes @ gene_side) * (slide @ slide_side))),
    )


def components(survival: Survival) -> int:
    """How many principal components of the slide a fit looks at."""
    return max(FEWEST_COMPONENTS, int(survival.event.sum()) // DEATHS_A_COMPONENT)


def _first_sides(genes: np.ndarray, slide: np.ndarray, training: TrainingSet) -> tuple[np.ndarray, np.ndarray]:
    """Leading singular vectors of the coefficients of all pairs of a gene score and a slide score."""
    if not genes.size or not slide.size:
        return np.zeros(genes.shape[1]), np.zeros(slide.shape[1])
    pairs = (genes[:, :, None] * slide[:, None, :]).reshape(len(genes), -1)
    found = _ridge([(genes, OF_SCORES), (slide, OF_SCORES), (pairs, OF_PAIRS)], training)[2]
    left, strength, right = np.linalg.svd(found.reshape(genes.shape[1], -1))
    return left[:, 0] * np.sqrt(strength[0]), right[0] * np.sqrt(strength[0])


def group_axes(genes: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
    """First principal axis of each of K groups of columns of (N, P) genes, scaled to scores of variance one: (P, K).

    The sign, which the data leave open, is that of the largest loading. A group of constant genes has no score.
    """
    axes = [np.zeros((genes.shape[1], 1))]
    for members in groups:
        own = component_axes(genes[:, members], 1)
        axis = np.zeros((genes.shape[1], own.shape[1]))
        axis[members] = own
        axes.append(axis)
    return np.concatenate(axes[1:] or axes, axis=1)


def component_axes(table: np.ndarray, most: int) -> np.ndarray:
    """At most ``most`` principal axes of an (N, P) table, scaled to scores of variance one: (P, Q)."""
    _, singular, axes = np.linalg.svd(table - table.mean(axis=0), full_matrices=False)
    kept = singular[:most] > FLAT * max(1.0, float(singular[0]))
    chosen = axes[:most][kept] / singular[:most][kept, None] * np.sqrt(len(table))
    signs = np.sign(np.take_along_axis(chosen, np.abs(chosen).argmax(axis=1, keepdims=True), axis=1))
    return np.asarray((chosen * signs).T)


def _scores(block: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    raw = block @ axes
    centre = raw.mean(axis=0)
    return raw - centre, centre


def _ridge(parts: Sequence[tuple[np.ndarray, float]], training: TrainingSet) -> list[np.ndarray]:
    """Coefficients of each table of features, each with a ridge penalty of its own."""
    # Dividing a feature by the root of its penalty and penalising all by one is the same.
    ridge = max(training.penalty, LEAST_PENALTY)
    roots = [np.full(table.shape[1], np.sqrt(penalty * ridge)) for table, penalty in parts]
    survival: Survival = training.survival
    fitted = fit_cox_ridge(
        np.concatenate([table / root for (table, _), root in zip(parts, roots, strict=True)], axis=1),
        survival.time_months, event=survival.event, penalty=1.0,
    )
    ends = np.cumsum([root.size for root in roots])[:-1]
    return np.split(fitted.coefficients / np.concatenate(roots), ends)


def _balance(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same product with both sides of one length, so that one penalty means the same to both."""
    lengths = np.linalg.norm(one), np.linalg.norm(other)
    if min(lengths) < FLAT:
        return one, other
    ratio = np.sqrt(lengths[1] / lengths[0])
    return one * ratio, other / ratio
