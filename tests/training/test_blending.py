"""Paths and weights of a fold, fitted beside a network."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from survdash.errors import Cancelled
from survdash.nets.baselines.fitted import TrainingSet, inner_folds
from survdash.nets.baselines.linear_paths import NETWORK, PRIOR, fit_paths
from survdash.training import blending, gene_prior
from survdash.training.crossval import crossval
from survdash.training.fold_model import model_blocks
from survdash.training.gene_prior import shipped_prior
from survdash.training.loop import fit_fold, join, prepare

MONTHS = np.arange(6.0)
ADDITIVE = ["additive_0", "additive_1", "additive_2", "additive_3", "additive_4"]


@pytest.fixture(scope="module")
def recipe(small):
    return small("glg_linear")


@pytest.fixture(scope="module")
def data(recipe, data_for):
    return data_for(recipe)


@pytest.fixture(scope="module")
def fitted(recipe, data):
    return fit_fold(data, recipe, fold=0)


def test_paths_are_fitted_on_the_training_cases_and_see_what_the_fold_sees(data, recipe, fitted):
    training = np.flatnonzero((data.folds != 0) & (data.folds >= 0))
    blocks = model_blocks(data.inputs(training), fitted.model)
    (made,) = fitted.model.blends
    assert list(made.paths) == [*ADDITIVE, "product"]
    assert list(blocks) == ["genes", "slide", "clinical"]  # of the made cohort the prior knows no gene
    seen = TrainingSet(
        blocks=blocks, survival=data.survival.take(training), seed=0, penalty=1.0, gene_columns=data.columns,
        gene_groups=data.groups,
    )
    for name, path in fit_paths(seen).items():
        np.testing.assert_allclose(made.paths[name].risk(blocks), path.risk(blocks), rtol=1e-6, atol=1e-9)


def test_prior_and_product_are_switches(data, recipe, monkeypatch):
    known = replace(data, columns=shipped_prior().columns[: len(data.columns)])
    monkeypatch.setattr(gene_prior, "FEWEST_GENES", 2)
    training = np.flatnonzero(data.folds > 0)
    inputs, everything = known.inputs(np.arange(3)), prepare(known, recipe, training, seed=0)
    assert list(model_blocks(inputs, everything)) == ["genes", "slide", "clinical", PRIOR]
    options = {**recipe.options, "prior": False, "product": False}
    plain = fit_fold(known, replace(recipe, options=options), fold=0).model
    assert list(model_blocks(inputs, plain)) == ["genes", "slide", "clinical"]
    assert list(plain.blends[0].paths) == ADDITIVE
    assert np.isfinite(plain.score(inputs, MONTHS).risk).all()


def test_the_network_is_the_one_that_is_trained_without_paths(data, recipe, fitted):
    alone = fit_fold(data, replace(recipe, model="glg"), fold=0).model
    inputs = data.inputs(np.flatnonzero(data.folds == 0))
    network = alone.score(inputs, MONTHS).risk
    (made,) = fitted.model.blends
    blocks = {**model_blocks(inputs, fitted.model), NETWORK: network[:, None]}
    np.testing.assert_allclose(fitted.model.score(inputs, MONTHS).risk, made.risk(blocks), rtol=1e-6)


def test_every_risk_that_is_weighed_is_of_parts_fitted_without_the_case(data, recipe, fitted, monkeypatch):
    asked, weighed = [], []
    honest = blending.blend

    def told(paths, held_out, **rest):
        weighed.append(held_out)
        return honest(paths, held_out, **rest)

    monkeypatch.setattr(blending, "blend", told)
    training = np.flatnonzero((data.folds != 0) & (data.folds >= 0))

    def fit_inner(cases, number):
        asked.append(cases)
        return replace(fitted.model, blends=())

    made = blending.fit_blend(data, replace(fitted.model, blends=()), training, seed=7, fit_inner=fit_inner)
    folds = inner_folds(data.survival.take(training), seed=7)
    for number, cases in enumerate(asked):
        np.testing.assert_array_equal(cases, training[folds != number])
    assert len(asked) == 5
    assert weighed[0].shape == (training.size, 7)
    assert np.isfinite(weighed[0]).all()
    assert made.weight.shape == (7,)


def test_deals_and_seeds_make_the_band(data, recipe):
    both = [fit_fold(data, replace(recipe, seeds=2), fold=0, member=member) for member in (0, 1)]
    inputs = data.inputs(np.arange(3))
    scores = join(both).model.score(inputs, MONTHS)
    assert len(join(both).model.blends) == 2
    assert scores.variants.shape == (16, 3, 6)  # two networks, eight deals each
    np.testing.assert_allclose(scores.risk, np.mean([one.model.score(inputs, MONTHS).risk for one in both], axis=0))
    assert np.all(np.diff(scores.survival, axis=1) <= 0)


@pytest.mark.parametrize("changes", [{"loss": "cox"}, {"stop": "inner"}, {"modalities": ("genes",)}], ids=str)
def test_every_way_of_training_goes_with_it(small, data_for, changes):
    recipe = small("glg_linear", **changes)
    data = data_for(recipe)
    scores = fit_fold(data, recipe, fold=1).model.score(data.inputs(np.arange(4)), MONTHS)
    assert np.isfinite(scores.risk).all()
    assert np.all((scores.survival >= 0) & (scores.survival <= 1))


def test_stopped_between_two_inner_folds_it_goes_on_to_the_same_numbers(data, recipe, fitted, tmp_path):
    cancel = threading.Event()

    def report(progress):
        if "weighing it: 3 of 5" in progress.step:
            cancel.set()

    with pytest.raises(Cancelled, match="3 of 5"):
        fit_fold(data, recipe, fold=0, kept=tmp_path, report=report, cancel=cancel)
    assert list(tmp_path.glob("*.part.safetensors"))
    again = fit_fold(data, recipe, fold=0, kept=tmp_path)
    inputs = data.inputs(np.arange(4))
    np.testing.assert_array_equal(again.model.score(inputs, MONTHS).risk, fitted.model.score(inputs, MONTHS).risk)
    assert [path.name for path in tmp_path.iterdir()] == ["fold_0_seed_0.safetensors"]
    loaded = fit_fold(data, recipe, fold=0, kept=tmp_path)
    np.testing.assert_array_equal(loaded.model.score(inputs, MONTHS).risk, fitted.model.score(inputs, MONTHS).risk)


def test_a_cross_validation_counts_what_was_fitted(data, recipe, fitted):
    result = crossval(data, recipe)
    weights = sum(one.numel() for one in fitted.model.network.parameters())
    assert result.parameters > weights
    assert result.predictions["risk"].notna().all()
