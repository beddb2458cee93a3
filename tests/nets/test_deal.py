from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from survdash.nets.deal import content_deals, content_order, random_deal


@settings(deadline=None, max_examples=50)
@given(size=st.integers(0, 40), groups=st.integers(1, 7), seed=st.integers(0, 99))
def test_every_tile_is_dealt_once_into_groups_of_one_size(size, groups, seed):
    keys = torch.rand(size, generator=torch.Generator().manual_seed(seed))
    shares = random_deal(keys, groups=groups, dtype=torch.float64)
    assert shares.shape == (groups, size)
    if not size:
        return
    # A share is a fraction of a small count; a row adds some forty of them in float64.
    assert shares.sum(1).tolist() == pytest.approx([1.0] * groups, abs=1e-12)
    sizes = (shares > 0).sum(1)
    if size >= groups:
        assert torch.all((shares > 0).sum(0) == 1)
        assert sizes.max() - sizes.min() <= 1
    else:
        assert torch.all(sizes == 1)  # too few tiles: each is used again in turn
        dealt = (shares > 0).sum(0)
        assert dealt.max() - dealt.min() <= 1


def test_the_lowest_keys_are_dealt_first():
    shares = random_deal(torch.tensor([0.9, 0.1, 0.5, 0.3, 0.7]), groups=2)
    # In order of the keys the tiles are 1, 3, 2, 4, 0: the first group gets 1, 2 and 0, the second 3 and 4.
    torch.testing.assert_close(shares, torch.tensor([[1 / 3, 1 / 3, 1 / 3, 0, 0], [0, 0, 0, 1 / 2, 1 / 2]]))


def test_three_tiles_among_seven_groups_go_round():
    shares = random_deal(torch.tensor([0.3, 0.1, 0.2]), groups=7)
    assert shares.argmax(1).tolist() == [1, 2, 0, 1, 2, 0, 1]


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 99), size=st.integers(1, 30))
def test_a_deal_is_made_by_the_content_and_not_by_its_order(seed, size):
    generator = torch.Generator().manual_seed(seed)
    tiles, turned = torch.randn(size, 24, generator=generator), torch.randperm(size, generator=generator)
    assert torch.equal(turned[content_order(tiles[turned])], content_order(tiles))
    here, there = (content_deals(rows, deals=3, groups=6) for rows in (tiles, tiles[turned]))
    assert torch.equal(here[:, turned], there)


def test_tiles_that_differ_in_one_feature_only_are_told_apart():
    tiles = torch.zeros(10, 1280)
    tiles[:, 7] = torch.arange(10.0)
    assert torch.equal(content_order(tiles.flip(0)), 9 - content_order(tiles))


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 99))
def test_the_last_bit_of_a_feature_does_not_deal_anew(seed):
    generator = torch.Generator().manual_seed(seed)
    tiles = torch.randn(200, 64, generator=generator)
    noisy = tiles + 1e-6 * torch.randn(200, 64, generator=generator)
    # Neighbours closer than the noise may change places: two places each, and there are few such pairs among 200.
    assert (content_order(tiles) != content_order(noisy)).sum() <= 4


def test_deals_differ_and_more_of_them_begin_with_the_same():
    tiles = torch.randn(50, 24, generator=torch.Generator().manual_seed(0))
    few, many = (content_deals(tiles, deals=deals, groups=6) for deals in (2, 5))
    assert torch.equal(few, many[:12])
    assert len({tuple(deal.flatten().tolist()) for deal in many.split(6)}) == 5


def test_over_many_deals_every_pair_of_tiles_meets_equally_often():
    tiles = torch.randn(24, 24, generator=torch.Generator().manual_seed(0))
    deals = content_deals(tiles, deals=4000, groups=6).reshape(4000, 6, 24) > 0
    together = torch.einsum("rgm,rgn->mn", deals.float(), deals.float())[~torch.eye(24, dtype=torch.bool)] / 4000
    # Another tile shares the group of 4 with chance 3/23; 276 pairs, each within 5 standard errors of 0.0053.
    assert (together - 3 / 23).abs().max() < 5 * (3 / 23 * 20 / 23 / 4000) ** 0.5
