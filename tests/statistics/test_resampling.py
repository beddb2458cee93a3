import itertools
from collections import Counter

import numpy as np
import pytest

from survdash.errors import InputError
from survdash.statistics.resampling import check_draws, multiplicities, percentile_limits, shuffled_rows


def test_every_draw_has_as_many_patients_in_every_block(monkeypatch):
    monkeypatch.setattr("survdash.statistics.resampling.BLOCK", 1000)
    blocks = list(multiplicities(60, np.random.default_rng(0), resamples=50))
    assert len(blocks) > 1
    counts = np.concatenate(blocks)
    assert counts.shape == (50, 60)
    np.testing.assert_array_equal(counts.sum(axis=1), 60)


def test_every_patient_is_drawn_once_on_average():
    counts = next(multiplicities(10, np.random.default_rng(1), resamples=20_000))
    # Standard error of a mean of 20,000 counts with variance below 1: 0.007.
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.035)


def test_limits_leave_out_draws_without_a_value():
    assert percentile_limits(np.array([np.nan, 1.0, 2.0, 3.0]), 0.5) == (1.5, 2.5)
    assert np.isnan(percentile_limits(np.array([np.nan]), 0.95)).all()


@pytest.mark.parametrize("given", [(0, 0.95, 0), (10, 1.0, 0), (10, 0.95, -1)])
def test_impossible_settings_are_refused(given):
    with pytest.raises(InputError):
        check_draws(*given)


@pytest.mark.parametrize("values", [[3.0, 1.0, 2.0], [5.0], [1.0, 1.0, 2.0, 7.0]])
def test_each_order_comes_equally_often(values):
    rows, given = 24_000, np.array(values)
    drawn = np.concatenate([shuffled_rows(given, 40, np.random.default_rng(seed)) for seed in range(rows // 40)])
    np.testing.assert_array_equal(np.sort(drawn, axis=1), np.tile(np.sort(given), (rows, 1)))
    found = Counter(map(tuple, drawn.tolist()))
    every = Counter(itertools.permutations(values))
    orders = sum(every.values())
    for order, ways in every.items():
        share = ways / orders
        # Five standard errors of a share of 24,000 draws.
        assert found[order] / rows == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / rows) + 1e-12)


@pytest.mark.parametrize("count", [1024, 1025])  # the last that fits into 32 bits with its random part, and the next
def test_many_values_are_shuffled_too(count):
    drawn = shuffled_rows(np.arange(count), 400, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(drawn, axis=1), np.tile(np.arange(count), (400, 1)))
    # The mean of 400 places: standard error count / sqrt(12 * 400).
    np.testing.assert_allclose(drawn.mean(axis=0), (count - 1) / 2, atol=5 * count / np.sqrt(12 * 400))
    assert abs(np.corrcoef(drawn[0], drawn[1])[0, 1]) < 0.2
