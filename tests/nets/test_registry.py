from __future__ import annotations

import inspect

import pytest
import torch

from survdash.errors import InputError, UnknownNameError
from survdash.nets import registry

BOTH = ("genes", "slide")


CLOSED = ("cox_ridge", "coxnet", "cox_clinical", "rsf", "late_fusion")


def test_the_networks_are_those_that_are_fitted_by_gradient():
    assert set(registry.names()) == set(registry.MODELS) - set(CLOSED)


@pytest.mark.parametrize("name", CLOSED)
def test_what_a_closed_fit_results_in_can_be_stored(name):
    made = registry.get(name).load_fitted()
    assert callable(registry.get(name).load())
    assert all(callable(getattr(made, method)) for method in ("risk", "survival", "to_arrays", "from_arrays"))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match="glg"):
        registry.get("nobody")
    assert registry.get("default") is registry.MODELS[registry.DEFAULT_MODEL]


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("snn", ("slide",), "SNN needs genes, and is given slide"),
        ("snn", BOTH, "SNN needs genes, and is given genes and slide"),
        ("attnmil", (), "AttnMIL needs slide, and is given nothing"),
        ("porpoise", ("genes",), "Porpoise needs genes and slide, and is given genes"),
        ("glg", (), "needs genes or slide or clinical or several, and is given nothing"),
        ("mcat", ("slide",), "MCAT needs genes and slide, and is given slide"),
        ("cox_ridge", (), "needs genes or slide or clinical or several, and is given nothing"),
        ("cox_clinical", ("genes",), "Clinical Cox needs clinical, and is given genes"),
        ("late_fusion", ("genes",), "Late fusion needs at least 2 of genes, slide, clinical, and is given genes"),
    ],
)
def test_modalities_that_do_not_fit_are_refused(name, given, words):
    with pytest.raises(InputError, match=words):
        registry.check_modalities(name, given)


@pytest.mark.parametrize("name", ["glg", "cox_ridge"])
@pytest.mark.parametrize("given", [("genes",), ("slide",), BOTH])
def test_some_models_can_do_with_either(name, given):
    registry.check_modalities(name, given)


def test_what_a_network_does_not_look_at_is_left_aside():
    assert registry.build("snn", tile_dim=8, gene_dims=(3,), width=8).blocks[0][0].in_features == 3


@pytest.mark.parametrize("name", registry.names())
def test_what_is_usual_is_what_the_class_does_by_itself(name):
    spec = registry.get(name)
    own = {key: one.default for key, one in inspect.signature(spec.load()).parameters.items()}
    usual = {key: option.usual for key, option in spec.options.items()}
    assert usual == {key: own[key] for key in usual} | ({"width": 64} if spec.with_paths else {})


def test_what_is_no_network_is_not_built():
    with pytest.raises(InputError, match="not a network"):
        registry.build("cox_ridge", tile_dim=None, gene_dims=(3,))


def test_clinical_facts_go_to_those_that_look_at_them():
    model = registry.build("glg", tile_dim=5, gene_dims=(3, 2), clinical_dim=2, width=16).eval()
    genes = [torch.randn(1, 3), torch.randn(1, 2)]
    assert model(torch.randn(4, 5), torch.tensor([4]), genes, torch.zeros(1, 2)).logits.shape == (1, 4)
    with pytest.raises(InputError, match="clinical"):
        registry.build("snn", tile_dim=None, gene_dims=(3, 2), clinical_dim=2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tokens": "some"}, "Choose from: dealt, tiles"),
        ({"tokens": True}, "Choose from"),
        ({"deals": 0}, "count from 1"),
        ({"deals": True}, "count from 1"),
        ({"transport": 1}, "yes or no"),
        ({"width": 20}, "multiple of 8"),
        ({"speed": 1}, "no option 'speed'"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(options, words):
    with pytest.raises(InputError, match=words):
        registry.check_options("glg", options)
    registry.check_options("glg", {"tokens": "tiles", "deals": 4, "transport": True, "width": 64})


@pytest.mark.parametrize(
    ("name", "words"),
    [("mcat", "genes and slide"), ("rsf", "genes or slide or clinical or several"), ("snn", "genes"),
     ("late_fusion", "at least 2 of genes, slide, clinical")],
)
def test_what_a_model_needs_is_said_in_words(name, words):
    assert registry.get(name).needs == words
