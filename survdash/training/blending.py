"""Fit what stands beside a network: the classical paths, and the weights by which network and paths are added up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from survdash.nets.baselines.fitted import INNER_FOLDS, Blocks, TrainingSet, inner_folds
from survdash.nets.baselines.linear_paths import NETWORK, Blend, blend, fit_paths, part_risks
from survdash.training.data import ModelData
from survdash.training.fold_model import FoldModel, model_blocks

SEEN_AT_ONCE = 16


def fit_blend(
    data: ModelData, fold: FoldModel, training: np.ndarray, *, seed: int,
    fit_inner: Callable[[np.ndarray, int], FoldModel],
) -> Blend:
    """The paths of a fold, and the weights of paths and network, from its training cases alone.

    Parameters
    ----------
    fold : FoldModel
        Its rules are those of the paths.
    training : ndarray, shape (N,)
        Positions of the training cases.
    fit_inner : callable
        Fits rules and a network on the training cases it is given, as the fold's were; its second argument is the
        number of the inner fold, whose cases are not among them.

    Raises
    ------
    NotEnoughDataError
        If there are fewer deaths than inner folds.
    """
    survival = data.survival.take(training)
    product = bool(fold.recipe.options.get("product", True))
    folds = inner_folds(survival, seed=seed)
    parts = []
    for number in range(INNER_FOLDS):
        inside = training[folds != number]
        inner = fit_inner(inside, number)
        paths = fit_paths(_training_set(data, inner, inside, seed=seed), product=product)
        parts.append(part_risks(paths, _blocks(data, inner, training[folds == number])))
    held_out = np.empty((len(training), parts[0].shape[1]))
    for number, risks in enumerate(parts):
        held_out[folds == number] = risks
    paths = fit_paths(_training_set(data, fold, training, seed=seed), product=product)
    return blend(paths, held_out, folds=folds, survival=survival)


def _training_set(data: ModelData, fold: FoldModel, cases: np.ndarray, *, seed: int) -> TrainingSet:
    blocks = {name: block for name, block in _blocks(data, fold, cases).items() if name != NETWORK}
    return TrainingSet(
        blocks=blocks, survival=data.survival.take(cases), seed=seed, penalty=fold.recipe.penalty,
        gene_columns=data.columns, gene_groups=data.groups,
    )


def _blocks(data: ModelData, fold: FoldModel, cases: np.ndarray) -> Blocks:
    """What the parts see of ``cases``, some at a time: their bags need not be in memory together."""
    seen: list[Blocks] = []
    for some in np.array_split(cases, -(-len(cases) // SEEN_AT_ONCE)):
        inputs = data.inputs(some)
        own = dict(model_blocks(inputs, fold))
        if fold.networks:
            own[NETWORK] = fold.score(inputs, np.zeros(1)).risk[:, None]
        seen.append(own)
    return {name: np.concatenate([own[name] for own in seen]) for name in seen[0]}
