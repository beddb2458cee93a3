import itertools

import numpy as np
import pytest

from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics import (
    cut_p_values,
    cutpoint_stability,
    held_out_test,
    logrank,
    maxstat,
    maxstat_two_cuts,
)
from survdash.statistics.cutpoint import logrank_scores
from survdash.statistics.inputs import check_survival


@pytest.fixture
def cohort():
    generator = np.random.default_rng(0)
    risk = generator.normal(size=160)
    time = generator.exponential(np.exp(-1.2 * (risk > 0.3)))
    return risk, time, generator.random(160) < 0.7


def test_the_three_p_values_are_those_of_the_functions(cohort):
    risk, time, event = cohort
    fold = np.arange(160) % 5
    found = cut_p_values(risk, time, event, fold, resamples=99, seed=2)
    cut = maxstat(risk, time, event)
    assert found.cut.cutpoint == cut.cutpoint
    assert found.naive == logrank(time, event, risk > cut.cutpoint).p_value
    assert found.corrected == cut.p_exact_gauss
    assert found.held_out == held_out_test(risk, time, event, fold, resamples=99, seed=2).p_value
    assert found.naive < found.corrected
    assert found.notes == ()


def test_small_groups_have_no_logrank_p_value_but_a_note(cohort):
    risk, time = cohort[0][:60], np.random.default_rng(2).exponential(size=60)
    time = np.where(risk >= np.sort(risk)[-7], time / 1000, time + 1)
    found = cut_p_values(risk, time, (time < 1) | (np.arange(60) % 5 == 0))
    assert found.cut.n_high == 7
    assert np.isnan(found.naive)
    assert "fewer than 10" in found.notes[0]
    assert np.isnan(found.held_out)
    assert found.held_out_high is None


def test_folds_that_cannot_be_cut_are_noted(cohort):
    found = cut_p_values(*cohort, np.zeros(160))
    assert np.isnan(found.held_out)
    assert "two folds" in found.notes[0]


def test_a_clear_step_is_found_again_and_noise_is_not(cohort):
    risk, time, event = cohort
    found = cutpoint_stability(risk, time, event, resamples=200)
    assert found.cutpoint == maxstat(risk, time, event).cutpoint
    assert found.low <= found.cutpoint <= found.high
    assert found.failed == 0
    assert found.agreement[np.argmin(risk)] == found.agreement[np.argmax(risk)] == 1
    noise = np.random.default_rng(5).normal(size=160)
    other = cutpoint_stability(noise, time, event, resamples=200)
    assert other.agreement.mean() < found.agreement.mean()


def test_agreement_is_counted_draw_by_draw(cohort):
    risk, time, event = cohort
    found = cutpoint_stability(risk, time, event, resamples=50)
    same = (risk[:, None] <= found.cutpoints) == (risk[:, None] <= found.cutpoint)
    np.testing.assert_allclose(found.agreement, same.mean(axis=1), atol=1e-12)


def test_two_cuts_are_the_best_of_all_pairs(cohort):
    risk, time, event = (part[:40] for part in cohort)
    found = maxstat_two_cuts(risk, time, event, minprop=0.2, resamples=99)
    scores = logrank_scores(check_survival(time, event))
    scores = scores - scores.mean()
    best = 0.0
    for a, b in itertools.combinations(np.sort(risk), 2):
        groups = [risk <= a, (risk > a) & (risk <= b), risk > b]
        if min(mine.sum() for mine in groups) >= 8:
            value = 39 / (scores @ scores) * sum(scores[mine].sum() ** 2 / mine.sum() for mine in groups)
            best = max(best, value)
    assert found.statistic == pytest.approx(best, rel=1e-10)
    a, b = found.cutpoints
    assert found.sizes == ((risk <= a).sum(), ((risk > a) & (risk <= b)).sum(), (risk > b).sum())
    assert found.naive < found.corrected <= 1


def test_two_cuts_find_an_effect_and_many_candidates_are_thinned(cohort):
    found = maxstat_two_cuts(*cohort, resamples=199)
    assert found.corrected == 1 / 200
    assert found.candidates == 80


def test_refusals(cohort):
    risk, time, event = cohort
    with pytest.raises(InputError):
        maxstat_two_cuts(risk, time, event, minprop=0.4)
    with pytest.raises(NotEnoughDataError, match="three groups"):
        maxstat_two_cuts(risk > 0, time, event)
    with pytest.raises(NotEnoughDataError, match="No death"):
        maxstat_two_cuts(risk, time, np.zeros(160))
    with pytest.raises(NotEnoughDataError):
        cutpoint_stability(np.ones(160), time, event)


def test_groups_never_at_risk_together_have_no_naive_p_value():
    # All of the high group are censored before the low group dies.
    risk = np.arange(40.0)
    found = cut_p_values(risk, np.where(risk >= 20, 1.0, 30.0), risk < 20)
    assert found.cut.cutpoint == 19
    assert "no naive p-value" in found.notes[0]
