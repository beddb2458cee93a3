"""What the tests of training share: made data of every modality, small enough to train in a blink."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from survdash.cohort import Cohort
from survdash.nets.registry import get
from survdash.training.data import ModelData, model_data
from survdash.training.recipe import Recipe


@pytest.fixture(scope="session")
def varied(cohort: Cohort) -> Cohort:
    """The made cohort with ages, sexes, stages and sites that differ, some unknown."""
    patients = cohort.patients.copy()
    number = range(len(patients))
    patients["age"] = [None if i % 7 == 0 else 40.0 + i for i in number]
    patients["sex"] = ["female" if i % 3 else "male" for i in number]
    stages = ("I", "Stage IIB", "Stage III", "IV")
    patients["stage"] = ["[Discrepancy]" if i % 11 == 0 else stages[i % 4] for i in number]
    patients["site"] = [f"hospital {i % 9}" for i in number]
    return replace(cohort, patients=patients)


@pytest.fixture(scope="session")
def everything(varied: Cohort) -> ModelData:
    """Genes, slide and clinical facts of the cases that have all."""
    return model_data(varied, ("genes", "slide", "clinical"))


@pytest.fixture(scope="session")
def small() -> Callable[..., Recipe]:
    """A recipe of any model that trains in a blink, on everything it can look at."""

    def make(model: str, **changes: object) -> Recipe:
        spec = get(model)
        options = {"width": 16} if "width" in spec.options else {}
        return Recipe(model=model, **{"modalities": spec.modalities, "epochs": 2, "options": options, **changes})

    return make


@pytest.fixture(scope="session")
def data_for(everything: ModelData) -> Callable[[Recipe], ModelData]:
    """Of everything, what a recipe looks at."""

    def narrow(recipe: Recipe) -> ModelData:
        seen = recipe.modalities
        genes = {} if "genes" in seen else {"genes": None, "columns": (), "groups": ()}
        rest = {name: None for name, modality in (("bags", "slide"), ("clinical", "clinical")) if modality not in seen}
        return replace(everything, **genes, **rest)

    return narrow
