import numpy as np
import pytest

from survdash.errors import ClinicalError, InputError, NotEnoughDataError
from survdash.statistics import (
    compare_methods,
    compare_paired,
    concordance,
    concordance_interval,
    concordance_uno,
    holm,
    uno_interval,
)
from survdash.statistics.bootstrap import concordance_draws
from survdash.statistics.inputs import check_survival
from survdash.statistics.pair_draws import make_parts, weigh
from survdash.statistics.resampling import multiplicities


@pytest.fixture
def cohort():
    generator = np.random.default_rng(3)
    risk = generator.normal(size=240).round(1)
    time = np.ceil(generator.exponential(np.exp(3.5 - risk)))
    event = generator.random(240) < 0.5
    return risk, time, event, np.arange(240) % 4


def test_weighted_pairs_equal_the_cohort_drawn_out_in_full(cohort):
    risk, time, event, _ = cohort
    data = check_survival(time, event)
    part = make_parts([risk], data, None)[0]
    counts = next(iter(multiplicities(time.size, np.random.default_rng(0), resamples=5)))
    found = weigh(part.credits(), counts[:, part.deaths], counts)[0]
    for row, value in zip(counts.astype(int), found, strict=True):
        drawn = np.repeat(np.arange(time.size), row)
        assert value == pytest.approx(concordance(risk[drawn], time[drawn], event[drawn]), rel=1e-12)


def test_value_is_harrell_s_c_pooled_or_as_mean_over_folds(cohort):
    risk, time, event, fold = cohort
    pooled, low, high = concordance_interval(risk, time, event, resamples=200)
    assert pooled == pytest.approx(concordance(risk, time, event), rel=1e-12)
    assert low < pooled < high
    mean, _, _ = concordance_interval(risk, time, event, fold, resamples=50)
    each = [concordance(risk[fold == k], time[fold == k], event[fold == k]) for k in range(4)]
    assert mean == pytest.approx(np.mean(each), rel=1e-12)


def test_shifting_one_fold_changes_the_pooled_value_only(cohort):
    risk, time, event, fold = cohort
    shifted = np.where(fold == 1, risk + 100, risk)
    assert concordance_interval(shifted, time, event, fold, resamples=100) == concordance_interval(
        risk, time, event, fold, resamples=100
    )
    assert concordance_interval(shifted, time, event, resamples=10)[0] != pytest.approx(concordance(risk, time, event))


@pytest.mark.parametrize("key", ["blca/MCAT/raw", "gbmlgg/MCAT/raw", "lung/age", "hohnloser/EF"])
def test_width_agrees_with_r_s_jackknife(entry_by_id, key):
    entry = entry_by_id(key)
    value, low, high = concordance_interval(entry.risk, entry.time, entry.event, resamples=1000)
    assert value == pytest.approx(entry.answer["concordance"]["c_index"], rel=1e-12)
    # 1000 draws know a quantile to about 5 % of the width; drawing deaths and censored apart narrows it a little.
    assert high - low == pytest.approx(2 * 1.96 * entry.answer["concordance"]["std"], rel=0.15)


def test_same_seed_same_interval(cohort):
    risk, time, event, fold = cohort
    first = concordance_interval(risk, time, event, fold, resamples=100, seed=5)
    assert first == concordance_interval(risk, time, event, fold, resamples=100, seed=5)
    assert first[1:] != concordance_interval(risk, time, event, fold, resamples=100, seed=6)[1:]


def test_a_better_risk_is_seen_and_equal_risks_are_not(cohort):
    risk, time, event, fold = cohort
    noise = np.random.default_rng(0).normal(size=risk.size)
    better = compare_paired(risk, noise, time, event, fold)
    assert better.low > 0
    assert better.p_value == pytest.approx(2 / 2001)  # no draw on the other side
    same = compare_paired(risk, 2 * risk + 1, time, event, fold)
    assert (same.difference, same.low, same.high, same.p_value) == (0.0, 0.0, 0.0, 1.0)
    turned = compare_paired(noise, risk, time, event, fold)
    assert turned.difference == pytest.approx(-better.difference)
    assert turned.high == pytest.approx(-better.low)


def test_pairing_is_used(cohort):
    # Two nearly equal risks: each interval is wide, their difference is known well.
    risk, time, event, _ = cohort
    near = risk + np.random.default_rng(1).normal(size=risk.size) * 0.05
    difference = compare_paired(risk, near, time, event, resamples=500)
    _, low, high = concordance_interval(risk, time, event, resamples=500)
    assert difference.high - difference.low < 0.3 * (high - low)


def test_draws_are_of_the_same_patients_for_every_risk(cohort):
    risk, time, event, fold = cohort
    noise = np.random.default_rng(0).normal(size=risk.size)
    values, draws = concordance_draws([risk, noise, risk, -noise], time, event, fold, resamples=50)
    assert draws.shape == (4, 50)
    np.testing.assert_array_equal(draws[0], draws[2])
    assert draws[0].std() > 0
    # Turned round, without ties, each pair counts for the other side.
    np.testing.assert_allclose(draws[1] + draws[3], 1, rtol=1e-12)
    pair = compare_paired(risk, noise, time, event, fold, resamples=50)
    assert pair.difference == values[0] - values[1]
    assert pair.low == pytest.approx(np.quantile(draws[0] - draws[1], 0.025), rel=1e-9)  # 1 - 0.95 is rounded
    with pytest.raises(InputError, match="0 risks"):
        concordance_draws([], time, event)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    # Exponential times at rate exp(risk), risk normal: c = P(the higher risk dies first), by two million pairs.
    generator = np.random.default_rng(0)
    gap = np.abs(generator.normal(size=2_000_000) * np.sqrt(2))
    truth = float((1 / (1 + np.exp(-gap))).mean())
    covered = 0
    for seed in range(120):
        risk = generator.normal(size=100)
        time = generator.exponential(np.exp(-risk))
        _, low, high = concordance_interval(risk, time, np.ones(100), resamples=200, seed=seed)
        covered += low <= truth <= high
    assert covered / 120 > 0.88  # 95 % nominal; 120 repeats have a standard error of 2 points


