from __future__ import annotations

import torch

from survdash.nets.baselines.attnmil import AttnMil
from tests.nets.layers import TILE, gated_attention, linear, size


def test_it_has_the_published_size():
    pooled = linear(TILE, 512) + gated_attention(512, 256)
    published = pooled + linear(512, 256) + linear(256, 4)
    assert published == 920_069  # Chen 2021
    assert size(AttnMil(tile_dim=TILE, hidden_layer=True)) == published
    # By default the layer 512 -> 256 is left out, as in Ilse 2018, and the last one reads 512.
    assert published - size(AttnMil(tile_dim=TILE)) == linear(512, 256) + linear(256, 4) - linear(512, 4)


def test_a_bag_of_equal_tiles_is_one_tile():
    # Attention sums to one, so the number of equal tiles cannot matter.
    torch.manual_seed(0)
    model, tile = AttnMil(tile_dim=6, width=8).double().eval(), torch.randn(1, 6, dtype=torch.float64)
    one = model(tile, torch.tensor([1]), []).logits
    torch.testing.assert_close(model(tile.repeat(7, 1), torch.tensor([7]), []).logits, one)


def test_the_hidden_layer_is_used():
    torch.manual_seed(0)
    model, tiles = AttnMil(tile_dim=6, width=8, hidden_layer=True), torch.randn(3, 6)
    model(tiles, torch.tensor([3]), []).logits.sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())
