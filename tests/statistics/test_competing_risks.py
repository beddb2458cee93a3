import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.errors import ClinicalError
from survdash.statistics import cumulative_incidence, kaplan_meier

rows_strategy = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 3)), min_size=1, max_size=40)


def test_by_hand():
    # Of four, cause 1 at 1, censored at 2, cause 2 at 3: 1/4, then 3/4 * 1/2.
    found = cumulative_incidence([1, 2, 3, 4], [1, 0, 2, 0])
    assert found.causes == (1, 2)
    np.testing.assert_allclose(found.incidence[0], [0.25] * 4)
    np.testing.assert_allclose(found.incidence[1], [0, 0, 0.375, 0.375])
    assert found.std_err[0, 0] == pytest.approx(np.sqrt(0.25 * 0.75 / 4))
    np.testing.assert_allclose(found.at([0, 1, 9]), [[0, 0.25, np.nan], [0, 0, np.nan]])


@given(rows=rows_strategy)
def test_causes_and_survival_add_up_to_one(rows):
    time, cause = (np.array(column) for column in zip(*rows, strict=True))
    found = cumulative_incidence(time, cause)
    survival = kaplan_meier(time, cause > 0).survival
    np.testing.assert_allclose(found.incidence.sum(axis=0) + survival, 1, atol=1e-12)
    known = np.isfinite(found.low)
    assert (found.low[known] <= found.incidence[known] + 1e-12).all()
    assert (found.high[known] >= found.incidence[known] - 1e-12).all()


def test_a_single_cause_is_kaplan_meier_with_greenwood_s_error():
    generator = np.random.default_rng(0)
    time, event = generator.integers(1, 30, size=80), generator.random(80) < 0.6
    entry = np.where(generator.random(80) < 0.3, 0.5, 0)
    ours = cumulative_incidence(time, event.astype(int), entry=entry)
    km = kaplan_meier(time, event, entry=entry)
    np.testing.assert_allclose(ours.incidence[0], 1 - km.survival, atol=1e-12)
    np.testing.assert_allclose(ours.std_err[0], km.std_err, rtol=1e-8, atol=1e-12)


def test_agrees_with_lifelines_without_ties():
    from lifelines import AalenJohansenFitter

    time = np.arange(1.0, 61)
    cause = np.random.default_rng(1).integers(0, 3, size=60)
    theirs = AalenJohansenFitter(calculate_variance=False).fit(time, cause, event_of_interest=2)
    ours = cumulative_incidence(time, cause).at(theirs.cumulative_density_.index)[1]
    np.testing.assert_allclose(ours, theirs.cumulative_density_.iloc[:, 0], atol=1e-12)


def test_nobody_dies():
    found = cumulative_incidence([1, 2], [0, 0])
    assert found.causes == ()
    assert found.incidence.shape == (0, 2)


@pytest.mark.parametrize("cause", [[1, -1], [1, 0.5], [1, np.nan]])
def test_refuses_impossible_causes(cause):
    with pytest.raises(ClinicalError, match="Causes"):
        cumulative_incidence([1, 2], cause)
