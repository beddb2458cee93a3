from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from survdash.training.power import HIGHEST, LOWEST, fit_powers, unbent, yeo_johnson

POWERS = st.floats(LOWEST, HIGHEST)
VALUES = arrays(np.float64, 6, elements=st.floats(-4, 4))


@pytest.mark.parametrize("power", [-3.0, -0.7, 0.0, 0.5, 1.0, 2.0, 2.6, 3.0])
def test_it_is_the_transformation_of_scipy(power):
    values = np.linspace(-4, 4, 41)
    made = yeo_johnson(values[:, None], np.array([power]))[:, 0]
    # Both use log1p and expm1, in another order: some last digits differ.
    np.testing.assert_allclose(made, stats.yeojohnson(values, lmbda=power), rtol=1e-12, atol=1e-14)


def test_the_powers_are_those_that_scipy_finds_one_by_one():
    rng = np.random.default_rng(0)
    table = np.column_stack([rng.normal(size=300), rng.exponential(size=300), -rng.gamma(2, size=300),
                             rng.standard_t(4, size=300)])  # fmt: skip
    found = fit_powers(table)
    expected = [stats.yeojohnson_normmax(column) for column in table.T]
    # Eighteen golden sections of a range of six: 6 * 0.618**18 = 0.001.
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert found[1] < 0.5 < 1.5 < found[2]


def test_a_column_of_a_few_outliers_stays_within_the_bounds():
    column = np.r_[np.linspace(0, 0.01, 97), 4, 4, 4][:, None]
    assert LOWEST <= fit_powers(column)[0] < LOWEST + 0.01


@given(VALUES, POWERS)
def test_it_keeps_the_order_and_can_be_undone(values, power):
    powers = np.full(values.size, power)
    bent = yeo_johnson(values[None], powers)[0]
    order = np.argsort(values, kind="stable")
    assert (np.diff(bent[order]) >= 0).all()
    # Near the flat end of a power of -3, 1 - 1/125 of a third, three digits are lost.
    np.testing.assert_allclose(unbent(bent, powers), values, rtol=1e-9, atol=1e-9)


@given(VALUES, POWERS)
def test_what_is_turned_round_is_bent_by_the_other_power(values, power):
    powers = np.full(values.size, power)
    # Below a power of 1e-9 the logarithm stands for it.
    np.testing.assert_allclose(
        yeo_johnson(-values[None], 2 - powers), -yeo_johnson(values[None], powers), rtol=1e-8, atol=1e-12
    )
