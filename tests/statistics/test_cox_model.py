import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics import cox_model, hazard_ratio, logrank


@pytest.fixture
def cohort():
    generator = np.random.default_rng(2)
    x = generator.normal(size=(300, 3)) * [1, 10, 0.01] + [0, 60, 5]
    time = np.ceil(generator.exponential(30 * np.exp(-0.5 * x[:, 0] - 0.03 * (x[:, 1] - 60))))
    return x, time, generator.random(300) < 0.7


def test_agrees_with_lifelines_on_ties(cohort):
    import pandas as pd
    from lifelines import CoxPHFitter

    x, time, event = cohort
    table = pd.DataFrame(x, columns=["a", "b", "c"]).assign(time=time, event=event)
    theirs = CoxPHFitter().fit(table, "time", "event", fit_options={"precision": 1e-12})
    ours = cox_model(x, time, event, names=["a", "b", "c"])
    # lifelines stops on a decrement of 1e-12: half of its digits.
    np.testing.assert_allclose(ours.coefficients, theirs.params_, rtol=1e-5)
    np.testing.assert_allclose(ours.std_errs, theirs.standard_errors_, rtol=1e-5)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood_, rel=1e-10)


def test_one_two_valued_column_is_the_hazard_ratio_and_its_score_test_the_logrank_without_ties():
    generator = np.random.default_rng(0)
    time, event, high = np.arange(1.0, 81), generator.random(80) < 0.6, generator.random(80) < 0.5
    ours, plain = cox_model(high[:, None], time, event), hazard_ratio(time, event, high)
    assert ours.ratios[0] == pytest.approx(plain.ratio, rel=1e-9)
    assert (ours.low[0], ours.high[0]) == pytest.approx((plain.low, plain.high), rel=1e-9)
    assert ours.score_statistic == pytest.approx(logrank(time, event, high).statistic, rel=1e-10)


def test_predicted_survival_falls_and_is_worse_for_higher_risk(cohort):
    x, time, event = cohort
    model = cox_model(x, time, event)
    found = model.survival([[-1, 60, 5], [1, 60, 5]], [0, 5, 20, 1e6])
    assert (found[:, 0] == 1).all()
    assert (np.diff(found, axis=1) <= 0).all()
    assert (found[0, 1:] > found[1, 1:]).all()
    with pytest.raises(InputError):
        model.survival([[1, 2]], [1])


def test_without_truncation_entry_times_of_zero_change_nothing(cohort):
    x, time, event = cohort
    np.testing.assert_allclose(
        cox_model(x, time, event, entry=np.zeros(300)).coefficients, cox_model(x, time, event).coefficients, rtol=1e-9
    )


@given(
    rows=st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.integers(-3, 3)), min_size=6, max_size=40),
    seed=st.integers(0, 1000),
)
def test_row_order_and_units_do_not_matter(rows, seed):
    time, event, x = (np.array(column) for column in zip(*rows, strict=True))
    order = np.random.default_rng(seed).permutation(time.size)
    try:
        here = cox_model(x[:, None], time, event)
    except NotEnoughDataError:
        assume(False)
    there = cox_model(7.0 * x[order, None] - 100, 2.5 * time[order], event[order])
    np.testing.assert_allclose(7 * there.coefficients, here.coefficients, rtol=1e-6, atol=1e-8)
    assert there.likelihood_ratio == pytest.approx(here.likelihood_ratio, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([[1], [1], [1], [1]], "same risk"),
        ([[4], [3], [2], [1]], "no finite estimate"),
        ([[1, 2], [2, 4], [5, 10], [3, 6]], "follows from the others"),
    ],
    ids=["constant", "perfect", "collinear"],
)
def test_refuses_by_name_what_has_no_estimate(columns, words):
    names = ["risk", "twice"][: len(columns[0])]
    with pytest.raises(NotEnoughDataError, match=words):
        cox_model(columns, [1, 2, 3, 4], [1, 1, 1, 1], names=names)


def test_refuses_impossible_input():
    with pytest.raises(InputError, match="shape"):
        cox_model([1, 2], [1, 2], [1, 1])
    with pytest.raises(InputError, match="finite"):
        cox_model([[1.0], [np.nan]], [1, 2], [1, 1])
    with pytest.raises(InputError, match="names"):
        cox_model([[1.0], [2.0]], [1, 2], [1, 1], names=["a", "b"])
    with pytest.raises(NotEnoughDataError, match="No death"):
        cox_model([[1.0], [2.0]], [1, 2], [0, 0])
    with pytest.raises(NotEnoughDataError):
        cox_model([[1.0]], [1], [1])  # one patient
