from __future__ import annotations

import numpy as np
import pytest
from sksurv.linear_model import CoxPHSurvivalAnalysis

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.nets.baselines.cox_ridge import LinearCox, balance_blocks, breslow, fit, fit_cox_ridge
from survdash.nets.baselines.fitted import TrainingSet


def patients(n=80, width=5, *, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, width))
    time = np.ceil(rng.exponential(np.exp(-features[:, 0])) * 20)
    return features - features.mean(axis=0), time, rng.random(n) < 0.7


def test_it_is_the_model_of_scikit_survival():
    features, time, event = patients()
    ours = fit_cox_ridge(features, time, event=event, penalty=3.0)
    outcome = np.array(list(zip(event, time, strict=True)), dtype=[("event", bool), ("time", float)])
    theirs = CoxPHSurvivalAnalysis(alpha=3.0, ties="breslow").fit(features, outcome)
    # Theirs stops its Newton iterations at a relative change of 1e-9 in the likelihood.
    np.testing.assert_allclose(ours.coefficients, theirs.coef_, atol=1e-5)
    # Months spread over the deaths; their baseline is that of centred features, as ours are.
    months = ours.baseline_months[::5]
    curves = [function(months) for function in theirs.predict_survival_function(features[:4])]
    # Blocks are divided by the root of their width.
    np.testing.assert_allclose(ours.survival({"genes": features[:4] * 5**0.5}, months), curves, atol=1e-4)


def test_more_features_than_patients_are_fitted_and_order_the_patients():
    features, time, event = patients(n=40, width=300, seed=1)
    fitted = fit_cox_ridge(features, time, event=event, penalty=1.0)
    assert np.isfinite(fitted.coefficients).all()
    assert np.corrcoef(fitted.risk({"genes": features * 300**0.5}), time)[0, 1] < -0.3  # higher is worse


def test_curves_start_at_one_and_never_rise():
    features, time, event = patients()
    fitted = fit_cox_ridge(features, time, event=event, penalty=1.0)
    blocks = {"genes": features}
    curves = fitted.survival(blocks, np.arange(0, 200.0))
    np.testing.assert_array_equal(curves[:, 0], 1)
    assert np.all(np.diff(curves, axis=1) <= 0)
    worst, best = np.argmax(fitted.risk(blocks)), np.argmin(fitted.risk(blocks))
    assert np.all(curves[worst] <= curves[best])


def test_without_a_death_there_is_no_answer():
    features, time, event = patients()
    with pytest.raises(NotEnoughDataError, match="No death"):
        fit_cox_ridge(features, time, event=np.zeros_like(event), penalty=1.0)


def test_patients_all_alike_cannot_be_told_apart():
    features, time, event = patients()
    with pytest.raises(NotEnoughDataError, match="alike"):
        fit_cox_ridge(np.ones_like(features), time, event=event, penalty=1.0)


def test_a_wide_modality_does_not_outweigh_a_narrow_one():
    rng = np.random.default_rng(0)
    both = balance_blocks([rng.normal(size=(500, 3)), rng.normal(size=(500, 900))])
    assert both.shape == (500, 903)
    narrow, wide = both[:, :3].var(axis=0).sum(), both[:, 3:].var(axis=0).sum()
    assert narrow == pytest.approx(wide, rel=0.2)  # variances of 500 draws: a tenth either way


def test_the_baseline_hazard_by_hand():
    # At month 2 one of three equal patients dies, at month 5 one of the two that are left.
    months, hazard = breslow(np.zeros(3), np.array([2.0, 5.0, 7.0]), np.array([True, True, False]))
    assert months.tolist() == [2, 5]
    np.testing.assert_allclose(hazard, [1 / 3, 1 / 3 + 1 / 2])


def test_the_fit_is_stored_whole_in_its_arrays():
    features, time, event = patients()
    blocks = {"genes": features[:, :2], "slide": features[:, 2:]}
    fitted = fit(TrainingSet(blocks=blocks, survival=Survival(time_months=time, event=event), seed=0, penalty=1.0))
    again = LinearCox.from_arrays(fitted.to_arrays())
    assert fitted.parameters == 5
    np.testing.assert_array_equal(again.risk(blocks), fitted.risk(blocks))
    np.testing.assert_array_equal(again.survival(blocks, time), fitted.survival(blocks, time))
