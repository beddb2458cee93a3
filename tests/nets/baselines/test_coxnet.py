from __future__ import annotations

import numpy as np
import pytest
from sksurv.linear_model import CoxnetSurvivalAnalysis

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.nets.baselines.coxnet import L1_SHARE, PENALTIES, SMALLEST, fit
from survdash.nets.baselines.fitted import TrainingSet, outcome_table


def training(n=120, width=40, *, seed=0, deaths=0.7):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, width))
    time = rng.exponential(np.exp(-2 * features[:, 0] + features[:, 1])) * 20 + 0.1
    survival = Survival(time_months=time, event=rng.random(n) < deaths)
    return TrainingSet(blocks={"genes": features}, survival=survival, seed=5, penalty=1.0)


def test_it_finds_the_features_that_matter_and_leaves_most_out():
    fitted = fit(training())
    assert set(np.argsort(-np.abs(fitted.coefficients))[:2]) == {0, 1}
    assert fitted.coefficients[0] > 0 > fitted.coefficients[1]
    assert 2 <= fitted.parameters < 30


def test_the_chosen_model_stands_on_the_path_of_scikit_survival():
    cases = training()
    path = CoxnetSurvivalAnalysis(l1_ratio=L1_SHARE, n_alphas=PENALTIES, alpha_min_ratio=SMALLEST).fit(
        cases.blocks["genes"] / 40**0.5, outcome_table(cases.survival)
    )
    fitted = fit(cases)
    assert np.any(np.all(fitted.coefficients == path.coef_.T, axis=1))
    np.testing.assert_array_equal(fit(cases).coefficients, fitted.coefficients)  # the folds hang on the seed alone


def test_an_empty_model_is_no_choice():
    rng = np.random.default_rng(1)
    noise = TrainingSet(
        blocks={"genes": rng.normal(size=(60, 5))}, seed=0, penalty=1.0,
        survival=Survival(time_months=rng.exponential(10, 60) + 0.1, event=np.ones(60, bool)),
    )
    assert fit(noise).parameters > 0


def test_without_enough_deaths_nothing_can_be_chosen():
    with pytest.raises(NotEnoughDataError, match="deaths"):
        fit(training(deaths=0.02))
