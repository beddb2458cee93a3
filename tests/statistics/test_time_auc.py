import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics import time_auc
from survdash.statistics.inputs import check_survival
from survdash.statistics.time_auc import need_both


def test_without_censoring_it_is_the_share_of_right_pairs():
    # By 2.5 the first two have died: pairs with the two later ones, one of them tied.
    found = time_auc([5, 2, 2, 1], [1, 2, 3, 4], [1, 1, 1, 1], times=[2.5], resamples=10)
    assert found.values[0] == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert (found.cases[0], found.controls[0]) == (2, 2)


def test_agrees_with_scikit_survival_without_ties_of_death_and_censoring():
    from sksurv.metrics import cumulative_dynamic_auc
    from sksurv.util import Surv

    generator = np.random.default_rng(0)
    risk = generator.normal(size=300).round(1)  # ties in risk
    time, event = generator.exponential(np.exp(-risk)), generator.random(300) < 0.6
    outcome = Surv.from_arrays(event, time)
    theirs, _ = cumulative_dynamic_auc(outcome, outcome, risk, [0.3, 1.0, 2.0])
    ours = time_auc(risk, time, event, times=[0.3, 1.0, 2.0], resamples=100)
    np.testing.assert_allclose(ours.values, theirs, rtol=1e-10)
    assert (ours.low < ours.values).all()
    assert (ours.values < ours.high).all()


def test_a_time_too_early_or_too_late_has_no_value_but_a_note():
    found = time_auc([1, 2, 3], [2, 3, 4], [1, 1, 0], times=[1, 2.5, 9], resamples=10)
    assert np.isnan(found.values).tolist() == [True, False, True]
    assert found.notes == ("no value at 1: nobody died by then", "no value at 9: nobody was followed beyond")


def test_a_constant_risk_is_chance():
    found = time_auc(np.ones(20), np.arange(1, 21), np.ones(20), times=[10], resamples=50)
    assert (found.values[0], found.low[0], found.high[0]) == (0.5, 0.5, 0.5)


@given(
    rows=st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.integers(-5, 5)), min_size=3, max_size=30),
    seed=st.integers(0, 1000),
)
def test_order_and_rising_functions_do_not_matter_and_the_opposite_risk_has_the_rest(rows, seed):
    time, event, risk = (np.array(column) for column in zip(*rows, strict=True))
    order = np.random.default_rng(seed).permutation(time.size)
    here = time_auc(risk, time, event, times=[5.0], resamples=1).values[0]
    assume(np.isfinite(here))
    there = time_auc(np.exp(risk[order]), time[order], event[order], times=[5.0], resamples=1).values[0]
    assert there == pytest.approx(here, abs=1e-12)
    assert here + time_auc(-risk, time, event, times=[5.0], resamples=1).values[0] == pytest.approx(1, abs=1e-12)


def test_refusals():
    with pytest.raises(InputError):
        time_auc([1, 2], [1, 2], [1, 1], times=[-1])
    with pytest.raises(NotEnoughDataError, match="Nobody died"):
        need_both(check_survival([2, 3], [1, 1]), 1.0)
    with pytest.raises(NotEnoughDataError, match="followed beyond"):
        need_both(check_survival([2, 3], [1, 1]), 3.0)
