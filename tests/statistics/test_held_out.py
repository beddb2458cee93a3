import numpy as np
import pytest

from survdash.errors import NotEnoughDataError
from survdash.statistics import held_out_groups, held_out_test, logrank


@pytest.fixture
def cohort():
    generator = np.random.default_rng(0)
    risk = generator.normal(size=150).round(1)  # ties
    time = np.ceil(generator.exponential(30 * np.exp(-risk)))
    return risk, time, generator.random(150) < 0.6, np.arange(150) % 5


def test_groups_and_statistic_are_those_of_the_plain_functions(cohort):
    found = held_out_test(*cohort, resamples=20)
    high = held_out_groups(*cohort)
    np.testing.assert_array_equal(found.high, high)
    assert found.statistic == pytest.approx(logrank(cohort[1], cohort[2], high).statistic, rel=1e-10)


def test_a_real_risk_is_seen_and_the_seed_decides(cohort):
    found = held_out_test(*cohort, resamples=199, seed=3)
    assert found.p_value == 1 / 200
    _, time, event, fold = cohort
    noise = np.random.default_rng(1).normal(size=150)
    one, two = (held_out_test(noise, time, event, fold, resamples=99, seed=s).p_value for s in (1, 1))
    assert one == two


def test_in_blocks_the_same_permutations_count(cohort, monkeypatch):
    _, time, event, fold = cohort
    noise = np.random.default_rng(1).normal(size=150)
    whole = held_out_test(noise, time, event, fold, resamples=300).p_value
    monkeypatch.setattr("survdash.statistics.held_out.BLOCK", 5000)
    # Another order of the draws: two shares of 300, each with a standard error of at most 0.03.
    assert held_out_test(noise, time, event, fold, resamples=300).p_value == pytest.approx(whole, abs=0.12)


def test_refusals(cohort):
    risk, time, event, _ = cohort
    with pytest.raises(NotEnoughDataError, match="two folds"):
        held_out_test(risk, time, event, np.zeros(150))
    with pytest.raises(NotEnoughDataError, match="cutpoint"):
        held_out_test(np.ones(150), time, event, np.arange(150) % 3)
    with pytest.raises(NotEnoughDataError, match="No death"):
        held_out_test(risk, time, np.arange(150) == 0, np.arange(150) % 3)
