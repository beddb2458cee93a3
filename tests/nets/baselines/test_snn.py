from __future__ import annotations

import torch

from survdash.nets.baselines.snn import Snn
from tests.nets.layers import BLCA_DISTINCT, BLCA_GROUPS, REPEATED, linear, size


def test_it_has_the_published_size():
    published = linear(BLCA_DISTINCT, 256) + 3 * linear(256, 256) + linear(256, 4)
    assert published == 982_532  # Chen 2021, on the 3,062 distinct columns
    assert size(Snn(gene_dims=(BLCA_DISTINCT,))) == published
    # Ours minus published is of the first layer: 330 columns stand in more than one group, and come once for each.
    assert REPEATED == 330
    assert size(Snn(gene_dims=BLCA_GROUPS)) - published == REPEATED * 256


def test_the_slide_is_not_looked_at():
    model = Snn(gene_dims=(3,), width=8).eval()
    genes = [torch.randn(2, 3)]
    with_tiles = model(torch.randn(5, 4), torch.tensor([2, 3]), genes).logits
    assert torch.equal(model(torch.empty(0, 4), torch.tensor([0, 0]), genes).logits, with_tiles)
