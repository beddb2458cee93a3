from __future__ import annotations

import torch

from survdash.nets.baselines.snntrans import SnnTrans
from tests.nets.layers import BLCA_GROUPS, gated_attention, linear, size


def test_its_size_follows_from_its_layers():
    groups = sum(linear(width, 256) + linear(256, 256) for width in BLCA_GROUPS)
    attention = 4 * linear(256, 256)  # queries, keys, values, output
    layer = attention + linear(256, 512) + linear(512, 256) + 2 * 2 * 256  # two LayerNorms
    pooled = gated_attention(256, 256) + linear(256, 256)
    assert size(SnnTrans(gene_dims=BLCA_GROUPS)) == groups + 2 * layer + pooled + linear(256, 4)


def test_one_group_tells_the_others_apart():
    # Tokens ask each other: what group 1 says depends on group 2, which a sum over groups could not do.
    torch.manual_seed(0)
    model = SnnTrans(gene_dims=(3, 4), width=16).double().eval()
    left, right = (torch.randn(2, width, dtype=torch.float64) for width in (3, 4))
    nothing = torch.empty(0, 0)

    def answer(one, other):
        return model(nothing, torch.zeros(1), [left[one : one + 1], right[other : other + 1]]).logits

    change, elsewhere = answer(1, 0) - answer(0, 0), answer(1, 1) - answer(0, 1)
    assert not torch.allclose(change, elsewhere)