def test_refuses_a_fold_without_pairs_by_name(cohort):
    risk, time, event, fold = cohort
    event = event & (fold != 2)
    with pytest.raises(NotEnoughDataError, match="fold 2"):
        concordance_interval(risk, time, event, fold)
    with pytest.raises(NotEnoughDataError):
        concordance_interval([1.0], [1.0], [1])
    with pytest.raises(ClinicalError):
        compare_paired(risk, risk[:-1], time, event)
    for settings in ({"resamples": 0}, {"level": 1.0}):
        with pytest.raises(InputError):
            concordance_interval(risk, time, event, **settings)


def test_constant_risk_is_chance_and_certain_of_it():
    assert concordance_interval(np.zeros(20), np.arange(1, 21), np.ones(20), resamples=50) == (0.5, 0.5, 0.5)


def test_draws_without_a_comparable_pair_are_left_out():
    value, low, high = concordance_interval([2.0, 1.0, 0.0], [1.0, 2.0, 3.0], [1, 1, 0], resamples=200)
    assert (value, low, high) == (1.0, 1.0, 1.0)


def test_a_negative_seed_is_refused_in_words():
    columns = ([0.3, 0.2, 0.1], [1, 2, 3], [1, 1, 1])
    with pytest.raises(InputError, match="seed of -1"):
        concordance_interval(*columns, seed=-1)
    with pytest.raises(InputError, match="seed of -1"):
        compare_paired(columns[0], *columns, seed=-1)


def test_any_number_of_methods_agrees_with_two_and_is_corrected_by_holm(cohort):
    risk, time, event, fold = cohort
    noise = np.random.default_rng(1).normal(size=(2, risk.size))
    methods = {"a": risk, "b": risk + noise[0], "c": noise[1]}
    found = compare_methods(methods, time, event, fold, resamples=300, seed=4)
    assert [(pair.first, pair.second) for pair in found.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    for pair in found.pairs:
        alone = compare_paired(methods[pair.first], methods[pair.second], time, event, fold, resamples=300, seed=4)
        assert (pair.difference, pair.low, pair.high) == pytest.approx((alone.difference, alone.low, alone.high))
        assert pair.p_value == pytest.approx(alone.p_value)
    np.testing.assert_allclose([p.p_holm for p in found.pairs], holm([p.p_value for p in found.pairs]))
    assert found.pairs[1].better == "a"
    value, low, high = concordance_interval(risk, time, event, fold, resamples=300, seed=4)
    assert (found.values[0], found.low[0], found.high[0]) == pytest.approx((value, low, high))


def test_a_reference_makes_fewer_tests_and_its_name_must_be_known(cohort):
    risk, time, event, _ = cohort
    methods = {"a": risk, "b": -risk, "c": risk**2}
    found = compare_methods(methods, time, event, reference="b", resamples=20)
    assert [(pair.first, pair.second) for pair in found.pairs] == [("a", "b"), ("b", "c")]
    for bad in ({"reference": "d"}, {}):
        with pytest.raises(InputError):
            compare_methods({"a": risk} if not bad else methods, time, event, **bad)


def test_many_patients_need_no_draws_and_agree_with_them(cohort, monkeypatch):
    risk, time, event, _ = cohort
    other = risk + np.random.default_rng(0).normal(size=risk.size)
    drawn = compare_methods({"a": risk, "b": other}, time, event, resamples=2000)
    uno = uno_interval(risk, time, event, tau=60, resamples=2000)
    monkeypatch.setattr("survdash.statistics.pair_draws.MAX_PAIRS", 10)
    normal = compare_methods({"a": risk, "b": other}, time, event)
    assert (drawn.resamples, normal.resamples) == (2000, 0)
    np.testing.assert_array_equal(normal.values, drawn.values)
    # Two estimates of one width at 240 patients: within a tenth of it.
    width = drawn.high - drawn.low
    np.testing.assert_allclose(normal.low, drawn.low, atol=0.1 * width.max())
    pair, other_pair = normal.pairs[0], drawn.pairs[0]
    assert pair.low == pytest.approx(other_pair.low, abs=0.15 * (other_pair.high - other_pair.low))
    assert uno_interval(risk, time, event, tau=60)[1] == pytest.approx(uno[1], abs=0.1 * (uno[2] - uno[1]))
    assert compare_paired(risk, risk, time, event).p_value == 1.0


def test_uno_s_interval_holds_uno_s_value_and_censoring_is_drawn_too(cohort):
    risk, time, event, _ = cohort
    value, low, high = uno_interval(risk, time, event, tau=60, resamples=300)
    wanted = concordance_uno(risk, time, event, train_time=time, train_event=event, tau=60)
    assert value == pytest.approx(wanted, rel=1e-12)
    assert low < value < high
    # A single draw is Uno's c of the patients drawn.
    counts = next(multiplicities(time.size, np.random.default_rng(7), resamples=1, width=4))[0].astype(int)
    order = np.argsort(time, kind="stable")
    drawn = np.repeat(order, counts)
    again = concordance_uno(
        risk[drawn], time[drawn], event[drawn], train_time=time[drawn], train_event=event[drawn], tau=60
    )
    once = uno_interval(risk, time, event, tau=60, resamples=1, seed=7)
    assert once[1] == pytest.approx(again, rel=1e-5)  # float32 weights in the draws
