"""Cross-validation: fit every fold, predict the patients it did not see, measure."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.errors import NotEnoughDataError
from survdash.nets.registry import get
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.spread import spread
from survdash.training.checkpoint import work_key
from survdash.training.data import ModelData
from survdash.training.fold_model import FoldModel
from survdash.training.loop import FittedFold, fit_fold, join
from survdash.training.network import scoring_parts
from survdash.training.recalibration import HORIZON, Recalibration, fit_recalibration, last_month
from survdash.training.recipe import Recipe

CURVES = ("survival", "low", "high")
INNER, OUTER = "inner folds", "other folds"
CALIBRATIONS = (INNER, OUTER, "")  # training patients held out on inner folds; the other folds' patients; nobody's


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crossval:
    """Fitted folds and what each says of the patients it was not trained on.

    Parameters
    ----------
    recipe : Recipe
    folds : tuple of FittedFold
    months : ndarray, shape (K,)
        0, 1, ... to the shortest training follow-up of the folds, or the last month to which enough patients were
        followed (``last_month``) if that is sooner.
    predictions : DataFrame
        One row a case, sorted by ``case_id``: ``case_id``, ``fold``, ``risk``, and ``survival``, ``low``, ``high``
        (lists of K; low and high span the seeds' networks and the deals of the tiles). Curves are recalibrated where
        enough patients died; ``calibration`` says by whom.
    seconds : float
    """

    recipe: Recipe
    folds: tuple[FittedFold, ...]
    months: np.ndarray
    predictions: pd.DataFrame
    seconds: float

    @property
    def calibration(self) -> str:
        """Whose outcomes set the level of the curves, each fold's own training patients apart: ``CALIBRATIONS``."""
        if self.folds[0].model.blends:
            return INNER
        if any(one.model.recalibration is None for one in self.folds):
            return ""
        return OUTER if self.folds[0].model.networks else INNER

    @property
    def parameters(self) -> int:
        """Trainable numbers of one fold's model."""
        model = self.folds[0].model
        if model.networks:
            networks = sum(weight.numel() for network in model.networks for weight in network.parameters())
            return networks + sum(blend.parameters for blend in model.blends)
        return 0 if model.fitted is None else model.fitted.parameters


def crossval(
    data: ModelData, recipe: Recipe, *, jobs: int = 1, device: str = "cpu", work: Path | None = None,
    report: Report = silent, cancel: Cancel | None = None,
) -> Crossval:
    """Fit and evaluate ``recipe`` on the folds of ``data``.

    Parameters
    ----------
    jobs : int
        Processes that share the folds and seeds; the result does not depend on it. See ``survdash.spread``.
    work : Path, optional
        Where interrupted and finished folds are kept, below ``work_folder``; the same call then goes on there. The
        caller deletes that folder once the result is safe.

    Raises
    ------
    NotEnoughDataError
        If the data has fewer than two folds, or a training fold too few deaths.
    Cancelled
        If ``cancel`` is set.
    """
    started = time.perf_counter()
    numbers = np.unique(data.folds[data.folds >= 0])
    if numbers.size < 2:
        raise NotEnoughDataError("Cross-validation needs at least two folds.", hint="Import the cohort with folds.")
    kept = None if work is None else work_folder(work, data, recipe, device=device)
    fitted = _fit(data, recipe, numbers, jobs=jobs, device=device, kept=kept, report=report, cancel=cancel)
    last = min([last_month(data.survival), *(int(np.floor(one.model.edges[-1])) for one in fitted)])
    months = np.arange(last + 1, dtype=float)
    tables = [_held_out(data, one.model, fold=one.fold, months=months) for one in fitted]
    maps: list[Recalibration | None] = [None] * len(fitted)
    if get(recipe.model).fitter == "gradient" and not get(recipe.model).with_paths:
        maps = _recalibrations(data, tables, horizon=min(HORIZON, last))
        fitted = [replace(one, model=replace(one.model, recalibration=own))
                  for one, own in zip(fitted, maps, strict=True)]  # fmt: skip
    tables = [_recalibrated(table, own, months) for table, own in zip(tables, maps, strict=True)]
    predictions = pd.concat(tables).sort_values("case_id", ignore_index=True)
    return Crossval(
        recipe=recipe, folds=tuple(fitted), months=months, predictions=predictions,
        seconds=time.perf_counter() - started,
    )


def work_folder(work: Path, data: ModelData, recipe: Recipe, *, device: str = "cpu") -> Path:
    """Where below ``work`` the folds of this data and recipe are kept until the run is done."""
    return work / work_key(data, recipe, device=device)


def _fit(
    data: ModelData, recipe: Recipe, numbers: np.ndarray, *, jobs: int, device: str, kept: Path | None,
    report: Report, cancel: Cancel | None,
) -> list[FittedFold]:
    """Every fold with the networks of all its seeds."""
    pieces: list[dict[str, object]] = [
        {"data": data, "recipe": recipe, "fold": int(fold), "member": member, "device": device, "kept": kept}
        for fold in numbers for member in range(recipe.seeds)
    ]
    if jobs == 1:
        pieces = [piece | {"report": report, "cancel": cancel} for piece in pieces]
    members: dict[int, list[FittedFold]] = {}
    for done, one in enumerate(spread(fit_fold, pieces, jobs=jobs), start=1):
        members.setdefault(one.fold, []).append(one)
        if jobs != 1 or get(recipe.model).fitter != "gradient":
            report(Progress(step="Training folds", done=done, total=len(pieces)))
            check_cancel(cancel, step=f"training, {done} of {len(pieces)}")
    return [join(members[int(fold)]) for fold in numbers]


def held_out_predictions(data: ModelData, models: Mapping[int, FoldModel], months: np.ndarray) -> pd.DataFrame:
    """What finished fold models say of the patients they never saw; as ``Crossval.predictions``.

    Parameters
    ----------
    models : mapping
        Fold to its model, recalibrated as it was stored.
    """
    tables = [_held_out(data, model, fold=fold, months=months) for fold, model in models.items()]
    narrow = [_recalibrated(table, None, months) for table in tables]
    return pd.concat(narrow).sort_values("case_id", ignore_index=True)


def _held_out(data: ModelData, model: FoldModel, *, fold: int, months: np.ndarray) -> pd.DataFrame:
    cases = np.flatnonzero(data.folds == fold)
    risks, curves, lows, highs = [], [], [], []
    for some in scoring_parts(data, cases):
        scores = model.score(data.inputs(some), months)
        risks.append(scores.risk)
        curves.append(scores.survival)
        lows.append(scores.variants.min(axis=0))
        highs.append(scores.variants.max(axis=0))
    columns = {"survival": curves, "low": lows, "high": highs}
    return pd.DataFrame(
        {"case_id": data.case_ids[cases], "fold": fold, "risk": np.concatenate(risks)}
        | {name: list(np.concatenate(parts).astype(np.float64)) for name, parts in columns.items()}
    )


def _recalibrations(data: ModelData, tables: list[pd.DataFrame], *, horizon: int) -> list[Recalibration | None]:
    """For each fold of a network alone the map that the held-out patients of all other folds ask for.

    The networks that predicted these have seen the fold's own patients; to train some on inner folds would cost five
    trainings more. What is fitted in closed form, and paths beside a network, are calibrated on inner folds.
    """
    place = {case: number for number, case in enumerate(data.case_ids)}
    maps = []
    for own in range(len(tables)):
        others = pd.concat([table for number, table in enumerate(tables) if number != own])
        alive = np.array([curve[horizon] for curve in others["survival"]], np.float64)
        survival = data.survival.take(np.array([place[case] for case in others["case_id"]]))
        maps.append(fit_recalibration(alive, survival, horizon=horizon))
    return maps


def _recalibrated(table: pd.DataFrame, own: Recalibration | None, months: np.ndarray) -> pd.DataFrame:
    """The same predictions with their curves mapped; the map keeps order, so bounds stay bounds."""
    made = {}
    for name in CURVES:
        curves = np.stack(table[name].to_list())
        if own is not None:
            curves = own.curves(curves[:, int(own.horizon)], months)
        made[name] = list(curves.astype(np.float32))
    return table.assign(**made)


def fold_models(result: Crossval) -> list[FoldModel]:
    """The fitted models in the order of their folds."""
    return [one.model for one in result.folds]
