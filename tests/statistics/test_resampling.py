import numpy as np
import pytest

from survdash.errors import InputError
from survdash.statistics.resampling import check_draws, multiplicities, percentile_limits


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
