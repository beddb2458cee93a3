from __future__ import annotations

import json

import pytest

from survdash.errors import InputError, UnknownNameError
from survdash.training.recipe import Recipe, recipe_from_json


def test_a_recipe_survives_json():
    recipe = Recipe(model="glg", modalities=("genes", "slide"), seed=3, options={"width": 64, "transport": False})
    again = recipe_from_json(json.loads(json.dumps(recipe.to_json())))
    assert again == recipe


def test_the_order_in_which_modalities_are_named_does_not_matter():
    one, other = (Recipe(model="glg", modalities=names) for names in (("slide", "genes"), ("genes", "slide")))
    assert one == other


@pytest.mark.parametrize(
    ("model", "modalities", "available", "name"),
    [
        ("glg", ("genes", "slide"), ("genes", "slide"), "glg"),
        ("glg", ("genes",), ("genes", "slide"), "glg-genes"),
        ("glg", ("genes",), ("genes",), "glg"),
        ("snn", ("genes",), ("genes", "slide"), "snn"),
    ],
)
def test_a_run_is_named_by_what_it_leaves_out(model, modalities, available, name):
    assert Recipe(model=model, modalities=modalities).run_name(available) == name


@pytest.mark.parametrize("changes", [{"modalities": ()}, {"modalities": ("slide",)}, {"epochs": 0}, {"bins": 1}])
def test_what_cannot_be_trained_is_refused(changes):
    with pytest.raises(InputError):
        Recipe(**({"model": "snn", "modalities": ("genes",)} | changes))


def test_an_unknown_model_is_said_to_be_unknown():
    with pytest.raises(UnknownNameError):
        Recipe(model="nobody", modalities=("genes",))
