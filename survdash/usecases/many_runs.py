"""All methods on several cohorts, in one run that can be stopped and goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from survdash import __version__
from survdash.artefact import Artefact, read_artefact
from survdash.cohort import Cohort
from survdash.errors import ArtefactError, Cancelled, NotEnoughDataError, SurvdashError
from survdash.nets.registry import MODELS, check_options, get
from survdash.progress import Cancel, Report, check_cancel, silent
from survdash.training.recipe import Recipe
from survdash.usecases.library import open_cohort, run_folder
from survdash.usecases.training import crossval, make_recipe


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunOutcome:
    """What became of one method on one cohort.

    ``state`` is "trained"; "was there", a run of the same recipe on the same data by the same version of survdash;
    "not for it", where the cohort lacks what the method looks at; or "failed". ``error`` says why in the latter two,
    ``artefact`` is the run in the former.
    """

    cohort: str
    model: str
    state: str
    artefact: Artefact | None = None
    error: str = ""


def crossval_all(
    cohorts: Sequence[str], *, models: Sequence[str] = tuple(MODELS), width: int | None = None, jobs: int = 1,
    report: Report = silent, cancel: Cancel | None = None, **changes: Any,
) -> Iterator[RunOutcome]:
    """Train and evaluate methods on every cohort that has what they look at; yield each when it is done.

    Stopped and called again, it goes on: finished runs are told as "was there", the one that was interrupted is taken
    up in the middle of a fold. A method that fails does not stop the others.

    Parameters
    ----------
    cohorts : sequence of str
    models : sequence of str
        Which methods; every one by default.
    width : int, optional
        Of every network; each as it usually is by default. What is no network is trained as ever.
    jobs : int
        Processes that share the folds of a run.
    **changes
        Fields of ``Recipe`` for all runs; None leaves the default.

    Raises
    ------
    UnknownNameError, InputError
        If there is no such cohort or method, or no such width, before anything is trained.
    Cancelled
        If ``cancel`` is set.
    """
    opened = [open_cohort(name) for name in dict.fromkeys(cohorts)]
    for model in models:
        check_options(model, _width_option(model, width))
    for cohort in opened:
        for model in models:
            check_cancel(cancel, step=f"{model} on {cohort.name}")
            options = {"options": _width_option(model, width)}
            yield _one(cohort, model, changes | options, jobs=jobs, report=report, cancel=cancel)


def finished_run(cohort: Cohort, recipe: Recipe) -> Artefact | None:
    """The run of this recipe on this state of the cohort by this version of survdash, if it is here."""
    try:
        found = read_artefact(run_folder(cohort.name, recipe.run_name(cohort.modalities)))
    except ArtefactError:
        return None
    card = found.card
    same = (card.recipe, card.cohort_digest, card.software) == (recipe, cohort.digest, __version__)
    return found if same else None


def _width_option(model: str, width: int | None) -> dict[str, int]:
    """The option, unless the model has none or is as wide anyhow: then it is the run that is made without asking."""
    usual = get(model).options.get("width")
    return {} if width is None or usual is None or usual.usual == width else {"width": width}


def _one(
    cohort: Cohort, model: str, changes: dict[str, Any], *, jobs: int, report: Report, cancel: Cancel | None
) -> RunOutcome:
    try:
        recipe = make_recipe(cohort, model=model, **changes)
    except NotEnoughDataError as error:
        return RunOutcome(cohort=cohort.name, model=model, state="not for it", error=str(error))
    except SurvdashError as error:
        return RunOutcome(cohort=cohort.name, model=model, state="failed", error=str(error))
    there = finished_run(cohort, recipe)
    if there is not None:
        return RunOutcome(cohort=cohort.name, model=model, state="was there", artefact=there)
    try:
        made = crossval(cohort, recipe, jobs=jobs, report=report, cancel=cancel)
    except Cancelled:
        raise
    except SurvdashError as error:
        return RunOutcome(cohort=cohort.name, model=model, state="failed", error=str(error))
    return RunOutcome(cohort=cohort.name, model=model, state="trained", artefact=made)
