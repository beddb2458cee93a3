import time as clock

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from survdash.case import Survival
from survdash.errors import ClinicalError, InputError, NotEnoughDataError
from survdash.statistics import held_out_groups, logrank, maxstat
from survdash.statistics.cutpoint import logrank_scores, scan_cuts

rows_strategy = st.lists(st.tuples(st.integers(1, 30), st.booleans(), st.integers(0, 15)), min_size=5, max_size=60)


def test_same_seed_same_permutations(entry_by_id):
    entry = entry_by_id("hohnloser/EF")
    cut = maxstat(entry.risk, entry.time, entry.event)
    assert cut.p_conditional(500, 3) == cut.p_conditional(500, 3)
    assert cut.p_conditional(500, 3) != cut.p_conditional(500, 4)
    with pytest.raises(InputError):
        cut.p_conditional(0, 1)


def test_a_cohort_is_cut_while_a_page_loads(entry_by_id):
    entry = entry_by_id("blca/MCAT/raw")
    maxstat(entry.risk, entry.time, entry.event).p_exact_gauss  # the quadrature's nodes are made once  # noqa: B018
    start = clock.process_time()
    cut = maxstat(entry.risk, entry.time, entry.event)
    assert cut.p_exact_gauss + cut.p_lau92 + cut.p_lau94 > 0
    assert clock.process_time() - start < 0.25  # about 0.04 s alone; the room is for a loaded machine


def test_scores_of_tied_times_follow_r_and_not_nelson_aalen(entry_by_id):
    entry = entry_by_id("lung/age")
    scores = logrank_scores(Survival(time_months=entry.time, event=entry.event))
    assert scores.sum() == pytest.approx(-0.548, abs=5e-4)  # printed in the description of R's computation
    distinct = logrank_scores(Survival(time_months=np.arange(1, 9.0), event=np.array([1, 0, 1, 1, 0, 1, 0, 1])))
    assert distinct.sum() == pytest.approx(0, abs=1e-12)  # without ties: martingale residuals


def test_first_of_equal_statistics_wins():
    # Symmetric scores over symmetric sizes: cuts after the first and after the third patient are equally good.
    cut = scan_cuts(np.arange(4.0), np.array([1.0, 0.0, 0.0, -1.0]), minprop=0.2, maxprop=0.8)
    assert cut.standardised[0] == pytest.approx(cut.standardised[-1])
    assert cut.sizes.tolist() == [1, 2, 3]


def test_bounds_zero_and_one_lose_the_last_cut_as_in_r():
    cut = scan_cuts(np.arange(5.0), np.array([1.0, 0.0, 2.0, 0.0, -1.0]), minprop=0, maxprop=1)
    assert cut.sizes.tolist() == [1, 2, 3]
    assert np.isnan(cut.p_lau92)


@pytest.mark.parametrize("risk", [[1.0] * 20, [0.0] + [1.0] * 19], ids=["constant", "one patient apart"])
def test_flat_risk_has_no_cutpoint(risk):
    with pytest.raises(NotEnoughDataError, match="no cutpoint"):
        maxstat(risk, np.arange(1, 21), np.ones(20))


@pytest.mark.parametrize(("time", "event"), [([1.0], [1]), ([1, 2, 3], [0, 0, 0]), ([2, 2, 2], [1, 1, 1])])
def test_refuses_where_no_cut_is_better_than_another(time, event):
    with pytest.raises(NotEnoughDataError):
        maxstat(np.arange(len(time), dtype=float), time, event)


def test_refuses_impossible_input():
    with pytest.raises(InputError):
        maxstat([1, 2], [1, 2], [1, 1], minprop=0.9, maxprop=0.1)
    with pytest.raises(ClinicalError):
        maxstat([1, np.nan], [1, 2], [1, 1])


@given(rows=rows_strategy, seed=st.integers(0, 2**32 - 1))
def test_row_order_units_and_rising_functions_of_risk_do_not_matter(rows, seed):
    time, event, risk = (np.array(column, float) for column in zip(*rows, strict=True))
    order = np.random.default_rng(seed).permutation(time.size)
    try:
        here = maxstat(risk, time, event)
    except NotEnoughDataError:
        assume(False)
    there = maxstat(3 * risk[order] - 5, 12.0 * time[order], event[order])
    np.testing.assert_allclose(there.standardised, here.standardised, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(there.candidates, 3 * here.candidates - 5)
    assert 0 <= here.p_exact_gauss <= 1 + 1e-9
    assert 0 <= here.p_hl <= 1


@given(rows=rows_strategy)
def test_more_candidates_never_make_it_more_surprising(rows):
    time, event, risk = (np.array(column, float) for column in zip(*rows, strict=True))
    try:
        cut = maxstat(risk, time, event)
    except NotEnoughDataError:
        assume(False)
    from scipy.special import ndtr

    single = 2 * ndtr(-cut.statistic)
    # Between one candidate's p-value and Bonferroni's bound.
    assert single - 1e-12 <= cut.p_exact_gauss <= single * cut.sizes.size + 1e-9


def test_under_the_null_the_corrected_p_value_keeps_its_level_and_the_naive_one_does_not():
    generator = np.random.default_rng(7)
    corrected, naive = [], []
    for _ in range(300):
        time, event, risk = generator.exponential(20, 100), generator.random(100) < 0.6, generator.normal(size=100)
        cut = maxstat(risk, time, event)
        corrected.append(cut.p_exact_gauss)
        naive.append(logrank(time, event, risk > cut.cutpoint).p_value)
    # 300 draws at 5 %: standard error 1.3 points; conservative in small samples, never far above.
    assert np.mean(np.array(corrected) < 0.05) < 0.09
    assert np.mean(np.array(naive) < 0.05) > 0.2


def test_held_out_groups_use_the_other_folds_only():
    generator = np.random.default_rng(0)
    risk, fold = generator.normal(size=200), np.repeat(np.arange(4), 50)
    time = generator.exponential(np.exp(3 - risk))
    event = generator.random(200) < 0.7
    high = held_out_groups(risk, time, event, fold)
    rest = fold != 2
    cut = maxstat(risk[rest], time[rest], event[rest]).cutpoint
    np.testing.assert_array_equal(high[~rest], risk[~rest] > cut)
    changed = time.copy()
    changed[~rest] = generator.exponential(20, 50)  # what happened to fold 2 has no say in its groups
    np.testing.assert_array_equal(held_out_groups(risk, changed, event, fold)[~rest], high[~rest])
    median = held_out_groups(risk, time, event, fold, cut="median")
    np.testing.assert_array_equal(median[~rest], risk[~rest] > np.median(risk[rest]))


def test_held_out_groups_refuse_one_fold_and_flat_risks():
    time, event = np.arange(1, 21), np.ones(20)
    with pytest.raises(NotEnoughDataError, match="two folds"):
        held_out_groups(np.arange(20.0), time, event, np.zeros(20))
    with pytest.raises(NotEnoughDataError, match="no cutpoint"):
        held_out_groups(np.zeros(20), time, event, np.arange(20) % 2)
    with pytest.raises(InputError):
        held_out_groups(np.arange(20.0), time, event, np.arange(20) % 2, cut="mean")


def test_a_negative_seed_is_refused_in_words():
    found = maxstat(np.arange(20), np.arange(20, 0, -1), np.ones(20))
    with pytest.raises(InputError, match="seed of -1"):
        found.p_conditional(10, seed=-1)
