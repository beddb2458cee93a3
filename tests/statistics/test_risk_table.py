import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.errors import InputError
from survdash.statistics import kaplan_meier, risk_table


def test_counts_by_hand():
    found = risk_table([1, 2, 2, 5], [1, 0, 1, 0], ["b", "a", "a", "a"], times=[0, 2, 3])
    assert found.groups == ("a", "b")
    assert found.at_risk.tolist() == [[3, 3, 1], [1, 0, 0]]
    assert found.events.tolist() == [[0, 1, 1], [0, 1, 1]]
    assert found.censored.tolist() == [[0, 1, 1], [0, 0, 0]]


def test_late_entries_are_not_at_risk_before():
    found = risk_table([5, 6, 7], [1, 0, 1], times=[0, 1, 3, 5], entry=[0, 1, 3])
    assert found.groups == ("all",)
    assert found.at_risk[0].tolist() == [1, 1, 2, 3]  # at 1 the one who enters at 1 is not yet at risk


@given(rows=st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=30))
def test_everybody_is_at_risk_dead_or_censored(rows):
    time, event = (np.array(column) for column in zip(*rows, strict=True))
    asked = np.arange(22)
    found = risk_table(time, event, times=asked)
    after = risk_table(time, event, times=asked + 0.5).at_risk  # just after each time
    np.testing.assert_array_equal(after + found.events + found.censored, len(rows))
    np.testing.assert_array_equal(found.at_risk[0], kaplan_meier(time, event).at_risk_at(asked))


def test_refuses_impossible_times():
    with pytest.raises(InputError):
        risk_table([1], [1], times=[-1])
