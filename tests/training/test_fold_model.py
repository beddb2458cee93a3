from __future__ import annotations

import numpy as np
import pytest

from survdash.training.data import model_data
from survdash.training.loop import fit_fold
from survdash.training.recipe import Recipe

RECIPES = [
    Recipe(model="glg", modalities=("genes", "slide"), options={"width": 16}, epochs=2),
    Recipe(model="snn", modalities=("genes",), options={"width": 16}, epochs=2),
    Recipe(model="attnmil", modalities=("slide",), options={"width": 16}, epochs=2),
    Recipe(model="cox_ridge", modalities=("genes", "slide")),
    Recipe(model="coxnet", modalities=("genes", "slide")),
    Recipe(model="rsf", modalities=("genes", "slide")),
    Recipe(model="late_fusion", modalities=("genes", "slide")),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.model)
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
    assert scores.survival[worst].sum() < scores.survival[best].sum()


def test_cases_are_scored_alike_alone_and_together(cohort):
    data = model_data(cohort, ("genes", "slide"))
    model = fit_fold(data, RECIPES[0], fold=0).model
    together = model.score(data.inputs(np.array([3, 4, 5])), np.arange(5.0)).risk
    alone = [model.score(data.inputs(np.array([case])), np.arange(5.0)).risk[0] for case in (3, 4, 5)]
    np.testing.assert_allclose(alone, together, rtol=1e-5)  # float32 sums in another order
