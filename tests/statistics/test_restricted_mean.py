import numpy as np
import pytest

from survdash.errors import NotEnoughDataError
from survdash.statistics import kaplan_meier, rmst_difference


def test_by_hand_without_censoring():
    # Means to 4: low (2 + 4) / 2 = 3 and high (1 + 3) / 2 = 2; errors sqrt(1 * 1 / (2 * 2 * 1)) * widths 2.
    found = rmst_difference([2, 5, 1, 3], [1, 1, 1, 1], ["low", "low", "high", "high"], horizon=4)
    assert (found.reference, found.compared) == ("low", "high")
    assert found.means == (3.0, 2.0)
    assert found.difference == -1.0
    assert found.std_errs[0] == pytest.approx(2 * np.sqrt(1 / 2) / 2)
    assert found.low < -1 < found.high


def test_equal_groups_differ_by_nothing_and_swapping_turns_the_sign():
    time, event = np.tile(np.arange(1.0, 21), 2), np.tile([1, 1, 0, 1], 10)
    same = rmst_difference(time, event, np.repeat([0, 1], 20), horizon=15)
    assert (same.difference, same.p_value) == (0.0, 1.0)
    group = np.arange(40) % 2
    here = rmst_difference(time, event, group, horizon=15)
    there = rmst_difference(time, event, 1 - group, horizon=15)
    assert there.difference == -here.difference
    assert there.p_value == here.p_value


def test_left_truncation_is_passed_on():
    time, event = np.arange(2.0, 22), np.ones(20, bool)
    group, entry = np.arange(20) % 2, np.where(np.arange(20) > 10, 1.5, 0)
    found = rmst_difference(time, event, group, horizon=10, entry=entry)
    mine = group == 1
    assert found.means[1] == kaplan_meier(time[mine], event[mine], entry=entry[mine]).rmst(10)


def test_without_a_death_there_is_no_p_value():
    found = rmst_difference([9, 9, 9, 9], [0, 0, 0, 0], [0, 0, 1, 1], horizon=5)
    assert found.difference == 0.0
    assert np.isnan(found.p_value)


def test_refuses_a_horizon_beyond_a_group_s_follow_up_and_three_groups():
    with pytest.raises(NotEnoughDataError, match="high was followed to 3"):
        rmst_difference([2, 9, 1, 3], [1, 0, 1, 0], ["low", "low", "high", "high"], horizon=4)
    with pytest.raises(NotEnoughDataError, match="two groups"):
        rmst_difference([1, 2, 3], [1, 1, 1], [0, 1, 2], horizon=1)
