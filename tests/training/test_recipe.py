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


def test_a_recipe_of_the_time_before_the_newer_fields_is_read_as_it_was_then():
    older = {"model": "snn", "modalities": ["genes"], "seed": 0, "epochs": 14, "learning_rate": 5e-4, "options": {}}
    recipe = recipe_from_json(older)
    assert (recipe.stop, recipe.loss, recipe.seeds, recipe.max_tiles, recipe.made_folds) == ("last", "nll", 1, None, 0)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"loss": "cox", "bins": 12}, "glg-cox-loss"), ({"bins": 12}, "glg-12-bins"), ({"seeds": 3}, "glg-3-seeds"),
        ({"stop": "inner", "max_tiles": 500}, "glg-inner-stop-500-tiles"), ({"made_folds": 5}, "glg-5-folds"),
        ({"made_folds": 4, "by_site": True}, "glg-4-folds-by-site"),
        ({"options": {"width": 64}}, "glg-width-64"), ({"options": {"tokens": "tiles"}}, "glg-tokens-tiles"),
        ({"options": {"deals": 2, "stand_ins": True}, "seeds": 2}, "glg-deals-2-stand-ins-2-seeds"),
        ({"options": {"transport": False, "width": 64}}, "glg-without-transport-width-64"),
        ({"options": {"transport": True, "stand_ins": False, "tokens": "dealt"}}, "glg"),
        ({"model": "attnmil", "modalities": ("slide",), "options": {"hidden_layer": True}}, "attnmil-hidden-layer"),
        ({"model": "clam", "modalities": ("slide",), "options": {"hidden": 64}}, "clam-hidden-64"),
        ({"model": "glg_linear", "options": {"width": 64}}, "glg_linear-genes-slide"),
        ({"model": "glg_linear", "options": {"width": 256}}, "glg_linear-genes-slide-width-256"),
    ],
)  # fmt: skip
def test_a_run_is_named_by_how_it_differs_so_that_it_replaces_no_other(changes, name):
    recipe = Recipe(**({"model": "glg", "modalities": ("genes", "slide")} | changes))
    assert recipe.run_name(("genes", "slide")) == name
    assert recipe_from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


@pytest.mark.parametrize(
    "changes", [{"stop": "inner"}, {"loss": "cox"}, {"seeds": 2}, {"max_tiles": 9}, {"options": {"width": 8}}]
)
def test_what_means_nothing_to_a_model_is_refused(changes):
    with pytest.raises(InputError, match=next(iter(changes.get("options", changes)))):
        Recipe(model="cox_ridge", modalities=("genes",), **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"modalities": ()}, {"modalities": ("slide",)}, {"epochs": 0}, {"bins": 1}, {"seeds": 0}, {"max_tiles": 0},
        {"stop": "first"}, {"loss": "mse"}, {"made_folds": 1}, {"by_site": True},
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_refused(changes):
    with pytest.raises(InputError):
        Recipe(**({"model": "snn", "modalities": ("genes",)} | changes))


def test_an_unknown_model_is_said_to_be_unknown():
    with pytest.raises(UnknownNameError):
        Recipe(model="nobody", modalities=("genes",))
