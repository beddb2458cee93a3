"""Train and evaluate a model on a cohort's folds, keep the run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from survdash.artefact import Artefact, Card, check_model_folder, load_folds, write_artefact, write_references
from survdash.cohort import Cohort
from survdash.errors import ArtefactError, CohortError, InputError, NotEnoughDataError
from survdash.genes import describe_panel
from survdash.nets.registry import DEFAULT_MODEL, check_modalities, get
from survdash.progress import Cancel, Report, silent
from survdash.settings import settings
from survdash.sources.cohort_states import held_still
from survdash.statistics.cutpoint import maxstat
from survdash.training.evaluation import evaluate
from survdash.training.recipe import Recipe
from survdash.usecases.library import cohort_folder, digest_now, run_folder

if TYPE_CHECKING:
    from survdash.training.crossval import Crossval
    from survdash.training.data import ModelData


def make_recipe(
    cohort: Cohort, *, model: str = "default", modalities: tuple[str, ...] | None = None, seed: int = 0, **changes: Any
) -> Recipe:
    """The recipe of a model on a cohort: genes and slide where both have them, unless told otherwise.

    Clinical facts come in when ``modalities`` names them, and unasked where the model is about them.

    Parameters
    ----------
    **changes
        Any other field of ``Recipe``; None leaves its default.

    Raises
    ------
    NotEnoughDataError
        If the cohort lacks what the model needs.
    """
    name = DEFAULT_MODEL if model == "default" else model
    spec = get(name)
    here = (*cohort.modalities, *(("clinical",) if spec.with_clinical and cohort.has_clinical else ()))
    chosen = modalities or tuple(one for one in spec.modalities if one in here)
    if not modalities:
        try:
            check_modalities(name, chosen)
        except InputError as error:
            hint = f"Cohort {cohort.name} has: {', '.join(cohort.modalities)}."
            raise NotEnoughDataError(error.message, hint=hint) from None
    given = {key: value for key, value in changes.items() if value is not None}
    return Recipe(model=name, modalities=chosen, seed=seed, **given)


def crossval(
    cohort: Cohort, recipe: Recipe, *, jobs: int = 1, folder: Path | None = None, name: str = "",
    device: str = "cpu", references: bool = True, report: Report = silent, cancel: Cancel | None = None,
) -> Artefact:
    """Train and evaluate ``recipe`` on the cohort's folds, or on those it makes, and keep the run.

    What was interrupted, by a cancel or a kill, is taken up where it stopped, with the same result bit for bit.

    Parameters
    ----------
    jobs : int
        Processes that share the folds and seeds.
    folder : Path, optional
        Where to write; the cohort's own runs by default.
    name : str
        Of the run; by default what sets its recipe apart.
    device : str
        Where networks are trained.
    references : bool
        Also store what a new case is compared with, for which all bags are read twice more.

    Raises
    ------
    NotEnoughDataError
        If the cohort lacks a modality, folds or deaths.
    InputError
        If ``folder`` holds something else than a model, or ``jobs`` is no number of processes.
    """
    run = name or recipe.run_name(cohort.modalities)
    place = folder or run_folder(cohort.name, run)
    check_model_folder(place)
    if jobs == 0 or jobs < -1:
        raise InputError(f"{jobs} processes cannot share the folds.", hint="Give a number from 1, or -1 for all cores.")
    from survdash.training.crossval import crossval as run_crossval
    from survdash.training.crossval import fold_models, work_folder
    from survdash.training.data import model_data
    from survdash.training.folds import folds_for

    if recipe.made_folds:
        made = folds_for(cohort.patients, k=recipe.made_folds, by_site=recipe.by_site, seed=recipe.seed)
        cohort = replace(cohort, folds=made)
    data = model_data(cohort, recipe.modalities, missing=recipe.allows_missing)
    work = settings().data_dir / "training"
    result = run_crossval(data, recipe, jobs=jobs, device=device, work=work, report=report, cancel=cancel)
    position = {case: number for number, case in enumerate(data.case_ids)}
    survival = data.survival.take(np.array([position[case] for case in result.predictions["case_id"]]))
    evaluation: dict[str, object] = {
        "cindex": evaluate(result.predictions, survival),
        "cutpoint": find_cutpoint(result.predictions["risk"].to_numpy(), survival.time_months, survival.event),
        "recalibrated": result.calibration,
    }
    if recipe.stop == "inner":
        evaluation["inner"] = [asdict(curve.inner) for fold in result.folds for curve in fold.curves if curve.inner]
    card = _card(cohort, recipe, data, result, run=run, events=int(survival.event.sum()))
    home = cohort if folder is None else None
    with _still_here(home):
        artefact = write_artefact(
            place, card, evaluation=evaluation, predictions=result.predictions, folds=fold_models(result)
        )
    if references:
        artefact = keep_references(artefact, data, home=home)
    shutil.rmtree(work_folder(work, data, recipe, device=device), ignore_errors=True)
    return artefact


def add_references(artefact: Artefact, cohort: Cohort) -> Artefact:
    """Store with a model that was trained earlier what a case is compared with; the model's version changes.

    Raises
    ------
    ArtefactError
        If the model was trained on another state of the cohort.
    """
    from survdash.training.data import model_data

    card = artefact.card
    if card.cohort_digest != cohort.digest:
        raise ArtefactError(f"Model {card.name} was trained on another state of cohort {cohort.name}.",
                            hint=f"Train it again: python -m survdash crossval {cohort.name} --model {card.run}")
    data = model_data(cohort, card.recipe.modalities, missing=card.recipe.allows_missing, panel=card.panel)
    return keep_references(artefact, data, home=cohort)


def keep_references(artefact: Artefact, data: ModelData, *, home: Cohort | None) -> Artefact:
    """What is stored comes from the stored fold models, as they answer later."""
    from survdash.explanation.references import make_references

    folds = dict(zip(artefact.card.folds, load_folds(artefact), strict=True))
    made = make_references(folds, data, artefact.predictions())
    with _still_here(home):
        return write_references(artefact, made)


@contextmanager
def _still_here(cohort: Cohort | None) -> Iterator[None]:
    """Hold a cohort still while a model is written into its folder; None where the model goes elsewhere.

    Raises
    ------
    CohortError
        If it is not the cohort that the model was trained on any more: hours have passed since it was read.
    """
    if cohort is None:
        yield
        return
    with held_still(cohort_folder(cohort.name)):
        if digest_now(cohort.name) != cohort.digest:
            raise CohortError(
                f"Cohort {cohort.name!r} was deleted or replaced while a model was trained on it; it is not kept.",
                hint="Train it again on the cohort as it is now.",
            )
        yield


def _card(cohort: Cohort, recipe: Recipe, data: ModelData, result: Crossval, *, run: str, events: int) -> Card:
    from survdash.training.clinical import describe_clinical

    uses = recipe.modalities
    return Card(
        name=f"{cohort.name}-{run}", cohort=cohort.name, run=run,
        title=get(recipe.model).title, simulated=cohort.simulated, endpoint=cohort.endpoint, recipe=recipe,
        cases=len(result.predictions), events=events, cohort_digest=cohort.digest,
        bag_origin=cohort.bag_origin if "slide" in uses else None,
        panel=None if cohort.genes is None or "genes" not in uses else describe_panel(cohort.genes, cohort.gene_groups),
        months=int(result.months[-1]), parameters=result.parameters, seconds=round(result.seconds, 2),
        folds=tuple(one.fold for one in result.folds),
        history=tuple(curve.training for one in result.folds for curve in one.curves), files={},
        clinical=() if data.clinical is None else describe_clinical(data.clinical),
    )


def find_cutpoint(risk: np.ndarray, time_months: np.ndarray, event: np.ndarray) -> float | None:
    """Maximally selected cutpoint of out-of-fold risks; None where there is none, which pages then say."""
    try:
        return float(maxstat(risk, time_months, event).cutpoint)
    except NotEnoughDataError:
        return None
