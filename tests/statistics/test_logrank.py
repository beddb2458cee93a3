import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from survdash.errors import ClinicalError, InputError, NotEnoughDataError
from survdash.statistics import logrank, logrank_trend, pairwise_logrank

rows_strategy = st.lists(st.tuples(st.integers(1, 20), st.booleans(), st.integers(0, 2)), min_size=2, max_size=40)


def test_four_groups_agree_with_lifelines_and_scikit_survival(reference_table):
    from lifelines.statistics import multivariate_logrank_test
    from sksurv.compare import compare_survival
    from sksurv.util import Surv

    veteran = reference_table("data_veteran.csv")
    time, event, cell = veteran["time"].to_numpy(), veteran["event"].to_numpy() == 1, veteran["celltype"].to_numpy(str)
    ours = logrank(time, event, cell)
    theirs = multivariate_logrank_test(time, cell, event)
    statistic, _ = compare_survival(Surv.from_arrays(event, time), cell)
    assert ours.statistic == pytest.approx(theirs.test_statistic, rel=1e-9)
    assert ours.statistic == pytest.approx(statistic, rel=1e-9)
    assert ours.p_value == pytest.approx(theirs.p_value, rel=1e-8)
    assert ours.degrees == 3
    # Printed in R's own example, survdiff(Surv(time, status) ~ celltype, veteran): chisq 25.4 on 3 df, p = 1e-05.
    assert ours.statistic == pytest.approx(25.4, abs=0.05)


def test_equal_groups_do_not_differ():
    ours = logrank([1, 2, 3, 1, 2, 3], [1, 1, 0, 1, 1, 0], list("aaabbb"))
    assert (ours.statistic, ours.p_value) == (0.0, 1.0)


def test_words_of_risk_come_in_their_order():
    assert logrank([1, 2, 3, 4], [1, 1, 1, 1], ["high", "low", "medium", "low"]).groups == ("low", "medium", "high")


def test_group_never_at_risk_at_a_death_costs_no_degree():
    ours = logrank([1, 5, 6, 7, 8], [0, 1, 1, 1, 1], list("cabab"))
    assert ours.degrees == 1
    assert ours.p_value == pytest.approx(logrank([5, 6, 7, 8], [1, 1, 1, 1], list("abab")).p_value, rel=1e-12)


@pytest.mark.parametrize(
    ("time", "event", "group"),
    [
        ([1.0], [1], [0]),
        ([1, 2, 3], [1, 1, 1], [0, 0, 0]),
        ([1, 2, 3], [0, 0, 0], [0, 1, 1]),
        ([1, 2, 3], [0, 1, 1], [0, 1, 1]),
    ],
    ids=["one patient", "one group", "no death", "never at risk together"],
)
def test_refuses_what_cannot_be_compared(time, event, group):
    with pytest.raises(NotEnoughDataError):
        logrank(time, event, group)


def test_refuses_missing_groups():
    with pytest.raises(ClinicalError, match="row 2"):
        logrank([1, 2], [1, 1], [0.0, np.nan])
    with pytest.raises(ClinicalError):
        logrank([1, 2], [1, 1], [0, 1, 1])


@given(rows=rows_strategy, seed=st.integers(0, 2**32 - 1))
def test_row_order_units_and_names_do_not_matter(rows, seed):
    time, event, group = (np.array(column) for column in zip(*rows, strict=True))
    order = np.random.default_rng(seed).permutation(time.size)
    try:
        here = logrank(time, event, group)
    except NotEnoughDataError:
        assume(False)
    there = logrank(30.4375 * time[order], event[order], np.array(["z", "k", "a"])[group[order]])
    assert there.statistic == pytest.approx(here.statistic, rel=1e-9, abs=1e-9)
    assert there.degrees == here.degrees
    assert here.observed.sum() == pytest.approx(here.expected.sum())


def test_strata_are_compared_apart_and_added_up():
    time, event, group = np.arange(1.0, 41), np.tile([1, 1, 0, 1], 10), np.arange(40) % 3 == 0
    layer = np.arange(40) % 2
    apart = [logrank(time[layer == k], event[layer == k], group[layer == k]) for k in (0, 1)]
    ours = logrank(time, event, group, strata=layer)
    gap = sum(part.observed[1] - part.expected[1] for part in apart)
    assert ours.statistic == pytest.approx(gap**2 / sum(part.variance[1, 1] for part in apart), rel=1e-10)
    assert ours.observed.tolist() == (apart[0].observed + apart[1].observed).tolist()


def test_a_trend_over_two_groups_is_the_logrank_test_and_scores_have_no_unit():
    time, event, group = np.arange(1.0, 31), np.tile([1, 0, 1], 10), np.arange(30) % 2
    assert logrank_trend(time, event, group).statistic == pytest.approx(logrank(time, event, group).statistic)
    three = np.arange(30) % 3
    plain, moved = logrank_trend(time, event, three), logrank_trend(time, event, three, scores=[10, 15, 20])
    assert moved.statistic == pytest.approx(plain.statistic, rel=1e-9)
    assert plain.degrees == 1
    for scores in ([1, 1, 1], [1, 2]):
        with pytest.raises(InputError):
            logrank_trend(time, event, three, scores=scores)


def test_late_entry_at_the_start_changes_nothing_and_late_patients_are_not_compared_before():
    time, event, group = np.arange(1.0, 21), np.ones(20), np.arange(20) % 2
    plain = logrank(time, event, group)
    assert logrank(time, event, group, entry=np.zeros(20)).statistic == plain.statistic
    late = logrank([1, 4, 5], [1, 1, 1], ["a", "b", "a"], entry=[0, 2, 0])
    assert late.expected.tolist() == [1 + 0.5 + 1, 0.5]  # alone at 1, one of two at 4
    with pytest.raises(ClinicalError, match="row 2"):
        logrank(time, event, group, entry=np.r_[0, 2, np.zeros(18)])


def test_pairs_are_corrected_and_small_groups_say_so():
    group = np.array(["a"] * 12 + ["b"] * 12 + ["c"] * 3)
    time = np.r_[np.arange(1, 13), np.arange(5, 17), 1:4]
    found = pairwise_logrank(time, np.ones(27), group)
    assert [pair.groups for pair in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found[0].p_value == found[0].p_holm == logrank(time[:24], np.ones(24), group[:24]).p_value
    assert all(np.isnan(pair.p_value) and "fewer than 10" in pair.note for pair in found[1:])
    nobody = pairwise_logrank(np.r_[1:21], np.zeros(20), np.arange(20) % 2)
    assert "No death" in nobody[0].note
    with pytest.raises(NotEnoughDataError):
        pairwise_logrank([1, 2], [1, 1], ["a", "a"])
