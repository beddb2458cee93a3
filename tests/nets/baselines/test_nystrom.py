from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from survdash.nets.baselines.nystrom import NystromAttention, landmark_means, nystrom_attention, pseudo_inverse

DOUBLE = torch.float64


def qkv(length, *, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(3, 2, 4, length, 8, dtype=DOUBLE, generator=generator)


def by_landmarks(queries, keys, values, count):
    """Approximate attention with run means of the queries and keys as landmarks."""
    means = [landmark_means(rows.flatten(0, 1), count).unflatten(0, rows.shape[:2]) for rows in (queries, keys)]
    return nystrom_attention(queries, keys, values, landmark_queries=means[0], landmark_keys=means[1])


@pytest.mark.parametrize(
    ("tokens", "least", "most"),
    [
        (qkv(128).cumsum(dim=3) / 128**0.5, 0.01, 0.05),  # a walk: neighbours are alike, as tiles in reading order are
        (qkv(128), 0.1, 0.8),  # white noise: nothing in common to summarise, so nearly every token is needed
    ],
    ids=["walk", "noise"],
)
def test_the_error_against_exact_attention_falls_with_landmarks(tokens, least, most):
    exact = functional.scaled_dot_product_attention(*tokens)
    errors = [(by_landmarks(*tokens, count) - exact).norm() / exact.norm() for count in (1, 2, 4, 8, 16, 32, 64, 128)]
    assert all(more < fewer for fewer, more in pairwise(errors))
    assert errors[-1] < least < most < errors[0]  # six steps of the inverse leave some error even at 128 of 128


def test_it_is_the_product_of_three_softmax_matrices():
    queries, keys, values = qkv(12)
    means = [rows.unflatten(2, (4, 3)).mean(3) for rows in (queries, keys)]  # 4 landmarks of 3 tokens
    scale = 8**-0.5
    left = (queries @ means[1].mT * scale).softmax(-1)
    core = (means[0] @ means[1].mT * scale).softmax(-1)
    right = (means[0] @ keys.mT * scale).softmax(-1)
    expected = left @ pseudo_inverse(core) @ right @ values
    torch.testing.assert_close(by_landmarks(queries, keys, values, 4), expected)


@given(size=st.integers(1, 12), seed=st.integers(0, 999))
def test_the_iteration_finds_the_inverse(size, seed):
    logits = torch.randn(2, size, size, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))
    matrix = (2 * torch.eye(size, dtype=DOUBLE) + logits / 2).softmax(-1)
    # Third order: the residual of 12 steps is at rounding for matrices as well conditioned as these.
    torch.testing.assert_close(pseudo_inverse(matrix, steps=20), torch.linalg.inv(matrix), rtol=1e-6, atol=1e-6)


@given(length=st.integers(1, 40), data=st.data())
def test_landmarks_are_means_of_runs_of_almost_one_length(length, data):
    count = data.draw(st.integers(1, length))
    tokens = torch.arange(length, dtype=DOUBLE)[None, :, None]
    means = landmark_means(tokens, count)[0, :, 0]
    runs = torch.tensor([token * count // length for token in range(length)])
    sizes = torch.bincount(runs)
    assert len(sizes) == count
    assert sizes.max() - sizes.min() <= 1
    torch.testing.assert_close(means, torch.stack([tokens[0, runs == run, 0].mean() for run in range(count)]))


def test_one_token_is_answered_as_among_all():
    torch.manual_seed(0)
    attend, tokens = NystromAttention(16, dropout=0.1).double().eval(), torch.randn(2, 50, 16, dtype=DOUBLE)
    torch.testing.assert_close(attend(tokens, first=1), attend(tokens)[:, :1])


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 40])
def test_any_number_of_tokens_is_attended_to(length):
    torch.manual_seed(0)
    attend, tokens = NystromAttention(16, dropout=0.1).double().eval(), torch.randn(2, length, 16, dtype=DOUBLE)
    out = attend(tokens)
    assert out.shape == tokens.shape
    torch.testing.assert_close(torch.cat([attend(one[None]) for one in tokens]), out)
    if length == 1:  # attention to oneself, and the middle of the convolution
        own = attend.value(tokens)
        middle = attend.residual.weight[:, 0, 16, 0].repeat_interleave(2)
        torch.testing.assert_close(out, attend.out(own + own * middle))
