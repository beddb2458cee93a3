from __future__ import annotations

import torch

from survdash.nets.baselines.mcat import CoAttention, Mcat
from tests.nets.layers import BLCA_GROUPS, TILE, gated_attention, linear, size

PUBLISHED = 4_492_038  # trainable numbers of the public code with these groups, 1,024-wide tiles and 4 bins


def aggregator(d):
    layer = 4 * linear(d, d) + linear(d, 2 * d) + linear(2 * d, d) + 4 * d
    return 2 * layer + gated_attention(d, d) + linear(d, d)


def test_it_has_the_published_size_but_for_the_key_bias():
    d = 256
    formula = (
        sum(linear(dim, d) + linear(d, d) for dim in BLCA_GROUPS) + linear(TILE, d) + 4 * linear(d, d) - d
        + 2 * aggregator(d) + linear(2 * d, d) + linear(d, d) + linear(d, 4)
    )
    assert size(Mcat(tile_dim=TILE, gene_dims=BLCA_GROUPS)) == formula == PUBLISHED - d


def test_co_attention_is_that_of_torch_with_one_head():
    torch.manual_seed(0)
    ours, theirs = CoAttention(8).double(), torch.nn.MultiheadAttention(8, 1, batch_first=True).double()
    theirs.load_state_dict({
        "in_proj_weight": torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]),
        # Any key bias will do: the softmax does not see it.
        "in_proj_bias": torch.cat([ours.query.bias, torch.randn(8), ours.value.bias]),
        "out_proj.weight": ours.out.weight, "out_proj.bias": ours.out.bias,
    })
    genes, tiles = torch.randn(2, 3, 8, dtype=torch.float64), torch.randn(9, 8, dtype=torch.float64)
    expected = [theirs(one[None], bag[None], bag[None])[0] for one, bag in zip(genes, tiles.split([4, 5]), strict=True)]
    torch.testing.assert_close(ours(genes, tiles, torch.tensor([4, 5])), torch.cat(expected))
