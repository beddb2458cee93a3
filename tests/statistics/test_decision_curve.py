import numpy as np
import pytest

from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics import decision_curve


def test_without_censoring_it_is_true_less_weighted_false_positives():
    # At threshold 0.5 two are treated: one dies by 2, one does not; odds 1.
    found = decision_curve([0.9, 0.6, 0.2, 0.1], [1, 5, 1.5, 6], [1, 1, 1, 1], horizon=2, thresholds=[0.5, 0.2])
    np.testing.assert_allclose(found.model, [1 / 4 - 1 / 4, 2 / 4 - 0.25 * 1 / 4])
    np.testing.assert_allclose(found.everybody, [0.5 - 0.5, 0.5 - 0.25 * 0.5])
    assert found.treated.tolist() == [2, 3]


def test_below_every_risk_all_are_treated_and_above_nobody():
    predicted = np.linspace(0.3, 0.6, 40)
    found = decision_curve(predicted, np.arange(1, 41), np.arange(40) % 2, horizon=20, thresholds=[0.1, 0.9])
    assert found.model[0] == found.everybody[0]
    assert (found.model[1], found.treated[1]) == (0.0, 0)


def test_treated_who_were_not_followed_so_far_have_no_benefit():
    found = decision_curve([0.9, 0.1], [1, 9], [0, 0], horizon=5, thresholds=[0.5])
    assert np.isnan(found.model[0])


def test_a_hundred_thresholds_by_default():
    assert decision_curve([0.9, 0.1], [1, 9], [1, 0], horizon=5).thresholds.size == 99


def test_refusals():
    with pytest.raises(InputError, match="Thresholds"):
        decision_curve([0.5, 0.4], [1, 2], [1, 1], horizon=1, thresholds=[1.0])
    with pytest.raises(InputError, match="between 0 and 1"):
        decision_curve([50, 40], [1, 2], [1, 1], horizon=1)
    with pytest.raises(NotEnoughDataError):
        decision_curve([0.5, 0.4], [1, 2], [1, 0], horizon=3)
