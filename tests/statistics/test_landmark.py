import numpy as np
import pytest

from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics import kaplan_meier, landmark


def test_who_is_left_and_from_when():
    found = landmark([1, 2, 2, 3, 5], [1, 0, 1, 0, 1], at=2)
    assert found.kept.tolist() == [False, False, False, True, True]
    assert found.survival.time_months.tolist() == [1, 3]
    assert found.survival.event.tolist() == [False, True]
    assert (found.died_before, found.censored_before) == (2, 1)


def test_the_curve_from_there_is_the_conditional_survival():
    generator = np.random.default_rng(0)
    time, event = generator.exponential(10, size=200), generator.random(200) < 0.7
    whole, later = kaplan_meier(time, event), landmark(time, event, at=5).survival
    conditional = whole.at([12])[0][0] / whole.at([5])[0][0]
    assert kaplan_meier(later.time_months, later.event).at([7])[0][0] == pytest.approx(conditional, rel=1e-12)


def test_refusals():
    with pytest.raises(NotEnoughDataError):
        landmark([1, 2], [1, 1], at=2)
    with pytest.raises(InputError):
        landmark([1, 2], [1, 1], at=0)
