import time as clock

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from survdash.case import Survival
from survdash.errors import ClinicalError, InputError, NotEnoughDataError
from survdash.statistics import held_out_groups, logrank, maxstat
from survdash.statistics.cutpoint import logrank_scores, scan_cuts
from survdash.statistics.cutpoint_pvalues import integer_scores

rows_strategy = st.lists(st.tuples(st.integers(1, 30), st.booleans(), st.integers(0, 15)), min_size=5, max_size=60)


def scores_of(entry):
    r = entry.answer["maxstat"]
    if r["smethod"] == "LogRank":
        return logrank_scores(Survival(time_months=entry.time, event=entry.event))
    if r["smethod"] == "Data":
        return entry.time
    ordered = np.sort(entry.time)  # Wilcoxon: mid-ranks
    return (np.searchsorted(ordered, entry.time, "left") + np.searchsorted(ordered, entry.time, "right") + 1) / 2


def scan(entry, scores=None):
    r = entry.answer["maxstat"]
    chosen = scores_of(entry) if scores is None else scores
    return scan_cuts(entry.risk, chosen, minprop=r["minprop"], maxprop=r["maxprop"])


def test_statistic_and_groups_are_r_s(cut_entry):
    ours, r = scan(cut_entry), cut_entry.answer["maxstat"]
    assert ours.statistic == pytest.approx(r["statistic"], rel=1e-10)  # a few hundred additions, one square root
    assert ours.cutpoint == r["cutpoint"]
    assert (ours.n_low, ours.n_high) == (r["n_low"], r["n_high"])
    assert (ours.candidates.size, ours.sizes[0], ours.sizes[-1]) == (r["n_candidates"], r["m_first"], r["m_last"])
    assert ours.scores.sum() == pytest.approx(r["scores_sum"], rel=1e-9, abs=1e-9)
    if r["runner_up_statistic"] is not None and r["n_candidates"] > 1:
        assert np.sort(ours.standardised)[-2] == pytest.approx(r["runner_up_statistic"], rel=1e-10)
    assert ours.n_low == (cut_entry.risk <= ours.cutpoint).sum()


def test_closed_p_values_are_r_s(cut_entry):
    ours, r = scan(cut_entry), cut_entry.answer["maxstat"]["p"]
    assert ours.p_lau92 == pytest.approx(r["Lau92"], rel=1e-9)
    # R's first term cancels below 1e-16, so a far tail agrees in absolute terms only; not capped, as R's is not.
    tail = {"abs": 1e-14} if ours.statistic >= 6 else {"rel": 1e-9}
    assert ours.p_lau94 == pytest.approx(r["Lau94"], **tail)


def test_quadrature_agrees_with_r_s_monte_carlo_and_the_reference_quadrature(cut_entry):
    ours, r = scan(cut_entry).p_exact_gauss, cut_entry.answer["maxstat"]["p"]
    assert ours == pytest.approx(r["exactGauss"], rel=0, abs=max(3 * (r["exactGauss_error"] or 0), 2e-3))  # R's error
    assert ours == pytest.approx(r["gauss_quadrature"], rel=1e-6)  # down to 1e-37


def test_hothorn_lausen_is_r_s(cut_entry):
    ours, r = scan(cut_entry), cut_entry.answer["maxstat"]["p"]
    if cut_entry.risk.size > 170:
        assert np.isnan(ours.p_hl)
        assert r["HL"] is None
    else:
        # R divides by n! where we divide by binomials: counts of 1e50, so nine digits.
        assert ours.p_hl == pytest.approx(r["HL"], rel=1e-9)
    rounded = scan(cut_entry, integer_scores(scores_of(cut_entry)))
    assert rounded.statistic == pytest.approx(r["HL_statistic_iscores"], rel=1e-10)
    assert rounded.cutpoint == r["HL_cutpoint_iscores"]


# 10,000 permutations of 57 entries would take minutes: the smallest and largest p, ties, few and one candidates.
@pytest.mark.parametrize(
    "key", ["lung/age", "veteran/karno", "hohnloser/EF", "blca/MCAT/raw", "blca/DeepSets/raw", "luad/SNN/fold_z"]
)
def test_permutations_agree_with_r_s(entry_by_id, key):
    entry = entry_by_id(key)
    r, ours = entry.answer["maxstat"]["p"], scan(entry).p_conditional(9999, 1)
    # Another generator: four standard errors of both counts, around the quadrature where R counted next to none.
    p = max(r["condMC"], r["gauss_quadrature"])
    assert ours == pytest.approx(r["condMC"], abs=4 * np.sqrt(2 * p * (1 - p) / 9999) + 2 / 9999)


def test_same_seed_same_permutations(entry_by_id):
    entry = entry_by_id("hohnloser/EF")
    cut = scan(entry)
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
