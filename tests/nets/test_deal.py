from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from survdash.nets.deal import content_keys, deal_keys, deal_mean


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
    tiles = torch.randn(50, 1024)
    order = torch.randperm(50)
    assert torch.equal(content_keys(tiles)[order], content_keys(tiles[order]))
    assert content_keys(tiles).unique().numel() == 50


def test_deals_differ_from_each_other():
    content = content_keys(torch.randn(50, 1024))
    first, second = (torch.argsort(deal_keys(content, number)) for number in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(first, torch.argsort(deal_keys(content, 0)))


def test_minus_zero_is_zero():
    tiles = torch.zeros(1, 64)
    assert torch.equal(content_keys(tiles), content_keys(-tiles))
