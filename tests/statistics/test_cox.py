import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics import cox_model, hazard_ratio

rows_strategy = st.lists(st.tuples(st.integers(1, 20), st.booleans(), st.booleans()), min_size=4, max_size=40)


def test_agrees_with_lifelines_on_many_ties(reference_table):
    import pandas as pd
    from lifelines import CoxPHFitter

    lung = reference_table("data_lung.csv")
    time, event, female = np.ceil(lung["time"].to_numpy() / 91), lung["event"].to_numpy(), lung["sex"].to_numpy() == 2
    fitter = CoxPHFitter().fit(pd.DataFrame({"t": time, "e": event, "x": female.astype(float)}), "t", "e")
    # lifelines stops when the gradient is below 1e-7.
    assert hazard_ratio(time, event, female).ratio == pytest.approx(fitter.hazard_ratios_["x"], rel=1e-5)


def test_reference_is_the_first_label_and_low_comes_before_high():
    time, event = [1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1]
    high = np.array([1, 1, 0, 1, 0, 0], bool)
    plain, named = hazard_ratio(time, event, high), hazard_ratio(time, event, np.where(high, "high", "low"))
    assert (named.reference, named.compared) == ("low", "high")
    assert named.ratio == plain.ratio
    assert plain.ratio > 1  # those with high risk die first
    assert hazard_ratio(time, event, ~high).ratio == pytest.approx(1 / plain.ratio, rel=1e-10)


def test_two_patients_at_each_time_by_hand():
    # One death in either group while both patients of the other live: the likelihood is symmetric, so the ratio is 1.
    ours = hazard_ratio([1, 1, 2, 2], [1, 1, 0, 0], [0, 1, 0, 1])
    assert ours.ratio == pytest.approx(1.0, abs=1e-12)
    # Efron's information at 1: two terms of share 1/2, each 1/4.
    assert ours.std_err == pytest.approx(math.sqrt(1 / (0.25 + 0.25)), rel=1e-12)


@pytest.mark.parametrize(
    ("time", "event", "group"),
    [
        ([1.0], [1], [0]),
        ([1, 2, 3], [1, 1, 1], [0, 1, 2]),
        ([1, 2, 3, 4], [0, 0, 0, 0], [0, 1, 0, 1]),
        ([1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 0, 0]),
        ([1, 2, 3, 4], [1, 1, 1, 1], [1, 1, 0, 0]),
        ([1, 2, 3, 4], [0, 0, 1, 1], [1, 1, 0, 0]),
    ],
    ids=["one patient", "three groups", "no death", "no death in one", "all of one before the other", "never together"],
)
def test_refuses_where_no_finite_ratio_exists(time, event, group):
    with pytest.raises(NotEnoughDataError):
        hazard_ratio(time, event, group)


def test_very_large_ratios_are_still_found():
    # 300 of one group die before all but one of the other; the estimate is large but finite.
    time = np.arange(1, 602, dtype=float)
    group = np.r_[np.zeros(1), np.ones(300), np.zeros(300)].astype(bool)
    ours = hazard_ratio(time, np.ones(601), group)
    assert 100 < ours.ratio < 1e6
    assert ours.low < ours.ratio < ours.high


@given(rows=rows_strategy, seed=st.integers(0, 2**32 - 1))
def test_row_order_and_units_do_not_matter_and_swapping_groups_inverts(rows, seed):
    time, event, group = (np.array(column) for column in zip(*rows, strict=True))
    order = np.random.default_rng(seed).permutation(time.size)
    try:
        here = hazard_ratio(time, event, group)
    except NotEnoughDataError:
        assume(False)
    there = hazard_ratio(30.4375 * time[order], event[order], ~group[order])
    assert there.log_ratio == pytest.approx(-here.log_ratio, rel=1e-9, abs=1e-9)
    assert there.p_value == pytest.approx(here.p_value, rel=1e-6)
    assert here.low <= here.ratio <= here.high


def test_labels_of_a_table_s_column_are_labels():
    import pandas as pd

    words = pd.Series(["low", "high"] * 3, dtype=object)
    ours = hazard_ratio([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1], words)
    assert (ours.reference, ours.compared) == ("low", "high")


@pytest.mark.parametrize("level", [0, 1, 2, -0.5, math.nan])
def test_an_impossible_level_is_refused(level):
    with pytest.raises(InputError, match="confidence level"):
        hazard_ratio([1, 2, 3, 4], [1, 1, 1, 1], [0, 1, 0, 1], level=level)


def test_left_truncation_is_that_of_the_model_with_covariates():
    generator = np.random.default_rng(3)
    time, group = np.ceil(generator.exponential(20, size=120)) + 1, generator.random(120) < 0.5
    entry, event = np.floor(time * generator.random(120) / 2), generator.random(120) < 0.7
    ours = hazard_ratio(time, event, group, entry=entry)
    model = cox_model(group[:, None], time, event, entry=entry)
    assert ours.log_ratio == pytest.approx(model.coefficients[0], rel=1e-9)
    assert ours.std_err == pytest.approx(model.std_errs[0], rel=1e-9)
    assert ours.log_ratio != hazard_ratio(time, event, group).log_ratio
