from __future__ import annotations

import torch

from survdash.nets.baselines.dualtrans import DualTrans
from tests.nets.layers import BLCA_GROUPS, TILE, gated_attention, linear, size


def make():
    torch.manual_seed(0)
    return DualTrans(tile_dim=6, gene_dims=(3, 4), width=16).eval()


def case(tiles=40):
    generator = torch.Generator().manual_seed(1)
    genes = [torch.randn(1, width, generator=generator) for width in (3, 4)]
    return torch.randn(tiles, 6, generator=generator), torch.tensor([tiles]), genes


def test_its_size_follows_from_its_layers():
    d = 256
    genes = sum(linear(dim, d) + linear(d, d) for dim in BLCA_GROUPS)
    encoder_layer = 4 * linear(d, d) + linear(d, 2 * d) + linear(2 * d, d) + 2 * 2 * d
    aggregator = 2 * encoder_layer + gated_attention(d, d) + linear(d, d)
    nystrom = 3 * d * d + 8 * 33 + linear(d, d)  # queries, keys, values; 8 kernels of 33; output
    slide = linear(TILE, d) + 2 * nystrom + 3 * 2 * d + gated_attention(d, d) + linear(d, d)
    head = linear(2 * d, d) + linear(d, d) + linear(d, 4)
    assert size(DualTrans(tile_dim=TILE, gene_dims=BLCA_GROUPS)) == genes + aggregator + slide + head


def test_the_modalities_do_not_meet_before_the_head():
    model, (tiles, lengths, genes) = make(), case()
    seen = {}
    model.aggregate_genes.register_forward_hook(lambda _module, _inputs, out: seen.setdefault("genes", []).append(out))
    model.slide.register_forward_hook(lambda _module, _inputs, out: seen.setdefault("slide", []).append(out))
    model(tiles, lengths, genes)
    model(tiles + 1, lengths, genes)
    model(tiles, lengths, [group + 1 for group in genes])
    assert torch.equal(seen["genes"][0], seen["genes"][1])
    assert torch.equal(seen["slide"][0], seen["slide"][2])
    assert not torch.allclose(seen["slide"][0], seen["slide"][1])
    assert not torch.allclose(seen["genes"][0], seen["genes"][2])


def test_tiles_attend_to_each_other():
    # Attention pooling alone would leave a tile's own row as it is when another tile changes.
    model, (tiles, _, _) = make(), case(5)
    rows = model.project(tiles)[None]
    other = rows.clone()
    other[0, 4] += 1
    assert not torch.allclose(model._attend(rows)[0, 0], model._attend(other)[0, 0])
