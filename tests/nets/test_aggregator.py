from __future__ import annotations

import torch

from survdash.nets.aggregator import Aggregator, concat_head


def test_tokens_have_no_order_and_cases_no_company():
    torch.manual_seed(0)
    aggregate, tokens = Aggregator(16).double().eval(), torch.randn(3, 5, 16, dtype=torch.float64)
    out = aggregate(tokens)
    assert out.shape == (3, 16)
    torch.testing.assert_close(aggregate(tokens.flip(1)), out)
    torch.testing.assert_close(torch.cat([aggregate(one[None]) for one in tokens]), out)


def test_the_weights_are_those_of_the_pooling():
    torch.manual_seed(0)
    aggregate, tokens = Aggregator(16).double().eval(), torch.randn(3, 5, 16, dtype=torch.float64)
    out, weights = aggregate.with_weights(tokens)
    torch.testing.assert_close(out, aggregate(tokens))
    pooled = torch.einsum("nt,ntd->nd", weights, aggregate.encoder(tokens))
    torch.testing.assert_close(aggregate.head(pooled), out)


def test_it_is_two_layers_pooling_and_a_linear_layer_of_the_papers_size():
    width, hidden = 256, 512
    attention = 4 * (width * width + width)
    layer = attention + 2 * width * hidden + hidden + width + 2 * 2 * width  # feed-forward, two layer norms
    pool = 2 * (width * width + width) + width + 1
    assert sum(weight.numel() for weight in Aggregator(width).parameters()) == 2 * layer + pool + width * width + width


def test_the_head_on_two_vectors_has_three_layers():
    head = concat_head(8, 4)
    assert head(torch.randn(3, 16)).shape == (3, 4)
    assert sum(weight.numel() for weight in head.parameters()) == (16 * 8 + 8) + (8 * 8 + 8) + (8 * 4 + 4)
