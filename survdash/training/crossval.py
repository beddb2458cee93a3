"""Cross-validation: fit every fold, predict the patients it did not see, measure."""

from __future__ import annotations

import time
from dataclasses import dataclass

import joblib
import numpy as np
import pandas as pd

from survdash.errors import NotEnoughDataError
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.training.data import ModelData
from survdash.training.fold_model import FoldModel
from survdash.training.loop import FittedFold, fit_fold
from survdash.training.recipe import Recipe

SCORED_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crossval:
    """Fitted folds and what each says of the patients it was not trained on.

    Parameters
    ----------
    recipe : Recipe
    folds : tuple of FittedFold
    months : ndarray, shape (K,)
        0, 1, ... to the shortest training follow-up of the folds.
    predictions : DataFrame
        One row a case, sorted by ``case_id``: ``case_id``, ``fold``, ``risk``, and ``survival``, ``low``, ``high``
        (lists of K; low and high span the deals of the tiles).
    seconds : float
    """

    recipe: Recipe
    folds: tuple[FittedFold, ...]
    months: np.ndarray
    predictions: pd.DataFrame
    seconds: float

    @property
    def parameters(self) -> int:
        """Trainable numbers of one fold's model."""
        model = self.folds[0].model
        if model.network is not None:
            return sum(weight.numel() for weight in model.network.parameters())
        return 0 if model.fitted is None else model.fitted.parameters


def crossval(
    data: ModelData, recipe: Recipe, *, jobs: int = 1, device: str = "cpu", report: Report = silent,
    cancel: Cancel | None = None,
) -> Crossval:
    """Fit and evaluate ``recipe`` on the folds of ``data``.

    Parameters
    ----------
    jobs : int
        Processes that share the folds; the result does not depend on it.

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
    if jobs == 1:
        fitted = [
            fit_fold(data, recipe, fold=int(fold), device=device, report=report, cancel=cancel) for fold in numbers
        ]
    else:
        tasks = (joblib.delayed(fit_fold)(data, recipe, fold=int(fold), device=device) for fold in numbers)
        fitted = []
        for done, result in enumerate(joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks), start=1):
            fitted.append(result)
            report(Progress(step="Training folds", done=done, total=numbers.size))
            check_cancel(cancel, step=f"training fold {done} of {numbers.size}")
    last = min(one.model.edges[-1] for one in fitted)
    months = np.arange(int(np.floor(last)) + 1, dtype=float)
    tables = [_held_out(data, one, months) for one in fitted]
    predictions = pd.concat(tables).sort_values("case_id", ignore_index=True)
    return Crossval(
        recipe=recipe, folds=tuple(fitted), months=months, predictions=predictions,
        seconds=time.perf_counter() - started,
    )


def _held_out(data: ModelData, fitted: FittedFold, months: np.ndarray) -> pd.DataFrame:
    cases = np.flatnonzero(data.folds == fitted.fold)
    risks, curves, lows, highs = [], [], [], []
    for some in np.array_split(cases, -(-len(cases) // SCORED_AT_ONCE)):
        scores = fitted.model.score(data.inputs(some), months)
        risks.append(scores.risk)
        curves.append(scores.survival)
        lows.append(scores.variants.min(axis=0))
        highs.append(scores.variants.max(axis=0))
    columns = {"survival": curves, "low": lows, "high": highs}
    return pd.DataFrame(
        {"case_id": data.case_ids[cases], "fold": fitted.fold, "risk": np.concatenate(risks)}
        | {name: list(np.concatenate(parts).astype(np.float32)) for name, parts in columns.items()}
    )


def fold_models(result: Crossval) -> list[FoldModel]:
    """The fitted models in the order of their folds."""
    return [one.model for one in result.folds]
