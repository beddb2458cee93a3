"""Fit one fold: every rule and every weight from the training cases alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from survdash.errors import NotEnoughDataError
from survdash.genes import EXPRESSION, kinds_of
from survdash.nets.baselines.fitted import INNER_FOLDS, TrainingSet, inner_folds
from survdash.nets.registry import get
from survdash.progress import Cancel, Report, silent
from survdash.sources.fold_files import make_folds
from survdash.store import digest
from survdash.training.baseline import fit_baseline
from survdash.training.blending import fit_blend
from survdash.training.checkpoint import load_fold, save_fold
from survdash.training.clinical import fit_clinical
from survdash.training.curve import Curve, InnerStop
from survdash.training.data import ModelData
from survdash.training.discretise import fit_bins
from survdash.training.fold_model import FoldModel, model_blocks, one_thread
from survdash.training.gene_prior import fit_prior
from survdash.training.network import Training, outputs, scoring_parts, train_network
from survdash.training.recalibration import FEWEST_EVENTS, HORIZON, Recalibration, fit_recalibration, last_month
from survdash.training.recipe import Recipe
from survdash.training.scaling import Scaler, fit_scaler

TILES_PER_CASE = 64  # tiles of each training case that the tile scaler looks at
INNER_PARTS = 5  # one of them chooses the number of epochs
ENOUGH_EVENTS = 200  # among held-out training cases; more inner folds are not fitted to recalibrate a curve


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedFold:
    """A fold model and the learning curve of each of its networks (none for a closed fit)."""

    fold: int
    model: FoldModel
    curves: tuple[Curve, ...]


def fit_fold(
    data: ModelData, recipe: Recipe, *, fold: int, member: int = 0, device: str = "cpu", kept: Path | None = None,
    report: Report = silent, cancel: Cancel | None = None,
) -> FittedFold:
    """Fit ``recipe`` on every case that stands in a fold other than ``fold``.

    Scaling, time bins and weights see the training cases alone. The seed is made of the recipe's seed, the fold, the
    training cases and ``member``, and one thread computes, so that the result does not depend on how folds are spread.

    Parameters
    ----------
    member : int
        Which of the recipe's ``seeds`` networks; ``join`` puts them together.
    kept : Path, optional
        Folder for interrupted and finished work of this data and recipe; what is there is taken up.

    Raises
    ------
    NotEnoughDataError
        If too few training cases died.
    Cancelled
        If ``cancel`` is set between two epochs.
    """
    done = None if kept is None else kept / f"fold_{fold}_seed_{member}.safetensors"
    if done is not None and done.is_file():
        model, curve = load_fold(done, data, recipe)
        return FittedFold(fold=fold, model=model, curves=() if model.fitted else (curve,))
    training = np.flatnonzero((data.folds != fold) & (data.folds >= 0))
    if not training.size:
        raise NotEnoughDataError(f"Fold {fold} leaves no case to train on.")
    seeds = _seeds(data, recipe, training, fold=fold)
    if get(recipe.model).fitter != "gradient":
        model, curve = _fit_closed(data, recipe, training, seed=seeds[0]), Curve()
        fitted = FittedFold(fold=fold, model=model, curves=())
    else:
        words = f"Training fold {fold + 1}" + (f", seed {member + 1} of {recipe.seeds}" if recipe.seeds > 1 else "")
        place = _Place(kept=kept, name=f"fold_{fold}_seed_{member}", device=device, words=words, seeds=seeds)
        if get(recipe.model).with_paths:
            inner_folds(data.survival.take(training), seed=seeds[member])  # too few deaths are told before any work
        model, curve = _fit_network(data, recipe, training, place, member=member, report=report, cancel=cancel)
        if get(recipe.model).with_paths:
            model = _fit_beside(data, model, training, place, member=member, report=report, cancel=cancel)
        fitted = FittedFold(fold=fold, model=model, curves=(curve,))
    if kept is not None and done is not None:
        save_fold(done, model, curve)
        for part in kept.glob(f"fold_{fold}_seed_{member}.*.part.safetensors"):
            part.unlink()
    return fitted


def join(members: Sequence[FittedFold]) -> FittedFold:
    """One fold model of the networks of all seeds of a fold, which share everything else."""
    first = members[0]
    model = replace(
        first.model, networks=tuple(one for member in members for one in member.model.networks),
        baselines=tuple(one for member in members for one in member.model.baselines),
        blends=tuple(one for member in members for one in member.model.blends),
    )
    return FittedFold(fold=first.fold, model=model, curves=tuple(one for member in members for one in member.curves))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where and under which name one network of a fold is trained; ``seeds`` are those of all members."""

    kept: Path | None
    name: str
    device: str
    words: str
    seeds: tuple[int, ...]

    def part(self, stage: str) -> Path | None:
        return None if self.kept is None else self.kept / f"{self.name}.{stage}.part.safetensors"


def _seeds(data: ModelData, recipe: Recipe, training: np.ndarray, *, fold: int) -> tuple[int, ...]:
    parts = {"seed": recipe.seed, "fold": fold, "cases": data.case_ids[training].tolist()}
    more = [{}, *({"member": member} for member in range(1, recipe.seeds))]
    return tuple(int(digest(parts | extra)[:12], 16) for extra in more)


