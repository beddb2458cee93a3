import itertools
import math

import numpy as np
import pytest
from scipy.special import ndtr

from survdash.statistics.cutpoint_pvalues import (
    conditional,
    exact_gauss,
    hothorn_lausen,
    integer_scores,
    lausen_1992,
    lausen_1994,
    moments,
)


def test_lausen_1992_by_hand():
    # b = 3, 10 % to 90 %: phi(3) = 0.00443185, 4 phi / b = 0.00590913, phi (b - 1/b) ln 81 = 0.05193484.
    assert lausen_1992(3.0, minprop=0.1, maxprop=0.9) == pytest.approx(0.00590913 + 0.05193484, abs=1e-6)
    assert lausen_1992(0.99, minprop=0.1, maxprop=0.9) == 1.0
    assert math.isnan(lausen_1992(3.0, minprop=0.0, maxprop=0.9))


def test_one_candidate_needs_no_correction():
    for p in (lausen_1994(1.96, np.array([5]), 10), exact_gauss(1.96, np.array([5]), 10)):
        assert p == pytest.approx(0.05, abs=1e-5)


def test_two_candidates_agree_with_the_bivariate_normal():
    from scipy.stats import multivariate_normal

    sizes, patients, b = np.array([30, 55]), 100, 2.1
    r = math.sqrt(30 * 45 / (55 * 70))
    inside = multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([b, b], lower_limit=[-b, -b])
    assert exact_gauss(b, sizes, patients) == pytest.approx(1 - inside, abs=1e-5)  # scipy's own integration error


@pytest.mark.parametrize("b", [0.5, 2.0, 4.0])
def test_quadrature_has_converged(b, monkeypatch):
    sizes = np.arange(100, 901)
    from survdash.statistics import cutpoint_pvalues

    ours = exact_gauss(b, sizes, 1000)
    half = cutpoint_pvalues._half_gauss
    monkeypatch.setattr(cutpoint_pvalues, "_half_gauss", lambda count: half(2 * count))
    assert ours == pytest.approx(exact_gauss(b, sizes, 1000), rel=1e-8)


@pytest.mark.parametrize(
    ("sizes", "nodes"),
    [(np.arange(200, 1801), 120), (np.array([200, 210, 700, 1500, 1790]), 60)],
    ids=["every size", "few sizes, for ties"],
)
def test_far_tail_by_its_boundary_layer_agrees_with_the_whole_chain(sizes, nodes, monkeypatch):
    from survdash.statistics import cutpoint_pvalues

    monkeypatch.setattr(cutpoint_pvalues, "FAR", 99.0)
    whole = exact_gauss(7.5, sizes, 2000)
    monkeypatch.setattr(cutpoint_pvalues, "FAR", 7.0)
    monkeypatch.setattr(cutpoint_pvalues, "NODES", nodes)  # forces the layer, which needs fewer nodes than that
    assert exact_gauss(7.5, sizes, 2000) == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("b", [3.0, 6.5, 8.0, 15.0, 25.0, 60.0])
def test_large_cohorts_have_a_p_value_too(b):
    sizes = np.arange(300, 2701)
    p = exact_gauss(b, sizes, 3000)
    assert 2 * ndtr(-b) <= p <= max(lausen_1994(b, sizes, 3000) * (1 + 1e-6), 1e-300)


def test_quadrature_agrees_with_simulated_bridges():
    generator = np.random.default_rng(0)
    patients, sizes = 60, np.arange(6, 55)
    steps = np.cumsum(generator.normal(size=(40_000, patients)), axis=1)
    bridge = steps[:, sizes - 1] - sizes / patients * steps[:, -1:]
    top = np.abs(bridge / np.sqrt(sizes * (patients - sizes) / patients)).max(axis=1)
    # 40,000 draws: standard error at most 0.0025.
    assert exact_gauss(2.5, sizes, patients) == pytest.approx((top > 2.5).mean(), abs=0.008)


def test_zero_statistic_is_no_surprise():
    assert exact_gauss(0.0, np.array([3, 5]), 10) == 1.0


def test_moments_are_those_of_all_permutations():
    scores = np.array([0.3, -1.0, 2.0, 0.7, 0.1])
    mean, deviation = moments(scores, np.array([2, 3]))
    for place, m in enumerate((2, 3)):
        sums = [sum(chosen) for chosen in itertools.combinations(scores, m)]
        assert mean[place] == pytest.approx(np.mean(sums))
        assert deviation[place] == pytest.approx(np.std(sums))


def test_permutations_agree_with_all_of_them():
    scores, sizes = np.array([3.0, -1.0, 0.5, 1.0, -2.0, 0.2, -0.4]), np.array([2, 3, 5])
    mean, deviation = moments(scores, sizes)
    top = [np.abs((np.cumsum(order)[sizes - 1] - mean) / deviation).max() for order in itertools.permutations(scores)]
    b = float(np.quantile(top, 0.8))
    exact = np.mean(np.array(top) >= b - 1e-12)
    ours = conditional(scores, sizes, b, resamples=20_000, seed=0)
    assert ours == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 20_000))


