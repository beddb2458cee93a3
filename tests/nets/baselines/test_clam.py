from __future__ import annotations

import math

import pytest
import torch

from survdash.nets.baselines.clam import Clam, extreme_tiles, instance_loss
from tests.nets.layers import TILE, gated_attention, linear, size


@pytest.mark.parametrize(("options", "width"), [({"width": 256, "hidden": 256}, 256), ({}, 512)])
def test_it_has_the_published_size(options, width):
    instances = 4 * linear(width, 2)
    expected = linear(TILE, width) + gated_attention(width, 256) + linear(width, 4) + instances
    assert size(Clam(tile_dim=TILE, **options)) == expected
    # The public survival variant projects to 256; by default ours projects to 512, as CLAM-SB of Lu 2021 does.
    assert (expected == 397_325) == (width == 256)


def test_the_instance_loss_by_hand():
    # Two tiles to be in the class, two to be out of it; scores are (out, in).
    scores = torch.tensor([[0.0, 3.0], [1.0, 1.0], [2.0, 0.0], [0.0, 0.5]], dtype=torch.float64)
    # By the definition of the smooth SVM at temperature 1: log sum_j exp(s_j + [j is wrong]) - s_y.
    by_hand = [
        math.log(math.exp(0 + 1) + math.exp(3)) - 3,
        math.log(math.exp(1 + 1) + math.exp(1)) - 1,
        math.log(math.exp(2) + math.exp(0 + 1)) - 2,
        math.log(math.exp(0) + math.exp(0.5 + 1)) - 0,
    ]
    assert by_hand == pytest.approx([0.126928, 1.313262, 0.313262, 1.701413], abs=5e-7)  # six digits written
    assert instance_loss(scores).item() == pytest.approx(sum(by_hand) / 4, abs=1e-12)


def test_the_tiles_of_most_and_of_least_attention_are_taken():
    most, least = extreme_tiles(torch.arange(20.0))
    assert most.tolist() == [19, 18, 17, 16, 15, 14, 13, 12]
    assert sorted(least.tolist()) == [0, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(("tiles", "each"), [(1, 0), (2, 1), (5, 2), (16, 8), (17, 8)])
def test_no_tile_is_on_both_sides(tiles, each):
    most, least = extreme_tiles(torch.rand(tiles))
    assert len(most) == len(least) == each
    assert not set(most.tolist()) & set(least.tolist())


def test_the_whole_loss_is_seven_parts_of_the_bag_and_three_of_its_tiles():
    torch.manual_seed(0)
    model, tiles, bins = Clam(tile_dim=6, width=8, hidden=4).double().eval(), torch.randn(21, 6).double(), [2, 0, 3]
    lengths, survival = torch.tensor([20, 1, 0]) + torch.tensor([-2, 0, 2]), torch.tensor([1.0, 2.0, 3.0]).double()
    loss = model(tiles, lengths, []).total_loss(survival, torch.tensor(bins))
    start = 0
    for case, length in enumerate(lengths.tolist()):
        rows = model.project(tiles[start : start + length])
        start += length
        if length == 1:  # no other tile to tell it from
            assert loss[case] == survival[case]
            continue
        index = torch.zeros(length, dtype=torch.long)
        most, least = extreme_tiles(model.pool(rows, index, segments=1)[1])
        scores = model.instance(rows).unflatten(1, (4, 2))[:, bins[case]]  # the classifier of the bag's own class
        tile_loss = instance_loss(scores[torch.cat([most, least])])
        torch.testing.assert_close(loss[case], 0.7 * survival[case] + 0.3 * tile_loss)
