from __future__ import annotations

import numpy as np
import pytest
from sksurv.ensemble import RandomSurvivalForest

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.nets.baselines.fitted import TrainingSet, outcome_table
from survdash.nets.baselines.rsf import LEAF_CASES, TREES, Forest, fit, forest_arrays


def training(n=120, *, seed=0):
    rng = np.random.default_rng(seed)
    genes, slide = rng.normal(size=(n, 4)), rng.normal(size=(n, 3))
    time = rng.exponential(np.exp(-1.5 * genes[:, 0])) * 20 + 0.1
    survival = Survival(time_months=time, event=rng.random(n) < 0.6)
    return TrainingSet(blocks={"genes": genes, "slide": slide}, survival=survival, seed=seed, penalty=1.0)


@pytest.fixture(scope="module")
def cases():
    return training()


@pytest.fixture(scope="module")
def forest(cases):
    return fit(cases)


def test_the_walk_says_what_scikit_survival_says(cases):
    features = np.concatenate(list(cases.blocks.values()), axis=1)
    theirs = RandomSurvivalForest(n_estimators=20, min_samples_leaf=5, random_state=1).fit(
        features, outcome_table(cases.survival)
    )
    ours, others = forest_arrays(theirs), training(50, seed=9)
    new = np.concatenate(list(others.blocks.values()), axis=1)
    # Sums of the same numbers in another order.
    np.testing.assert_allclose(ours.risk(others.blocks), theirs.predict(new), rtol=1e-12)
    last = np.floor(cases.survival.time_months.max())
    months = np.arange(np.ceil(cases.survival.time_months.min()), last + 1)
    expected = [function(months) for function in theirs.predict_survival_function(new)]
    np.testing.assert_allclose(ours.survival(others.blocks, months), expected, rtol=1e-12)
    np.testing.assert_array_equal(ours.survival(others.blocks, np.array([0.0])), 1)
    # Within a month the curve is read at the month's start, and beyond the follow-up at its end.
    between = ours.survival(others.blocks, np.array([3.7, last + 99]))
    np.testing.assert_array_equal(between, ours.survival(others.blocks, np.array([3.0, last])))


def test_the_forest_is_the_one_the_docstring_names_and_hangs_on_the_seed(cases, forest):
    theirs = RandomSurvivalForest(
        n_estimators=TREES, min_samples_leaf=LEAF_CASES, max_features="sqrt", random_state=cases.seed
    ).fit(np.concatenate(list(cases.blocks.values()), axis=1), outcome_table(cases.survival))
    np.testing.assert_array_equal(forest.risk(cases.blocks), forest_arrays(theirs).risk(cases.blocks))
    assert forest.parameters == sum(tree.tree_.node_count - tree.tree_.n_leaves for tree in theirs.estimators_)


def test_it_is_stored_whole_in_its_arrays(cases, forest):
    arrays = forest.to_arrays()
    assert all(isinstance(array, np.ndarray) and array.dtype != object for array in arrays.values())
    again, months = Forest.from_arrays(arrays), np.arange(30.0)
    np.testing.assert_array_equal(again.risk(cases.blocks), forest.risk(cases.blocks))
    np.testing.assert_array_equal(again.survival(cases.blocks, months), forest.survival(cases.blocks, months))


def test_a_higher_risk_is_a_lower_curve_on_the_whole(cases, forest):
    risk, curves = forest.risk(cases.blocks), forest.survival(cases.blocks, np.arange(40.0))
    assert np.all(np.diff(curves, axis=1) <= 0)
    assert np.corrcoef(risk, curves.sum(axis=1))[0, 1] < -0.9


def test_without_a_death_there_is_no_forest(cases):
    alive = Survival(time_months=cases.survival.time_months, event=np.zeros(120, bool))
    with pytest.raises(NotEnoughDataError, match="No death"):
        fit(TrainingSet(blocks=cases.blocks, survival=alive, seed=0, penalty=1.0))
