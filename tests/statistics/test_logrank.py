import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from survdash.errors import ClinicalError, NotEnoughDataError
from survdash.statistics import logrank

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
