"""Bring back the patients of a model that came without them: their predictions, from their tables and its weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from survdash.artefact import Artefact, load_folds, read_artefact, write_artefact
from survdash.cohort import Cohort
from survdash.errors import ArtefactError
from survdash.progress import Report, silent, track
from survdash.settings import SHIPPED_MODELS
from survdash.training.evaluation import evaluate
from survdash.usecases.library import run_folder
from survdash.usecases.summary import content_digest, shipped_summary

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
    shipped = [read_artefact(path.parent) for path in sorted(SHIPPED_MODELS.glob(f"{cohort.name}-*/card.json"))]
    own = [one for one in shipped if one.card.cohort == cohort.name and one.has_weights and not one.has_predictions]
    return [_open(cohort, one) for one in track(own, step="Predicting the patients", report=report)]


def _open(cohort: Cohort, shipped: Artefact) -> Artefact:
    from survdash.training.crossval import held_out_predictions
    from survdash.training.data import model_data
    from survdash.usecases.training import keep_references

    card = shipped.card
    data = model_data(cohort, card.recipe.modalities, missing=card.recipe.allows_missing)
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
