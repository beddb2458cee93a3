import numpy as np
import pytest

from survdash.figures.calibration import plot_calibration
from survdash.statistics import calibration, smooth_calibration


@pytest.fixture
def cohort():
    generator = np.random.default_rng(5)
    risk = generator.uniform(0.1, 0.9, size=200)
    death = -20 / np.log1p(-risk) * generator.exponential(size=200)
    last = generator.uniform(5, 60, size=200)
    return risk, np.minimum(death, last), death <= last


def test_groups_have_their_limits_and_the_smooth_curve_is_drawn(cohort):
    found, smooth = calibration(*cohort, horizon=20), smooth_calibration(*cohort, horizon=20)
    diagonal, curve, groups = plot_calibration(found, smooth).data
    assert (diagonal.x, diagonal.y) == ((0, 1), (0, 1))
    np.testing.assert_array_equal(curve.y, smooth.observed)
    np.testing.assert_array_equal(groups.x, found.predicted)
    np.testing.assert_allclose(groups.y + np.array(groups.error_y.array), found.high)
    np.testing.assert_allclose(groups.y - np.array(groups.error_y.arrayminus), found.low)
    assert groups.customdata.sum() == 200


def test_a_group_that_was_not_followed_so_far_is_left_out(cohort):
    risk, time, event = cohort
    # the safest tenth is lost from sight before the horizon
    lost = risk <= np.quantile(risk, 0.1)
    found = calibration(risk, np.where(lost, 1.0, time), event & ~lost, horizon=20)
    assert np.isnan(found.observed[0])
    _, groups = plot_calibration(found, None).data
    assert len(groups.x) == found.observed.size - 1
