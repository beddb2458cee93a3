from __future__ import annotations

import torch

from survdash.nets.baselines.survpath import PathwayAttention, SurvPath
from tests.nets.layers import BLCA_GROUPS, TILE, linear, size


def test_attention_is_the_dense_one_without_tile_to_tile():
    torch.manual_seed(0)
    attend = PathwayAttention(8).double()
    pathways, tiles = torch.randn(2, 3, 8, dtype=torch.float64), torch.randn(9, 8, dtype=torch.float64)
    to_pathways, to_tiles = attend(pathways, tiles, torch.tensor([4, 5]))
    for number, bag in enumerate(tiles.split([4, 5])):
        query, key, value = attend.qkv(attend.norm(torch.cat([pathways[number], bag]))).chunk(3, dim=1)
        scores = query @ key.T / 4**0.5
        scores[3:, 3:] = -torch.inf
        expected = scores.softmax(1) @ value
        torch.testing.assert_close(to_pathways[number], expected[:3])
        torch.testing.assert_close(to_tiles.split([4, 5])[number], expected[3:])


def test_its_size_follows_from_its_layers():
    formula = (
        sum(linear(dim, 256) + linear(256, 256) for dim in BLCA_GROUPS) + linear(TILE, 256)
        + 2 * 256 + 256 * 3 * 128  # norm, and queries, keys and values without bias
        + 2 * 128 + 2 * linear(128, 128) + 2 * 128  # norm, feed-forward, norm
        + linear(256, 64) + linear(64, 4)
    )
    assert size(SurvPath(tile_dim=TILE, gene_dims=BLCA_GROUPS)) == formula