def test_permutations_in_blocks_count_each_draw_once(monkeypatch):
    scores, sizes = np.arange(10.0), np.array([3, 5])
    monkeypatch.setattr("survdash.statistics.cutpoint_pvalues.DRAWN", 70)
    assert conditional(scores, sizes, 0.0, resamples=100, seed=0) == 1.0
    assert conditional(scores, sizes, 99.0, resamples=100, seed=0) == pytest.approx(1 / 101)


def test_integer_scores_follow_r():
    np.testing.assert_array_equal(integer_scores(np.array([1.0, 4.0])), [1, 4])
    np.testing.assert_array_equal(integer_scores(np.array([1.5, 4.0, 2.5])), [3, 8, 5])
    np.testing.assert_array_equal(integer_scores(np.array([0.0, 0.3, 1.0])), [0, 1, 3])  # 3 * 0.3 = 0.9


def test_hothorn_lausen_bounds_the_exact_p_value():
    scores, sizes = np.array([0, 1, 2, 4, 7, 3, 5]), np.array([2, 3, 4, 5])
    mean, deviation = moments(scores, sizes)
    top = np.abs((np.cumsum(scores)[sizes - 1] - mean) / deviation).max()
    reached = [
        np.abs((np.cumsum(order)[sizes - 1] - mean) / deviation).max() > top + 1e-12
        for order in itertools.permutations(scores)
    ]
    p = hothorn_lausen(scores.astype(float), sizes)
    assert np.mean(reached) <= p + 1e-12 <= 1
    assert math.isnan(hothorn_lausen(np.arange(171.0), np.array([80, 90])))


def subset_sums(whole):
    """Number of m-subsets with sum s at [m, s], all of them: Hothorn and Lausen's own table."""
    counts = np.zeros((whole.size + 1, int(whole.sum()) + 1))
    counts[0, 0] = 1
    for value in whole.tolist():
        counts[1:, value:] += counts[:-1, : counts.shape[1] - value].copy()
    return counts


@pytest.mark.parametrize("seed", range(8))
def test_hothorn_lausen_agrees_with_the_whole_table(seed):
    generator = np.random.default_rng(seed)
    n = int(generator.integers(4, 40))
    scores = generator.integers(0, int(generator.integers(2, 30)), size=n).astype(float)
    scores[:2] = 0, 1  # never all equal
    if seed % 2:
        scores.sort()  # a large statistic
    sizes = np.sort(generator.choice(np.arange(1, n), size=int(generator.integers(2, n)), replace=False))
    whole = (scores - scores.min()).astype(int)
    counts, every = subset_sums(whole), np.arange(1, n)
    mean, deviation = moments(whole, every)
    b = (np.abs(np.cumsum(whole)[sizes - 1] - mean[sizes - 1]) / deviation[sizes - 1]).max()
    sums = np.arange(counts.shape[1])
    ways = {m: {int(s): counts[m, s] for s in sums[1:] if counts[m, s] > 0} for m in every.tolist()}

    def is_beyond(m, s):
        return s in ways.get(m, {}) and abs(s - mean[m - 1]) / deviation[m - 1] > b

    wanted = 0.0
    for m in sizes.tolist():
        wanted += sum(count for s, count in ways[m].items() if is_beyond(m, s)) / math.comb(n, m)
        if m > sizes[0]:  # those who were beyond with one score fewer and must still be
            wanted -= sum(
                count for s, count in ways[m - 1].items()
                if is_beyond(m - 1, s) and is_beyond(m, s if s > mean[m - 2] else s + int(whole.max()))
            ) / math.comb(n, m - 1)  # fmt: skip
    # Sums of the same counts in another order.
    assert hothorn_lausen(scores, sizes) == pytest.approx(min(1.0, wanted), rel=1e-9, abs=1e-13)


def test_hothorn_lausen_with_one_candidate_is_the_exact_test():
    scores = np.array([3.0, 1.0, 4.0, 0.0, 5.0, 2.0])
    observed = abs(scores[:2].sum() - 5)
    sums = [sum(chosen) for chosen in itertools.combinations(scores, 2)]
    exact = np.mean([abs(s - 5) >= observed for s in sums])
    assert hothorn_lausen(scores, np.array([2])) == pytest.approx(exact)


def test_a_score_of_nothing_counts_where_there_is_one_candidate():
    # R's pperm(1, c(2, 0), 1) and pperm(5, c(5, 5, 0, 6, 4, 3), 1), two-sided; with a search R leaves sums of zero out.
    assert hothorn_lausen(np.array([2.0, 0.0]), np.array([1])) == pytest.approx(1.0)
    assert hothorn_lausen(np.array([5.0, 5, 0, 6, 4, 3]), np.array([1])) == pytest.approx(4 / 6)


def test_far_tail_keeps_its_digits():
    sizes = np.arange(40, 361)
    tail = exact_gauss(12.0, sizes, 400)
    assert 2 * ndtr(-12.0) < tail < lausen_1994(12.0, sizes, 400) * 1.05
    assert tail < 1e-29
