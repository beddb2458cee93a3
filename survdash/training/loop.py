"""Fit one fold: the same loop for every network, and the closed fit of what is no network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from survdash.errors import NotEnoughDataError
from survdash.nets.baselines.fitted import TrainingSet
from survdash.nets.registry import get
from survdash.progress import Cancel, Report, silent, track
from survdash.store import digest
from survdash.training.data import ModelData
from survdash.training.discretise import assign_bins, fit_bins
from survdash.training.fold_model import FoldModel, build_network, model_blocks, network_inputs, one_thread
from survdash.training.losses import survival_loss
from survdash.training.recipe import Recipe
from survdash.training.scaling import Scaler, fit_scaler

TILES_PER_CASE = 64  # tiles of each training case that the tile scaler looks at


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedFold:
    """A fold model and the mean training loss of each epoch (empty for a closed fit)."""

    fold: int
    model: FoldModel
    history: tuple[float, ...]


def fit_fold(
    data: ModelData, recipe: Recipe, *, fold: int, device: str = "cpu", report: Report = silent,
    cancel: Cancel | None = None,
) -> FittedFold:
    """Fit ``recipe`` on every case that stands in a fold other than ``fold``.

    Scaling, time bins and weights see the training cases alone. The seed is made of the recipe's seed, the fold and
    the training cases, and one thread computes, so that the result does not depend on how folds are spread.

    Raises
    ------
    NotEnoughDataError
        If too few training cases died.
    Cancelled
        If ``cancel`` is set between two epochs.
    """
    training = np.flatnonzero((data.folds != fold) & (data.folds >= 0))
    if not training.size:
        raise NotEnoughDataError(f"Fold {fold} leaves no case to train on.")
    seed_text = digest({"seed": recipe.seed, "fold": fold, "cases": data.case_ids[training].tolist()})
    seed = int(seed_text[:12], 16)
    gene_scaler = None if data.genes is None else fit_scaler(data.genes[training])
    tile_scaler = _fit_tile_scaler(data, training, seed=seed)
    blank = FoldModel(
        recipe=recipe, groups=data.groups, tile_dim=None if data.bags is None else data.bags.dim,
        gene_scaler=gene_scaler, tile_scaler=tile_scaler, edges=np.zeros(0), network=None, fitted=None,
    )
    if get(recipe.model).fitter != "gradient":
        return FittedFold(fold=fold, model=_fit_closed(data, training, blank, seed=seed), history=())
    return _fit_network(data, training, blank, fold=fold, seed=seed, device=device, report=report, cancel=cancel)


def _fit_tile_scaler(data: ModelData, training: np.ndarray, *, seed: int) -> Scaler | None:
    if data.bags is None:
        return None
    rng = np.random.default_rng(seed)
    samples = []
    for case in training:
        bag = data.bags.read(int(case))
        chosen = rng.choice(len(bag), min(TILES_PER_CASE, len(bag)), replace=False)
        samples.append(bag[np.sort(chosen)])
    return fit_scaler(np.concatenate(samples))


def _fit_closed(data: ModelData, training: np.ndarray, blank: FoldModel, *, seed: int) -> FoldModel:
    outcome = data.survival.take(training)
    seen = TrainingSet(
        blocks=model_blocks(data.inputs(training), blank), survival=outcome, seed=seed, penalty=blank.recipe.penalty
    )
    with one_thread():
        fitted = get(blank.recipe.model).load()(seen)
    return replace(blank, fitted=fitted, edges=np.array([0.0, outcome.time_months.max()]))


def _fit_network(
    data: ModelData, training: np.ndarray, blank: FoldModel, *, fold: int, seed: int, device: str, report: Report,
    cancel: Cancel | None,
) -> FittedFold:
    recipe = blank.recipe
    outcome = data.survival.take(training)
    edges = fit_bins(outcome, bins=recipe.bins)
    bins = torch.from_numpy(assign_bins(outcome.time_months, edges)).to(device)
    event = torch.from_numpy(outcome.event.copy()).to(device)
    history = []
    with one_thread(), torch.random.fork_rng():
        torch.manual_seed(seed)
        network = build_network(recipe, blank.groups, blank.tile_dim).to(device).train()
        optimiser = torch.optim.Adam(
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        for _ in track(range(recipe.epochs), step=f"Training fold {fold + 1}", report=report, cancel=cancel):
            order = torch.randperm(len(training))
            losses = []
            for batch in order.split(recipe.batch_cases):
                inputs = data.inputs(training[batch.numpy()])
                output = network(*network_inputs(inputs, blank, device=torch.device(device)))
                on_device = batch.to(device)
                fit = survival_loss(output.logits, bins[on_device], event[on_device])
                loss = output.total_loss(fit, bins[on_device])
                optimiser.zero_grad()
                loss.mean().backward()
                optimiser.step()
                losses.append(loss.detach())
            history.append(float(torch.cat(losses).mean()))
    # Half the size on disk; every prediction, the stored ones too, is made by the rounded weights.
    rounded = network.cpu().half().float().eval()
    fitted = replace(blank, edges=edges, network=rounded)
    return FittedFold(fold=fold, model=fitted, history=tuple(history))
