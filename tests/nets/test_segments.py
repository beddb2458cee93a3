from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from survdash.nets.segments import segment_index, segment_mean, segment_softmax, segment_sum

LENGTHS = st.lists(st.integers(1, 6), min_size=1, max_size=5)


@given(lengths=LENGTHS, seed=st.integers(0, 999))
def test_each_segment_is_what_it_would_be_alone(lengths, seed):
    rows = torch.randn(sum(lengths), 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    index = segment_index(torch.tensor(lengths))
    parts = rows.split(lengths)
    sums = torch.stack([part.sum(0) for part in parts])
    torch.testing.assert_close(segment_sum(rows, index, segments=len(lengths)), sums)
    means = torch.stack([part.mean(0) for part in parts])
    torch.testing.assert_close(segment_mean(rows, torch.tensor(lengths)), means)
    soft = torch.cat([part[:, 0].softmax(0) for part in parts])
    torch.testing.assert_close(segment_softmax(rows[:, 0], index, segments=len(lengths)), soft)


def test_the_softmax_stands_scores_far_from_zero():
    index = segment_index(torch.tensor([2, 2]))
    weights = segment_softmax(torch.tensor([1e4, 1e4, -1e4, -1e4 + 200]), index, segments=2)
    torch.testing.assert_close(weights, torch.tensor([0.5, 0.5, 0.0, 1.0]))


def test_a_case_without_tiles_sums_to_zero():
    lengths = torch.tensor([2, 0, 1])
    assert segment_sum(torch.ones(3, 1), segment_index(lengths), segments=3).squeeze(1).tolist() == [2, 0, 1]
