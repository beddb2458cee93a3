"""Training that a page asks for: handed to the worker, one method after the other, stopped and taken up like any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from survdash.access import require
from survdash.audit import note
from survdash.errors import InputError, NotEnoughDataError, SurvdashError
from survdash.jobs.queue import file_job
from survdash.nets.registry import MODELS, get
from survdash.progress import Cancel, Progress, Report
from survdash.usecases.figures import cohort_figures
from survdash.usecases.library import list_runs, open_cohort, open_facts
from survdash.usecases.many_runs import crossval_all
from survdash.usecases.training import make_recipe

TRAINING = "train_models"


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodState:
    """One method and what there is of it for a cohort.

    Parameters
    ----------
    name, title, source : str
    needs : str
        What the method looks at, in words.
    reads : tuple of str
        What it would look at in this cohort; empty where it cannot be trained.
    runs : tuple of str
        Runs of it that are here.
    lacks : str
        Why it cannot be trained, "" where it can.
    """

    name: str
    title: str
    source: str
    needs: str
    reads: tuple[str, ...]
    runs: tuple[str, ...]
    lacks: str


def list_methods(cohort: str) -> list[MethodState]:
    """Every method of the registry: what it needs, whether this cohort has that, which runs are here.

    Raises
    ------
    UnknownNameError
        If there is no such cohort.
    """
    opened, runs = open_facts(cohort), list_runs(cohort)
    states = []
    for name, spec in MODELS.items():
        reads: tuple[str, ...] = ()
        lacks = ""
        try:
            reads = make_recipe(opened, model=name).modalities
        except NotEnoughDataError as error:
            lacks = error.message
        if reads == ("clinical",) and not opened.has_clinical:
            reads, lacks = (), f"No age, sex or stage is known in cohort {cohort}."
        states.append(MethodState(
            name=name, title=spec.title, source=spec.source, needs=spec.needs, reads=reads,
            runs=tuple(run.name for run in runs if run.model == name), lacks=lacks,
        ))  # fmt: skip
    return states


def file_training(cohort: str, models: Sequence[str]) -> str:
    """Hand the training of some methods on a cohort's folds to the worker; returns the job's id.

    Raises
    ------
    UnknownNameError, NotEnoughDataError
        If there is no such cohort or method, or the cohort lacks what a method needs.
    InputError
        If no method is named.
    """
    require("train", cohort)
    note("train", cohort=cohort, detail=", ".join(models))
    if not models:
        raise InputError("No method is chosen.", hint="Choose at least one.")
    opened = open_cohort(cohort)
    for model in models:
        make_recipe(opened, model=model)
    return file_job(TRAINING, {"cohort": cohort, "models": list(dict.fromkeys(models))})


def _train(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    """The job: each method's outcome, also where one failed."""
    models: list[str] = payload["models"]
    outcomes: list[dict[str, str]] = []

    def tell(progress: Progress) -> None:
        place = f"{get(models[len(outcomes)]).title} ({len(outcomes) + 1} of {len(models)})"
        report(replace(progress, step=f"{place}: {progress.step}"))

    for one in crossval_all([payload["cohort"]], models=models, report=tell, cancel=cancel):
        run = "" if one.artefact is None else one.artefact.card.run
        if run:
            with suppress(SurvdashError):  # the page will say what is wrong
                cohort_figures(payload["cohort"], run)  # what takes seconds is kept: the first visitor does not wait
        outcomes.append({"model": one.model, "state": one.state, "run": run, "error": one.error})
    return {"cohort": payload["cohort"], "outcomes": outcomes}


HANDLERS: dict[str, Callable[[dict[str, Any], Report, Cancel], dict[str, Any]]] = {TRAINING: _train}
