"""Cases before real fold models: those of the shipped demo, and small ones that look at everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from survdash.artefact import Artefact, load_folds
from survdash.cohort import Cohort
from survdash.explanation.case_risk import CaseRisk
from survdash.settings import SHIPPED_MODELS
from survdash.training.crossval import crossval, fold_models
from survdash.training.data import ModelData, model_data
from survdash.training.fold_model import FoldModel
from survdash.training.recipe import Recipe
from survdash.usecases.library import open_cohort, open_run

Ask = Callable[..., CaseRisk]


@cache
def _demo_data(modalities: tuple[str, ...]) -> ModelData:
    return model_data(open_cohort("demo"), modalities)


@pytest.fixture
def demo_run() -> Callable[[str], Artefact]:
    """A shipped model of the demo by its run."""
    if not (SHIPPED_MODELS / "demo" / "cohort.json").is_file():
        pytest.skip("the demo cohort is not here; make it: python -m survdash make-demo")
    return lambda run: open_run("demo", run)


@pytest.fixture
def ask_demo(demo_run: Callable[[str], Artefact]) -> Ask:
    """A patient of the demo before all fold models of a run, as a new case would be, or before those named."""

    def ask(run: str, number: int = 0, folds: tuple[int, ...] | None = None) -> CaseRisk:
        artefact = demo_run(run)
        models = load_folds(artefact)
        inputs = _demo_data(artefact.card.modalities).inputs(np.array([number]))
        return CaseRisk(folds=models if folds is None else [models[fold] for fold in folds], inputs=inputs)

    return ask


@pytest.fixture(scope="session")
def ask_made(cohort: Cohort) -> Ask:
    """A patient of the made cohort before a model of every part, trained in a blink."""

    made: dict[str, tuple[ModelData, list[FoldModel]]] = {}
    patients = cohort.patients.assign(age=np.linspace(30, 80, len(cohort.patients)))

    def ask(model: str = "glg", number: int = 0, **changes: object) -> CaseRisk:
        key = f"{model} {sorted(changes.items())}"
        if key not in made:
            recipe = Recipe(
                model=model, modalities=("genes", "slide", "clinical"), epochs=2,
                options={"width": 16, **changes} if model.startswith("glg") else {},
            )
            data = model_data(replace(cohort, patients=patients), recipe.modalities)
            made[key] = data, fold_models(crossval(data, recipe))
        data, folds = made[key]
        return CaseRisk(folds=folds, inputs=data.inputs(np.array([number])))

    return ask
