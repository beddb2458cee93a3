from __future__ import annotations

import numpy as np
from sksurv.linear_model import CoxPHSurvivalAnalysis

from survdash.case import Survival
from survdash.nets.baselines.cox_clinical import fit
from survdash.nets.baselines.fitted import TrainingSet, outcome_table


def training(*, lucky=False):
    rng = np.random.default_rng(0)
    n = 150
    block = np.column_stack([rng.normal(size=n), rng.integers(0, 2, n), rng.integers(0, 2, n)]).astype(float)
    time = rng.exponential(np.exp(-block[:, 0] - 0.5 * block[:, 1])) * 20 + 0.1
    event = rng.random(n) < 0.7
    if lucky:  # nobody of the last group dies: its maximum-likelihood hazard is 0, its logarithm minus infinity
        event &= block[:, 2] == 0
    survival = Survival(time_months=time, event=event)
    return TrainingSet(blocks={"clinical": block}, survival=survival, seed=0, penalty=1.0)


def test_it_is_the_cox_model_of_the_three_facts():
    cases = training()
    block = cases.blocks["clinical"]
    theirs = CoxPHSurvivalAnalysis(ties="breslow").fit(block, outcome_table(cases.survival))
    # The next-to-none penalty moves a coefficient by about 1e-3 of itself over the number of deaths.
    np.testing.assert_allclose(fit(cases).coefficients / 3**0.5, theirs.coef_, atol=1e-3)


def test_a_group_in_which_nobody_died_has_a_finite_answer():
    fitted = fit(training(lucky=True))
    assert np.isfinite(fitted.coefficients).all()
    assert fitted.coefficients[2] < 0
