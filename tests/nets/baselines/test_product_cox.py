"""A Cox model with one product of genes and slide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survdash.case import Survival
from survdash.nets.baselines.fitted import TrainingSet, concordance
from survdash.nets.baselines.linear_paths import fit_additive
from survdash.nets.baselines.product_cox import ProductCox, component_axes, components, fit, group_axes

GROUPS = (np.arange(10), np.arange(10, 20), np.arange(20, 30))


def cohort(n, *, product, seed=0):
    """Three gene factors of ten noisy genes each, a slide of six factors, hazard with main effects and a product."""
    rng = np.random.default_rng(seed)
    factors, slide = rng.normal(size=(n, 3)), rng.normal(size=(n, 6))
    genes = np.repeat(factors, 10, axis=1) * 0.7 + rng.normal(size=(n, 30)) * 0.7
    hazard = factors[:, 0] - slide[:, 0] + product * factors[:, 1] * slide[:, 1]
    time = rng.exponential(np.exp(-hazard)) * 30 + 0.1
    # A fixed mixing of the slide's factors, of falling strength, so that components are not features.
    mixing = np.random.default_rng(99).normal(size=(6, 40))
    return TrainingSet(
        blocks={"genes": genes, "slide": slide @ mixing}, seed=0, penalty=1.0, gene_groups=GROUPS,
        survival=Survival(time_months=time, event=rng.random(n) < 0.7),
        gene_columns=tuple(f"G{number}_rna" for number in range(30)),
    ), hazard


@pytest.fixture(scope="module")
def trained():
    return fit(cohort(500, product=1.5)[0])


def test_it_learns_a_product_that_no_sum_can_tell(trained):
    training, _ = cohort(500, product=1.5)
    new, truth = cohort(1000, product=1.5, seed=1)
    ours, additive = (
        concordance(model.risk(new.blocks), new.survival) for model in (trained, fit_additive(training))
    )
    oracle = concordance(truth, new.survival)
    assert ours > additive + 0.05  # 0.84 against 0.75; a difference of 1,000 patients has a standard error near 0.01
    assert oracle - ours < 0.04
    # The product is of the second gene group; its side is known up to the sign that both sides share.
    assert np.abs(trained.gene_side).argmax() == 1


def test_where_there_is_no_product_it_costs_little():
    training, _ = cohort(400, product=0.0)
    new, _ = cohort(1000, product=0.0, seed=1)
    ours, additive = (
        concordance(model.risk(new.blocks), new.survival) for model in (fit(training), fit_additive(training))
    )
    assert ours > additive - 0.03


def test_the_risk_is_main_effects_and_one_product(trained):
    new, _ = cohort(50, product=1.0, seed=3)
    genes = new.blocks["genes"] @ trained.gene_axes - trained.gene_centre
    slide = new.blocks["slide"] @ trained.slide_axes - trained.slide_centre
    bilinear = np.outer(trained.gene_side, trained.slide_side)
    by_hand = [
        g @ trained.gene_weight + s @ trained.slide_weight + g @ bilinear @ s - trained.product_centre
        for g, s in zip(genes, slide, strict=True)
    ]
    np.testing.assert_allclose(trained.risk(new.blocks), by_hand, atol=1e-10)
    again = ProductCox.from_arrays(trained.to_arrays())
    np.testing.assert_array_equal(again.risk(new.blocks), trained.risk(new.blocks))


@given(order=st.randoms(use_true_random=False))
@settings(max_examples=5, deadline=None)
def test_the_order_of_cases_does_not_matter(order):
    training, _ = cohort(120, product=1.0)
    shuffled = np.array(order.sample(range(120), 120))
    one, other = fit(training), fit(training.take(shuffled))
    # The same sums in another order, through twelve fits that stop within the optimiser's tolerance of 1e-9.
    np.testing.assert_allclose(other.risk(training.blocks), one.risk(training.blocks), atol=1e-4)


def test_scores_have_variance_one_and_a_constant_group_has_none():
    training, _ = cohort(200, product=1.0)
    genes = training.blocks["genes"].copy()
    genes[:, 20:] = 0.0
    axes = group_axes(genes, GROUPS)
    assert axes.shape == (30, 2)
    np.testing.assert_allclose((genes @ axes).std(axis=0), 1.0)
    components = component_axes(training.blocks["slide"], 20)
    assert components.shape == (40, 6)  # there are six factors
    scores = training.blocks["slide"] @ components
    np.testing.assert_allclose(np.corrcoef(scores.T), np.eye(6), atol=1e-8)


def test_without_penalty_or_variation_it_stays_finite():
    training, _ = cohort(150, product=1.0)
    assert np.isfinite(fit(replace(training, penalty=0.0)).risk(training.blocks)).all()
    flat = replace(training, blocks={**training.blocks, "slide": np.zeros((150, 4))})
    assert np.isfinite(fit(flat).risk(flat.blocks)).all()


@pytest.mark.parametrize(("deaths", "expected"), [(5, 20), (400, 20), (440, 22), (900, 45)])
def test_more_deaths_allow_more_of_the_slide(deaths, expected):
    survival = Survival(time_months=np.arange(1.0, 2001.0), event=np.arange(2000) < deaths)
    assert components(survival) == expected
