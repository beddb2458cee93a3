from __future__ import annotations

import torch

from survdash.nets.attention import GatedAttentionPool


def make_pool():
    torch.manual_seed(0)
    return GatedAttentionPool(6, 4).double().eval()


def test_it_is_the_formula_of_the_paper():
    pool, rows = make_pool(), torch.randn(5, 6, dtype=torch.float64)
    v, u, w = pool.content[0], pool.gate[0], pool.score
    scores = (torch.tanh(rows @ v.weight.T + v.bias) * torch.sigmoid(rows @ u.weight.T + u.bias)) @ w.weight[0] + w.bias
    pooled, weights = pool(rows, torch.zeros(5, dtype=torch.long), segments=1)
    torch.testing.assert_close(weights, scores.softmax(0))
    torch.testing.assert_close(pooled[0], scores.softmax(0) @ rows)


def test_token_weights_are_the_formula_too():
    pool, tokens = make_pool(), torch.randn(3, 4, 6, dtype=torch.float64)
    expected = torch.stack([pool(one, torch.zeros(4, dtype=torch.long), segments=1)[1] for one in tokens])
    torch.testing.assert_close(pool.token_weights(tokens), expected)