def prepare(data: ModelData, recipe: Recipe, cases: np.ndarray, *, seed: int) -> FoldModel:
    """The rules of a fold, fitted on ``cases``; no weights yet."""
    outcome = data.survival.take(cases)
    without_bins = recipe.loss == "cox" or get(recipe.model).fitter != "gradient"
    blank = FoldModel(
        recipe=recipe, groups=data.groups, tile_dim=None if data.bags is None else data.bags.dim,
        gene_scaler=None if data.genes is None else fit_scaler(
            data.genes[cases], skewed=kinds_of(data.columns) == EXPRESSION
        ),
        tile_scaler=_fit_tile_scaler(data, cases, seed=seed),
        clinical=None if data.clinical is None else fit_clinical(data.clinical[cases]),
        edges=np.array([0.0, outcome.time_months.max()]) if without_bins else fit_bins(outcome, bins=recipe.bins),
    )
    if get(recipe.model).with_paths and recipe.options.get("prior", True) and data.genes is not None:
        blank = replace(blank, prior=fit_prior(data, blank, cases))
    return blank


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


def _fit_closed(data: ModelData, recipe: Recipe, training: np.ndarray, *, seed: int) -> FoldModel:
    model = _fit_formula(data, recipe, training, seed=seed)
    return replace(model, recalibration=_recalibrate(data, recipe, training, seed=seed))


def _recalibrate(data: ModelData, recipe: Recipe, training: np.ndarray, *, seed: int) -> Recalibration | None:
    """The map of a closed fit's curves, by training cases that fits on the other inner folds never saw.

    Neither the fold that is held out nor any model that saw one of its patients takes part.
    """
    survival = data.survival.take(training)
    if survival.event.sum() < FEWEST_EVENTS:
        return None
    horizon = min(HORIZON, last_month(survival))
    folds, said = inner_folds(survival, seed=seed), np.full(len(training), np.nan)
    for number in range(INNER_FOLDS):
        apart = folds == number
        inner = _fit_formula(data, recipe, training[~apart], seed=seed)
        parts = [inner.score_raw(data.inputs(some), np.array([float(horizon)])).survival[:, 0]
                 for some in scoring_parts(data, training[apart])]  # fmt: skip
        said[apart] = np.concatenate(parts)
        known = np.flatnonzero(~np.isnan(said))
        if survival.event[known].sum() >= ENOUGH_EVENTS:
            break
    return fit_recalibration(said[known], survival.take(known), horizon=horizon)


def _fit_formula(data: ModelData, recipe: Recipe, training: np.ndarray, *, seed: int) -> FoldModel:
    blank = prepare(data, recipe, training, seed=seed)
    seen = TrainingSet(
        blocks=model_blocks(data.inputs(training), blank), survival=data.survival.take(training), seed=seed,
        penalty=recipe.penalty, gene_columns=data.columns, gene_groups=data.groups,
    )
    return replace(blank, fitted=get(recipe.model).load()(seen))


def _fit_network(
    data: ModelData, recipe: Recipe, training: np.ndarray, place: _Place, *, member: int, report: Report,
    cancel: Cancel | None,
) -> tuple[FoldModel, Curve]:
    seed, rules_seed = place.seeds[member], place.seeds[0]
    inner, epochs = None, recipe.epochs
    if recipe.stop == "inner":
        inner = _choose_epochs(data, recipe, training, place, seed=seed, report=report, cancel=cancel)
        epochs = inner.epochs
    blank = prepare(data, recipe, training, seed=rules_seed)
    work = Training(
        data=data, blank=blank, cases=training, epochs=epochs, seed=seed, device=place.device, kept=place.part("all"),
        step=place.words,
    )
    network, losses = train_network(work, report=report, cancel=cancel)
    model = replace(blank, networks=(network,))
    if recipe.loss == "cox":
        with one_thread():
            said = torch.cat([one.logits[:, 0] for one in outputs(replace(work, device="cpu"), network, training)])
        baseline = fit_baseline(said.double().numpy(), data.survival.take(training))
        model = replace(model, baselines=(baseline,))
    return model, Curve(training=losses.training, inner=inner)


def _fit_beside(
    data: ModelData, model: FoldModel, training: np.ndarray, place: _Place, *, member: int, report: Report,
    cancel: Cancel | None,
) -> FoldModel:
    """Linear paths beside the network of ``model``; a network is trained without each inner fold to weigh them."""

    def fit_inner(cases: np.ndarray, number: int) -> FoldModel:
        inner = replace(
            place, name=f"{place.name}.without_{number}",
            words=f"{place.words}, weighing it: {number + 1} of {INNER_FOLDS}",
        )
        return _fit_network(data, model.recipe, cases, inner, member=member, report=report, cancel=cancel)[0]

    return replace(model, blends=(fit_blend(data, model, training, seed=place.seeds[member], fit_inner=fit_inner),))


def _choose_epochs(
    data: ModelData, recipe: Recipe, training: np.ndarray, place: _Place, *, seed: int, report: Report,
    cancel: Cancel | None,
) -> InnerStop:
    """The number of epochs after which a fifth of the training cases, stratified by event, had the lowest loss."""
    apart = make_folds(data.survival.event[training], k=INNER_PARTS, seed=seed) == 0
    work = Training(
        data=data, blank=prepare(data, recipe, training[~apart], seed=seed), cases=training[~apart],
        validation=training[apart], epochs=recipe.epochs, seed=seed, device=place.device, kept=place.part("inner"),
        step=f"{place.words}, choosing epochs",
    )
    _, losses = train_network(work, report=report, cancel=cancel)
    best = int(np.argmin(losses.validation)) + 1
    return InnerStop(training=losses.training, validation=losses.validation, epochs=best)
