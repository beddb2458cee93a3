import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from survdash.statistics.ordered_counts import count_below


@given(
    ranks=st.lists(st.integers(0, 40), min_size=1, max_size=50),
    questions=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 45)), min_size=1, max_size=20),
    seed=st.integers(0, 1000),
)
def test_counts_and_weighted_sums_are_those_of_a_plain_loop(ranks, questions, seed):
    values = np.array(ranks)
    ends = np.minimum([end for end, _ in questions], values.size)
    bounds = np.array([bound for _, bound in questions])
    weights = np.random.default_rng(seed).random(values.size)
    wanted = [np.count_nonzero(values[:end] < bound) for end, bound in zip(ends, bounds, strict=True)]
    assert count_below(values, ends, bounds).tolist() == wanted
    sums = [weights[:end][values[:end] < bound].sum() for end, bound in zip(ends, bounds, strict=True)]
    np.testing.assert_allclose(count_below(values, ends, bounds, weights=weights), sums, atol=1e-12)


def test_no_question_and_all_equal():
    empty = np.array([], int)
    assert count_below(np.zeros(3, int), empty, empty).size == 0
    assert count_below(np.zeros(3, int), np.array([3]), np.array([1])).tolist() == [3]
