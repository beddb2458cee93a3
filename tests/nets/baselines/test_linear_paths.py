from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from pandas import DataFrame

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.nets.baselines import cox_ridge
from survdash.nets.baselines.cox_ridge import curve_of_risk
from survdash.nets.baselines.fitted import TrainingSet, inner_folds, take_cases
from survdash.nets.baselines.linear_paths import (
    HELD_BACK,
    LEAST,
    NETWORK,
    PENALTIES,
    Blend,
    blend,
    expect_of_parts,
    fit_additive,
    fit_paths,
    fit_weights,
    likelihood_weights,
    split_kinds,
)

ADDITIVE = ["additive_0", "additive_1", "additive_2", "additive_3", "additive_4"]


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


def test_a_part_that_says_all_takes_over_from_one_expected_however_strong_both_are():
    """The second column is the truth, log hazard ratio 2; the first is the truth and as much noise."""
    truth, survival = patients(n=400, effects=(2.0,))
    noisy = (truth[:, 0] + np.random.default_rng(2).normal(size=400)) / 2**0.5
    weight = fit_weights(np.column_stack([noisy, truth[:, 0]]), survival, expected=np.array([1.0, 0.0]))
    assert weight[0] < 0.2 < 1.5 < weight[1]


@given(order=st.permutations(range(60)), months=st.floats(0.1, 50))
@settings(max_examples=30, deadline=None)
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


def test_where_every_part_misleads_the_order_is_of_what_was_expected():
    risks, survival = patients(n=400, effects=(-1.0, -1.0))
    np.testing.assert_array_equal(fit_weights(risks, survival, expected=np.array([1.0, 0.0])), [LEAST, 0])


def test_of_a_product_that_is_noise_nothing_is_expected_but_once_in_a_hundred_times():
    """Of 300 trials with a chance of .005 each, eight or more would come up once in ten thousand runs."""
    drawn = [patients(n=80, effects=(0.6, 0.0), seed=seed) for seed in range(300)]
    found = np.array([expect_of_parts(risks, survival=survival) for risks, survival in drawn])
    assert np.count_nonzero(found[:, 1]) < 8
    np.testing.assert_array_equal(np.unique(found[found[:, 1] == 0], axis=0), [[1, 0]])


def test_what_a_product_shows_is_expected_of_it():
    risks, survival = patients(n=2000, effects=(0.4, 0.8))
    expected = expect_of_parts(risks, survival=survival)
    assert expected[1] == 1
    assert expected[0] == pytest.approx(0.5, abs=0.06)  # 1,400 deaths: a standard error of about 0.04
    for useless in (-risks[:, 1], 3 * risks[:, 0]):  # a weight is not below 0
        assert expect_of_parts(np.column_stack([risks[:, 0], useless]), survival=survival).tolist() == [1, 0]


def test_a_part_has_to_add_to_those_that_came_in_before_it():
    risks, survival = patients(n=2000, effects=(0.4, 0.8))
    copy = risks[:, 1] + 1e-3 * risks[:, 0]
    assert expect_of_parts(np.column_stack([risks, copy]), survival=survival)[2] == 0
    risks, survival = patients(n=2000, effects=(0.4, 0.6, 0.5))
    assert (expect_of_parts(risks, survival=survival) > 0.4).all()


def test_rivals_share_the_weight_by_what_held_out_cases_say_of_them():
    risks, survival = patients(n=300, effects=(0.6,))
    rng = np.random.default_rng(1)
    noisy = risks[:, 0] + rng.normal(size=300)
    weight = likelihood_weights(np.column_stack([risks[:, 0], risks[:, 0], noisy]), survival)
    assert weight.sum() == pytest.approx(1)
    # Equals share; half the truth is worth next to nothing beside it, and keeps a third of the half that all share.
    assert weight[0] == weight[1] == pytest.approx(5 / 12, abs=0.01)
    worth = []
    distinct = survival.time_months + np.linspace(0, 0.5, 300)  # lifelines shares ties by Efron's rule
    for risk in (risks[:, 0], noisy):
        table = DataFrame({"risk": risk, "time": distinct, "event": survival.event})
        worth.append(CoxPHFitter().fit(table, "time", "event").log_likelihood_)
    pair = likelihood_weights(
        np.column_stack([risks[:, 0], noisy]), Survival(time_months=distinct, event=survival.event)
    )
    # Of the likelihoods' logarithms a thousandth, for the slope is held back by next to nothing.
    by_likelihood = pair - 0.25  # the rest is half of the whole
    assert np.log(by_likelihood[0] / by_likelihood[1]) == pytest.approx(worth[0] - worth[1], abs=1e-2)


def test_what_is_held_back_more_says_less(cases):
    spread = [fit_additive(cases, held_back=factor).risk(cases.blocks).std() for factor in HELD_BACK]
    assert sorted(spread, reverse=True) == spread


def training(n=150, *, seed=0):
    rng = np.random.default_rng(seed)
    blocks = {"genes": rng.normal(size=(n, 9)), "slide": rng.normal(size=(n, 6)), "clinical": rng.normal(size=(n, 3))}
    hazard = sum(block[:, 0] for block in blocks.values())
    time = rng.exponential(np.exp(-hazard)) * 40 + 0.1
    return TrainingSet(
        blocks=blocks, survival=Survival(time_months=time, event=rng.random(n) < 0.8), seed=0, penalty=1.0,
        gene_columns=tuple(f"G{number}_rna" for number in range(9)), gene_groups=(np.arange(4), np.arange(4, 9)),
    )


@pytest.fixture(scope="module")
def cases():
    return training()


