from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from pandas import DataFrame

from survdash.case import Survival
from survdash.nets.baselines.cox_ridge import curve_of_risk
from survdash.nets.baselines.fitted import TrainingSet, inner_folds
from survdash.nets.baselines.linear_paths import LEAST, NETWORK, Blend, blend, fit_paths, fit_weights


def patients(n=200, *, effects=(0.6, 0.3, 0.0), seed=0, deaths=0.7):
    """Standardised risks whose true log hazard ratios are ``effects``, and follow-up by them; months with ties."""
    rng = np.random.default_rng(seed)
    risks = rng.normal(size=(n, len(effects)))
    time = np.ceil(rng.exponential(np.exp(-risks @ np.array(effects))) * 30)
    return risks, Survival(time_months=time, event=rng.random(n) < deaths)


def test_without_a_penalty_the_weights_are_those_of_a_cox_model():
    risks, survival = patients(effects=(0.6, 0.3, 0.2))
    distinct = survival.time_months + np.linspace(0, 0.5, 200)  # lifelines shares ties by Efron's rule
    survival = Survival(time_months=distinct, event=survival.event)
    table = DataFrame(risks).assign(time=distinct, event=survival.event)
    theirs = CoxPHFitter().fit(table, "time", "event").params_.to_numpy()
    # Both are maxima of one concave function; L-BFGS stops within 1e-5 of its gradient.
    np.testing.assert_allclose(fit_weights(risks, survival, expected=np.ones(3), strength=0.0), theirs, atol=1e-3)


def test_no_weight_is_below_zero_and_a_part_that_misleads_gets_none():
    risks, survival = patients(n=1500, effects=(0.7, 0.3, -0.6))
    weight = fit_weights(risks, survival, expected=np.ones(3))
    assert weight[2] == 0
    assert weight[0] > weight[1] > 0


def test_few_deaths_leave_the_weights_equal_and_many_tell_the_parts_apart():
    few, many = (fit_weights(*patients(n=n, effects=(0.8, 0.0)), expected=np.ones(2)) for n in (40, 2000))
    assert np.ptp(few) < np.ptp(many)
    np.testing.assert_allclose(many, [0.8, 0.0], atol=0.1)  # 1,400 deaths: a standard error of about 0.03
    held = fit_weights(*patients(n=2000, effects=(0.8, 0.0)), expected=np.array([1.0, 0.5]), strength=1e9)
    np.testing.assert_allclose(held[0], 2 * held[1], rtol=1e-4)


def test_a_part_of_which_nothing_is_expected_gets_a_weight_if_it_knows_more():
    expected = np.array([1.0, 0.0])
    useless, useful = (fit_weights(*patients(n=2000, effects=(0.5, own)), expected=expected) for own in (0.0, 0.5))
    assert useless[1] < 0.05
    np.testing.assert_allclose(useful, [0.5, 0.5], atol=0.1)


@given(order=st.permutations(range(60)), months=st.floats(0.1, 50))
def test_neither_the_order_of_cases_nor_the_unit_of_time_matters(order, months):
    risks, survival = patients(n=60)
    other = Survival(time_months=survival.time_months[order] * months, event=survival.event[order])
    # The same sums in another order, and an optimiser that stops within 1e-5 of its gradient.
    one, turned = (fit_weights(*both, expected=np.ones(3)) for both in ((risks, survival), (risks[order], other)))
    np.testing.assert_allclose(turned, one, atol=1e-4)


def test_where_every_part_misleads_all_weigh_alike_and_everyone_gets_one_curve():
    risks, survival = patients(n=400, effects=(-1.0, -1.0))
    np.testing.assert_array_equal(fit_weights(risks, survival, expected=np.ones(2)), [LEAST, LEAST])
    assert curve_of_risk(risks.sum(axis=1) * LEAST, survival).coefficients.tolist() == [0]


def training(n=150, *, seed=0):
    rng = np.random.default_rng(seed)
    blocks = {"slide": rng.normal(size=(n, 6)), "genes": rng.normal(size=(n, 9)), "clinical": rng.normal(size=(n, 3))}
    hazard = sum(block[:, 0] for block in blocks.values())
    time = rng.exponential(np.exp(-hazard)) * 40 + 0.1
    return TrainingSet(
        blocks=blocks, survival=Survival(time_months=time, event=rng.random(n) < 0.8), seed=0, penalty=1.0
    )


@pytest.fixture(scope="module")
def cases():
    return training()


@pytest.fixture(scope="module")
def made(cases):
    """Three paths and a network that knows one of the genes, in units of its own."""
    folds, held_out = inner_folds(cases.survival, seed=0), np.empty((150, 4))
    for number in range(5):
        apart = folds == number
        paths = fit_paths(cases.take(np.flatnonzero(~apart)))
        for column, (name, path) in enumerate(paths.items()):
            held_out[apart, column] = path.risk({name: cases.blocks[name][apart]})
        held_out[apart, 3] = 100 * cases.blocks["genes"][apart, 0] + 1000 * number
    return blend(fit_paths(cases), held_out, folds=folds, survival=cases.survival)


def with_network(cases):
    return {**cases.blocks, NETWORK: 100 * cases.blocks["genes"][:, :1] + 2000}


def test_parts_are_standardised_and_weighed(made):
    assert list(made.paths) == ["clinical", "genes", "slide"]
    new = training(400, seed=1)
    parts = made.parts(with_network(new))
    np.testing.assert_allclose(parts.sum(axis=1), made.risk(with_network(new)))
    # An inner fold's own level of the network's risk is taken out: here 0, 1000, ... 4000, on average 2000.
    assert made.centre[3] == pytest.approx(2000, abs=20)
    assert made.scale[3] == pytest.approx(100, rel=0.15)
    np.testing.assert_allclose(parts[:, 3].std(), made.weight[3], rtol=0.2)


def test_curves_follow_the_risk(cases, made):
    blocks = with_network(cases)
    curves, risk = made.survival(blocks, np.arange(40.0)), made.risk(blocks)
    np.testing.assert_array_equal(curves[:, 0], 1)
    assert np.all(np.diff(curves, axis=1) <= 0)
    assert np.all(np.diff(curves[np.argsort(risk)], axis=0) <= 0)


def test_it_is_stored_whole_in_its_arrays(cases, made):
    backwards = dict(reversed(list(made.to_arrays().items())))  # a file has an order of its own
    again, blocks, months = Blend.from_arrays(backwards), with_network(cases), np.arange(30.0)
    np.testing.assert_array_equal(again.risk(blocks), made.risk(blocks))
    np.testing.assert_array_equal(again.survival(blocks, months), made.survival(blocks, months))
    assert again.parameters == made.parameters
