from __future__ import annotations

import torch

from survdash.nets.baselines.snn import BLOCKS, Snn


def test_it_has_the_published_size():
    # Chen 2021: four blocks of 256, here over 3,000 genes; each a weight matrix and a bias.
    model = Snn(gene_dims=(1000, 2000), bins=4)
    expected = 3000 * 256 + 256 + (BLOCKS - 1) * (256 * 256 + 256) + 256 * 4 + 4
    assert sum(weight.numel() for weight in model.parameters()) == expected


def test_the_slide_is_not_looked_at():
    model = Snn(gene_dims=(3,), width=8).eval()
    genes = [torch.randn(2, 3)]
    with_tiles = model(torch.randn(5, 4), torch.tensor([2, 3]), genes).logits
    assert torch.equal(model(torch.empty(0, 4), torch.tensor([0, 0]), genes).logits, with_tiles)