@pytest.fixture(scope="module")
def made(cases):
    """Both paths and a network that knows one of the genes, in units of its own."""
    folds, held_out = inner_folds(cases.survival, seed=0), np.empty((150, 7))
    for number in range(5):
        apart = folds == number
        paths = fit_paths(cases.take(np.flatnonzero(~apart)))
        for column, path in enumerate(paths.values()):
            held_out[apart, column] = path.risk(take_cases(cases.blocks, np.flatnonzero(apart)))
        held_out[apart, 6] = 100 * cases.blocks["genes"][apart, 0] + 1000 * number
    return blend(fit_paths(cases), held_out, folds=folds, survival=cases.survival)


@pytest.mark.parametrize("worth", [0.0, 1.0])
def test_product_and_network_get_a_weight_only_where_they_are_told_from_chance(cases, worth):
    """Held-out risks of the five additive paths, of the product, and of a network; then these two the other way."""
    risks, survival = patients(n=150, effects=(0.6, worth, 0.0), seed=3)
    for place, columns in ((5, [0, 0, 0, 0, 0, 1, 2]), (6, [0, 0, 0, 0, 0, 2, 1])):
        held_out, folds = risks[:, columns], inner_folds(survival, seed=0)
        weight = blend(fit_paths(cases), held_out, folds=folds, survival=survival).weight
        assert (weight[place] > 0.5) if worth else (weight[place] == 0)
        assert weight[11 - place] == 0
        np.testing.assert_allclose(weight[:5], weight[:5].mean())
        assert weight[:5].sum() > 0.4


def with_network(cases):
    return {**cases.blocks, NETWORK: 100 * cases.blocks["genes"][:, :1] + 2000}


def test_parts_are_standardised_and_weighed(made):
    assert list(made.paths) == [*ADDITIVE, "product"]
    new = training(400, seed=1)
    parts = made.parts(with_network(new))
    np.testing.assert_allclose(parts.sum(axis=1), made.risk(with_network(new)))
    # An inner fold's own level of the network's risk is taken out: here 0, 1000, ... 4000, on average 2000.
    assert made.centre[6] == pytest.approx(2000, abs=20)
    assert made.scale[6] == pytest.approx(100, rel=0.15)
    np.testing.assert_allclose(parts[:, 6].std(), made.weight[6], rtol=0.2)


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


def test_of_one_block_the_additive_path_is_its_ridge_cox_model(cases):
    alone = cases.only("slide")
    size = np.mean(np.sum(alone.blocks["slide"] ** 2, axis=1)) / alone.blocks["slide"].shape[1]
    # Rows of mean square one, by definition; ridge Cox by itself divides by the root of the width alone.
    same = replace(alone, penalty=PENALTIES["slide"] * size)
    ours, theirs = fit_additive(alone), cox_ridge.fit(same)
    # One optimum in two units of the coefficients, each reached within 1e-7 of its gradient.
    np.testing.assert_allclose(ours.risk(alone.blocks), theirs.risk(alone.blocks), atol=1e-5)
    np.testing.assert_allclose(ours.baseline_hazard, theirs.baseline_hazard, rtol=1e-5)


def test_a_column_of_two_blocks_is_as_if_it_stood_in_both(cases):
    """A ridge model of two copies of a column, each with a coefficient of its own, adds the two coefficients up."""
    columns = (*(f"G{number}_cnv" for number in range(4)), *(f"G{number}_rna" for number in range(4, 9)))
    alone = replace(cases.only("genes"), gene_columns=columns)
    genes = alone.blocks["genes"]
    pieces = [genes[:, 4:], genes]
    # The mean square of a row is one, and each of the two blocks is penalised twice.
    twice = [piece / np.sqrt(2 * PENALTIES["genes"] * np.mean(np.sum(piece**2, axis=1))) for piece in pieces]
    theirs = cox_ridge.fit_cox_ridge(
        np.concatenate(twice, axis=1), alone.survival.time_months, event=alone.survival.event, penalty=1.0
    )
    np.testing.assert_allclose(
        fit_additive(alone).risk(alone.blocks), np.concatenate(twice, axis=1) @ theirs.coefficients, atol=1e-6
    )


@given(factor=st.floats(0.01, 100))
@settings(max_examples=5, deadline=None)
def test_the_unit_of_a_block_does_not_matter(cases, factor):
    other = replace(cases, blocks={**cases.blocks, "slide": cases.blocks["slide"] * factor})
    np.testing.assert_allclose(
        fit_additive(other).risk(other.blocks), fit_additive(cases).risk(cases.blocks), atol=1e-6
    )


def test_copy_numbers_count_less_where_expression_was_measured():
    assert [part.tolist() for part in split_kinds(["A_cnv", "A_rna", "B_mut", "B_rna"])] == [[1, 3], [0, 1, 2, 3]]
    assert [part.tolist() for part in split_kinds(["A_cnv", "A_mut", "B_mut"])] == [[0], [1, 2]]
    assert [part.tolist() for part in split_kinds(["A", "B"])] == [[0, 1]]


def test_what_is_constant_says_nothing_and_all_constant_is_refused(cases):
    flat = replace(cases, blocks={**cases.blocks, "slide": np.zeros((150, 6))})
    assert fit_additive(flat).parameters == 9 + 3
    nothing = replace(cases, blocks={name: np.zeros_like(block) for name, block in cases.blocks.items()})
    with pytest.raises(NotEnoughDataError, match="alike"):
        fit_additive(nothing)


def test_the_product_needs_genes_and_slide_and_can_be_left_out(cases):
    assert list(fit_paths(cases, product=False)) == ADDITIVE
    assert list(fit_paths(cases.only("genes"))) == ADDITIVE
