from __future__ import annotations

from survdash.nets.baselines.porpoise import Porpoise
from tests.nets.layers import BLCA_DISTINCT, BLCA_GROUPS, REPEATED, TILE, gated_attention, linear, size


def test_it_has_the_published_size():
    slide = linear(TILE, 512) + gated_attention(512, 256) + linear(512, 256)
    genes = linear(BLCA_DISTINCT, 256) + linear(256, 256)
    unit = linear(256, 32) + linear(512, 32) + linear(32, 32)
    fusion = 2 * unit + linear(33 * 33, 256) + linear(256 + 512, 256)
    published = slide + genes + fusion + linear(256, 4)
    assert published == 2_297_285  # Chen 2022, on the 3,062 distinct columns of BLCA
    assert size(Porpoise(tile_dim=TILE, gene_dims=(BLCA_DISTINCT,))) == published
    # Ours minus published is of the genes' first layer: 330 columns come once for each of their groups.
    assert size(Porpoise(tile_dim=TILE, gene_dims=BLCA_GROUPS)) - published == REPEATED * 256
