"""Bring back the patients of a model that came without them: their predictions, from their tables and its weights.

By the very tables of the training, or from another source of the same patients (``transfer``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from survdash.artefact import Artefact, load_folds, write_artefact
from survdash.case import Survival
from survdash.cohort import Cohort
from survdash.errors import ArtefactError, NotEnoughDataError
from survdash.prediction import BAND
from survdash.progress import Report, silent, track
from survdash.sources.cohort_genes import LEAST_TOGETHER
from survdash.training.evaluation import evaluate, held_out
from survdash.usecases.library import run_folder
from survdash.usecases.summary import content_digest, shipped_summary
from survdash.usecases.transfer import ALL_FOLDS, Transfer, plan_transfer, say_transfer, shipped_models

if TYPE_CHECKING:
    from survdash.training.data import ModelData
    from survdash.training.fold_model import FoldModel

PATIENTS_SOURCE = "The values of this patient come from another source than the tables that the model was trained on."
TOLERANCE = 1e-4  # of the c-index: one pair of thousands may fall the other way where a last bit is rounded


def open_shipped(cohort: Cohort, *, report: Report = silent) -> list[Artefact]:
    """Compute and keep the out-of-fold predictions of all shipped models of a cohort, if its tables are theirs.

    Each patient is predicted by the one fold model that never saw him or her.

    Raises
    ------
    ArtefactError
        If the predictions are not as good as the model's card says, which no honest copy is.
    """
    told = shipped_summary(cohort.name)
    if told is None or told.content != content_digest(cohort):
        return []
    own = [one for one in shipped_models(told) if one.has_weights and not one.has_predictions]
    return [_open(cohort, one) for one in track(own, step="Predicting the patients", report=report)]


def _open(cohort: Cohort, shipped: Artefact) -> Artefact:
    from survdash.training.crossval import held_out_predictions
    from survdash.training.data import model_data
    from survdash.usecases.training import keep_references

    card = shipped.card
    data = model_data(cohort, card.recipe.modalities, missing=card.recipe.allows_missing, panel=card.panel)
    folds = dict(zip(card.folds, load_folds(shipped), strict=True))
    predictions = held_out_predictions(data, folds, np.arange(card.months + 1, dtype=float))
    place = {case: number for number, case in enumerate(data.case_ids)}
    order = np.array([place[case] for case in predictions["case_id"]])
    _check(shipped, evaluate(predictions, data.survival.take(order))["mean"], cases=len(predictions))
    opened = write_artefact(
        run_folder(cohort.name, card.run), replace(card, cohort_digest=cohort.digest),
        evaluation=shipped.evaluation(), predictions=predictions, folds=list(folds.values()),
    )
    return keep_references(opened, data, home=cohort)


def _check(shipped: Artefact, found: object, *, cases: int) -> None:
    stated = shipped.evaluation()["cindex"]["mean"]
    if not isinstance(found, float) or abs(found - stated) > TOLERANCE or cases != shipped.card.cases:
        raise ArtefactError(
            f"Model {shipped.card.name} does not repeat its card: c-index {found:.4f} where {stated:.4f} is stated.",
            hint="Install survdash anew.",
        )


def open_brought(cohort: Cohort, *, report: Report = silent) -> list[Artefact]:
    """Compute and keep what the shipped models of a cohort's cancer say of its patients, who came from another source.

    A patient of the training is predicted by the one fold model that never saw him or her, anybody else by all. Nothing
    is kept where ``transfer.plan_transfer`` finds a fault.
    """
    plan = plan_transfer(cohort)
    if plan is None or plan.faults:
        return []
    models = track(plan.models, step="Predicting the patients", report=report)
    return [_open_brought(cohort, one, plan) for one in models]


def _open_brought(cohort: Cohort, shipped: Artefact, plan: Transfer) -> Artefact:
    from survdash.training.crossval import held_out_predictions
    from survdash.training.data import model_data, take_cases
    from survdash.usecases.training import find_cutpoint, keep_references

    card = shipped.card
    data = model_data(cohort, card.recipe.modalities, missing=card.recipe.allows_missing, panel=card.panel)
    data = take_cases(data, np.flatnonzero(np.isin(data.case_ids, plan.folds.index)))
    data = replace(data, folds=plan.folds.loc[data.case_ids].to_numpy(int))
    folds = dict(zip(card.folds, load_folds(shipped), strict=True))
    months = np.arange(card.months + 1, dtype=float)
    own = {fold: model for fold, model in folds.items() if (data.folds == fold).any()}
    tables = [held_out_predictions(data, own, months)] if own else []
    tables += [_by_all(data, folds, months)] if (data.folds == ALL_FOLDS).any() else []
    predictions = pd.concat(tables).sort_values("case_id", ignore_index=True)
    survival = data.survival.take(np.searchsorted(data.case_ids.astype(str), predictions["case_id"].to_numpy(str)))
    judged = held_out(predictions["fold"].to_numpy(int))
    cindex = evaluate(predictions[judged], survival.take(np.flatnonzero(judged)))
    evaluation = {
        "cindex": cindex, "recalibrated": shipped.evaluation().get("recalibrated", ""),
        "cutpoint": find_cutpoint(predictions["risk"].to_numpy(float), survival.time_months, survival.event),
    }
    words = [*say_transfer(plan, name=cohort.name), _say_cindex(cindex, shipped, patients=int(judged.sum()))]
    if (~judged).sum() >= LEAST_TOGETHER:
        words += _say_new(predictions[~judged], survival.take(np.flatnonzero(~judged)))
    about = {"model": card.name, "version": card.version, "cohort": card.cohort, "held_out": plan.held_out,
             "new": plan.new, "missing": list(plan.missing), "words": words, "warnings": [PATIENTS_SOURCE]}  # fmt: skip
    opened = write_artefact(
        run_folder(cohort.name, card.run),
        replace(card, name=f"{cohort.name}-{card.run}", cohort=cohort.name, cohort_digest=cohort.digest,
                endpoint=cohort.endpoint, cases=len(predictions), events=int(survival.event.sum()),
                about={**card.about, "opened": about}),
        evaluation=evaluation, predictions=predictions, folds=list(folds.values()),
    )  # fmt: skip
    return keep_references(opened, data, home=cohort)


def _by_all(data: ModelData, models: Mapping[int, FoldModel], months: np.ndarray) -> pd.DataFrame:
    """What all fold models together say of the patients of no fold, as of new cases."""
    from survdash.training.network import scoring_parts

    parts = []
    for some in scoring_parts(data, np.flatnonzero(data.folds == ALL_FOLDS)):
        scores = [model.score(data.inputs(some), months) for model in models.values()]
        low, high = np.percentile(np.concatenate([score.variants for score in scores]), BAND, axis=0)
        curves = {"survival": np.mean([score.survival for score in scores], axis=0), "low": low, "high": high}
        parts.append(pd.DataFrame(
            {"case_id": data.case_ids[some], "fold": ALL_FOLDS, "risk": np.mean([one.risk for one in scores], axis=0)}
            | {name: list(values.astype(np.float32)) for name, values in curves.items()}
        ))  # fmt: skip
    return pd.concat(parts)


def _say_new(predictions: pd.DataFrame, survival: Survival) -> list[str]:
    """How well those are told whom no fold saw; nothing where no two can be compared."""
    try:
        found = evaluate(predictions, survival)
    except NotEnoughDataError:
        return []
    return [f"C-index of the {len(predictions):,} who are new to it, apart from these: {found['mean']:.3f} (95 % "
            f"{found['low']:.3f} to {found['high']:.3f})."]  # fmt: skip


def _say_cindex(cindex: Mapping[str, Any], shipped: Artefact, *, patients: int) -> str:
    stated = shipped.evaluation()["cindex"]["mean"]
    return (
        f"C-index of {patients:,} of these patients, computed here: {cindex['mean']:.3f} (95 % {cindex['low']:.3f} to "
        f"{cindex['high']:.3f}); model {shipped.card.name} states {stated:.3f} on the tables of its training."
    )
