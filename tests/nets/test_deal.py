from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from survdash.nets.deal import content_ranks, deal_keys, deal_mean


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4), groups=st.integers(1, 7), seed=st.integers(0, 99))
def test_every_tile_is_dealt_once_into_groups_of_one_size(lengths, groups, seed):
    keys = torch.rand(sum(lengths), generator=torch.Generator().manual_seed(seed))
    tiles = torch.eye(sum(lengths), dtype=torch.float64)  # a tile's own column tells where it went
    shares = deal_mean(tiles, keys, torch.tensor(lengths), groups=groups)
    start = 0
    for case, length in zip(shares, lengths, strict=True):
        own = case[:, start : start + length]
        assert case.sum().item() == pytest.approx(own.sum().item())  # nothing from another case
        sizes = (own > 0).sum(1)
        if length >= groups:
            assert torch.all((own > 0).sum(0) == 1)
            assert sizes.max() - sizes.min() <= 1
        else:
            assert torch.all(sizes == 1)  # too few tiles: each is used again in turn
        start += length


def test_a_deal_is_made_by_the_content_and_not_by_its_order():
    tiles, lengths = torch.randn(50, 1024), torch.tensor([20, 30])
    order = torch.cat([torch.randperm(20), 20 + torch.randperm(30)])
    ranks = content_ranks(tiles, lengths)
    assert torch.equal(ranks[order], content_ranks(tiles[order], lengths))
    assert sorted(ranks[:20].tolist()) == list(range(20))
    assert sorted(ranks[20:].tolist()) == list(range(30))


def test_tiles_that_differ_in_one_feature_only_are_told_apart():
    tiles = torch.zeros(10, 1280)
    tiles[:, 7] = torch.arange(10.0)
    ranks = content_ranks(tiles, torch.tensor([10]))
    assert torch.equal(content_ranks(tiles.flip(0), torch.tensor([10])), ranks.flip(0))


@given(seed=st.integers(0, 99))
def test_the_last_bit_of_a_feature_does_not_deal_anew(seed):
    generator = torch.Generator().manual_seed(seed)
    tiles = torch.randn(200, 64, generator=generator)
    noisy = tiles + 1e-6 * torch.randn(200, 64, generator=generator)
    lengths = torch.tensor([200])
    # Neighbours closer than the noise may change places: two ranks each, and there are few such pairs among 200.
    moved = content_ranks(tiles, lengths) != content_ranks(noisy, lengths)
    assert moved.sum() <= 4


def test_deals_differ_from_each_other_and_repeat():
    ranks = content_ranks(torch.randn(50, 1024), torch.tensor([50]))
    first, second = (torch.argsort(deal_keys(ranks, number)) for number in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(first, torch.argsort(deal_keys(ranks, 0)))
