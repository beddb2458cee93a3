"""Trainings beside a run, whose out-of-fold risks alone are kept: with other chance, shuffled, or of fewer patients.

Each is kept under a key of all that makes it, so that an audit or a table of evidence goes on where it was stopped.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from survdash import __version__
from survdash.artefact import Artefact
from survdash.progress import Cancel, Progress, Report, silent
from survdash.settings import settings
from survdash.store import digest, new_file, write_json
from survdash.training.evaluation import evaluate
from survdash.training.recipe import Recipe

if TYPE_CHECKING:
    from survdash.training.data import ModelData

ROOM = "audits"  # of the data folder
SCHEMA = 1


def out_of_fold(
    data: ModelData, recipe: Recipe, *, share: float = 1.0, report: Report = silent, cancel: Cancel | None = None
) -> pd.DataFrame:
    """Out-of-fold risks ``case_id fold risk`` of one training of all folds, from disk if they are there.

    Parameters
    ----------
    share : float
        Of the training patients of each fold, drawn by the recipe's seed.
    """
    key = digest({"data": data.digest(), "recipe": recipe.to_json(), "share": share, "software": __version__})
    path = settings().data_dir / ROOM / f"{key}.parquet"
    if path.is_file():
        return pd.read_parquet(path)
    folds = np.unique(data.folds[data.folds >= 0])
    tables = [_fold(data, recipe, int(fold), share=share, report=report, cancel=cancel) for fold in folds]
    made = pd.concat(tables).sort_values("case_id", ignore_index=True)
    with new_file(path) as temporary:
        made.to_parquet(temporary, index=False)
    return made


def _fold(
    data: ModelData, recipe: Recipe, fold: int, *, share: float, report: Report, cancel: Cancel | None
) -> pd.DataFrame:
    from survdash.training.crossval import held_out_predictions
    from survdash.training.data import thin_training
    from survdash.training.loop import fit_fold

    own = data if share == 1 else thin_training(data, fold=fold, share=share, seed=recipe.seed)
    place = {"data": own.digest(), "recipe": recipe.to_json(), "software": __version__}
    kept = settings().data_dir / "training" / f"audit-{digest(place)}"
    model = fit_fold(own, recipe, fold=fold, kept=kept, report=report, cancel=cancel).model
    made = held_out_predictions(own, {fold: model}, np.arange(2.0))[["case_id", "fold", "risk"]]
    shutil.rmtree(kept, ignore_errors=True)
    return made


def judge(table: pd.DataFrame, data: ModelData) -> dict[str, Any]:
    """Mean c of the folds with its standard deviation and interval."""
    place = {case: number for number, case in enumerate(data.case_ids)}
    found = evaluate(table, data.survival.take(np.array([place[case] for case in table["case_id"]])))
    return {name: found[name] for name in ("mean", "sd", "low", "high")}


def other_seeds(
    artefact: Artefact, data: ModelData, *, seeds: int, report: Report = silent, cancel: Cancel | None = None
) -> list[float]:
    """Mean c of the folds of a run and of trainings of the same recipe with other chance, ``seeds`` in all; kept.

    Parameters
    ----------
    artefact : Artefact
        Its recipe's seed comes first.
    data : ModelData
        What it was trained on.
    seeds : int

    Raises
    ------
    Cancelled
        If ``cancel`` is set; what is finished stays.
    """
    card = artefact.card
    means = [float(artefact.evaluation()["cindex"]["mean"])]
    for number in range(1, seeds):
        recipe = replace(card.recipe, seed=card.recipe.seed + number)
        name = f"{card.name}, seed {number + 1} of {seeds}"

        def tell(progress: Progress, name: str = name) -> None:
            report(replace(progress, step=f"{name}: {progress.step}"))

        means.append(judge(out_of_fold(data, recipe, report=tell, cancel=cancel), data)["mean"])
    write_json(_seeds_path(artefact), {"schema": SCHEMA, "run": card.run, "means": means})
    return means


def stored_seeds(artefact: Artefact) -> list[float]:
    """What ``other_seeds`` found of this very model; empty where it was not asked."""
    path = _seeds_path(artefact)
    return list(json.loads(path.read_text(encoding="utf-8"))["means"]) if path.is_file() else []


def _seeds_path(artefact: Artefact) -> Any:
    key = digest({"cohort": artefact.card.cohort_digest, "model": artefact.card.version, "seeds": SCHEMA})
    return settings().data_dir / ROOM / f"seeds-{key}.json"
