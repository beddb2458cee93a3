from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from survdash.training.scaling import fit_scaler


@pytest.fixture
def table():
    return np.random.default_rng(0).normal(5, 3, size=(400, 4))


def test_training_rows_come_out_standardised(table):
    scaled = fit_scaler(table).apply(table)
    assert scaled.dtype == np.float32
    # float32 keeps seven digits; sums over 400 rows lose one or two of them.
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-5)


def test_a_held_out_value_far_away_stays_within_the_training_tails(table):
    scaler = fit_scaler(table)
    scaled = scaler.apply(np.array([[14_070.0, -14_070.0, 5, 5]]))
    assert np.abs(scaled).max() < 4  # the 0.5 % tails of a normal distribution lie at 2.6 standard deviations


def test_what_is_missing_becomes_the_training_median_and_nothing_else_changes(table):
    gap = table.copy()
    gap[7, 2] = np.nan
    scaler = fit_scaler(table)
    filled, whole = scaler.apply(gap), scaler.apply(table)
    median = scaler.apply(np.median(table, axis=0, keepdims=True))[0, 2]
    assert filled[7, 2] == pytest.approx(median, abs=1e-6)
    filled[7, 2] = whole[7, 2]
    np.testing.assert_array_equal(filled, whole)


@pytest.mark.parametrize("column", [np.full(400, 3.0), np.full(400, np.nan), 3 + 1e-9 * np.arange(400)])
def test_a_column_that_tells_nothing_becomes_zero_also_where_it_is_held_out(table, column):
    scaler = fit_scaler(np.column_stack([table, column]))
    held_out = np.column_stack([table[:3], [99.0, -99.0, np.nan]])
    np.testing.assert_allclose(scaler.apply(held_out)[:, 4], 0, atol=1e-6)


def test_the_rules_come_from_the_training_rows_alone(table):
    scaler = fit_scaler(table[:200])
    before = scaler.apply(table[:5]).copy()
    scaler.apply(np.full((10, 4), 1e6))
    np.testing.assert_array_equal(scaler.apply(table[:5]), before)


@pytest.fixture
def skewed():
    rng = np.random.default_rng(1)
    return np.column_stack([rng.lognormal(sigma=1, size=400), rng.lognormal(sigma=1, size=400), np.full(400, 2.0)])


def test_a_skewed_column_comes_out_nearly_normal_and_the_others_as_before(skewed):
    chosen = np.array([True, False, True])
    scaled, plain = fit_scaler(skewed, skewed=chosen).apply(skewed), fit_scaler(skewed).apply(skewed)
    np.testing.assert_array_equal(scaled[:, 1:], plain[:, 1:])
    # What is left comes of the clipped tails.
    assert stats.skew(plain[:, 0]) > 3
    assert abs(stats.skew(scaled[:, 0])) < 0.3
    np.testing.assert_allclose([scaled[:, 0].mean(), scaled[:, 0].std()], [0, 1], atol=1e-5)
    assert (np.argsort(scaled[:, 0], kind="stable") == np.argsort(plain[:, 0], kind="stable")).all()


def test_the_unit_of_an_expression_table_does_not_matter(skewed):
    chosen = np.ones(3, bool)
    one = fit_scaler(skewed, skewed=chosen).apply(skewed)
    other = fit_scaler(1000 * skewed - 7, skewed=chosen).apply(1000 * skewed - 7)
    # float32 before the power is known to seven digits, and the power to three.
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_the_average_row_comes_out_as_zero(skewed):
    scaler = fit_scaler(skewed, skewed=np.array([True, False, True]))
    np.testing.assert_allclose(scaler.apply(scaler.average[None]), 0, atol=1e-5)
    np.testing.assert_array_equal(fit_scaler(skewed).average, fit_scaler(skewed).centre)
