from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from survdash.training.data import CaseInputs, model_data
from survdash.training.fold_model import model_blocks, network_inputs
from survdash.training.loop import fit_fold, join
from survdash.training.recipe import Recipe

RECIPES = [
    Recipe(model="glg", modalities=("genes", "slide"), options={"width": 16}, epochs=2),
    Recipe(model="snn", modalities=("genes",), options={"width": 16}, epochs=2),
    Recipe(model="attnmil", modalities=("slide",), options={"width": 16}, epochs=2),
    Recipe(model="snn", modalities=("genes",), options={"width": 16}, epochs=2, loss="cox"),
    Recipe(model="glg", modalities=("genes", "slide"), options={"width": 16}, epochs=2, bins=8),
    Recipe(model="cox_ridge", modalities=("genes", "slide")),
    Recipe(model="coxnet", modalities=("genes", "slide")),
    Recipe(model="rsf", modalities=("genes", "slide")),
    Recipe(model="late_fusion", modalities=("genes", "slide")),
    Recipe(model="glg_linear", modalities=("genes", "slide"), options={"width": 16}, epochs=2),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.run_name(("genes", "slide")))
def test_scores_are_curves_and_agree_with_the_risk(cohort, recipe):
    data = model_data(cohort, recipe.modalities)
    model = fit_fold(data, recipe, fold=0).model
    months = np.arange(np.floor(model.edges[-1]))
    scores = model.score(data.inputs(np.flatnonzero(data.folds == 0)), months)
    assert scores.survival.shape == (len(scores.risk), len(months))
    assert scores.variants.shape[1:] == scores.survival.shape
    np.testing.assert_allclose(scores.survival[:, 0], 1, atol=1e-12)
    assert np.all(np.diff(scores.survival, axis=1) <= 1e-12)
    assert np.all(scores.survival >= 0)
    # Higher is worse: whom the model gives the highest risk, it gives less time than the one with the lowest.
    worst, best = np.argmax(scores.risk), np.argmin(scores.risk)
    assert scores.survival[worst].sum() <= scores.survival[best].sum()  # alike where held-out patients say so
    raw = model.score_raw(data.inputs(np.flatnonzero(data.folds == 0)), months).survival
    assert raw[worst].sum() < raw[best].sum()


def test_cases_are_scored_alike_alone_and_together(cohort):
    data = model_data(cohort, ("genes", "slide"))
    model = fit_fold(data, RECIPES[0], fold=0).model
    together = model.score(data.inputs(np.array([3, 4, 5])), np.arange(5.0)).risk
    alone = [model.score(data.inputs(np.array([case])), np.arange(5.0)).risk[0] for case in (3, 4, 5)]
    np.testing.assert_allclose(alone, together, rtol=1e-5)  # float32 sums in another order


@pytest.mark.parametrize("loss", ["nll", "cox"])
def test_an_ensemble_says_the_mean_of_its_networks_and_its_band_is_their_spread(cohort, loss):
    recipe = Recipe(model="snn", modalities=("genes",), options={"width": 16}, epochs=2, seeds=3, loss=loss)
    data, months = model_data(cohort, recipe.modalities), np.arange(6.0)
    members = [fit_fold(data, recipe, fold=0, member=member) for member in range(3)]
    inputs = data.inputs(np.arange(4))
    alone = [one.model.score(inputs, months) for one in members]
    scores = join(members).model.score(inputs, months)
    np.testing.assert_allclose(scores.risk, np.mean([one.risk for one in alone], axis=0))
    np.testing.assert_allclose(scores.survival, np.mean([one.survival for one in alone], axis=0))
    np.testing.assert_array_equal(scores.variants, np.concatenate([one.variants for one in alone]))
    assert np.ptp(scores.variants, axis=0).max() > 0


def test_the_cox_loss_finds_what_shortens_life(cohort):
    recipe = Recipe(
        model="snn", modalities=("genes",), options={"width": 16}, epochs=30, learning_rate=2e-3, loss="cox"
    )
    data = model_data(cohort, recipe.modalities)
    held_out = np.flatnonzero(data.folds == 0)
    risk = fit_fold(data, recipe, fold=0).model.score(data.inputs(held_out), np.arange(3.0)).risk
    # The made hazard rises with the first gene; of 20 held-out patients a guess has a correlation of 0 +- .22.
    assert np.corrcoef(risk, data.genes[held_out, 0])[0, 1] > 0.4


def test_clinical_facts_reach_the_linear_model_and_leave_it_alone_otherwise(everything, small, data_for):
    bare, full = small("cox_ridge", modalities=("genes",)), small("cox_ridge", modalities=("genes", "clinical"))
    one, other = (fit_fold(data_for(recipe), recipe, fold=0).model for recipe in (bare, full))
    assert other.fitted.coefficients.size == one.fitted.coefficients.size + 6
    here, there = (model_blocks(data.inputs(np.arange(3)), one) for data in (everything, data_for(bare)))
    np.testing.assert_array_equal(here["genes"], there["genes"])
    assert set(there) == {"genes"}


def test_genes_that_are_missing_altogether_stay_missing_only_for_a_network_that_knows_what_stands_in(cohort):
    model = fit_fold(model_data(cohort, ("genes",)), RECIPES[1], fold=0).model
    inputs = CaseInputs(genes=np.array([np.full(12, np.nan), np.arange(12.0)], np.float32), bags=None)
    _, _, filled = network_inputs(inputs, model, device=torch.device("cpu"))
    assert not torch.cat(filled, dim=1).isnan().any()
    knowing = replace(model, recipe=KnowsStandIns(model="snn", modalities=("genes",)))
    _, _, kept = network_inputs(inputs, knowing, device=torch.device("cpu"))
    assert torch.cat(kept, dim=1).isnan().all(dim=1).tolist() == [True, False]


class KnowsStandIns(Recipe):
    allows_missing = True
