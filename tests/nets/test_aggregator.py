from __future__ import annotations

import torch

from survdash.nets.aggregator import Aggregator


def test_tokens_have_no_order_and_cases_no_company():
    torch.manual_seed(0)
    aggregate, tokens = Aggregator(16).double().eval(), torch.randn(3, 5, 16, dtype=torch.float64)
    out = aggregate(tokens)
    assert out.shape == (3, 16)
    torch.testing.assert_close(aggregate(tokens.flip(1)), out)
    torch.testing.assert_close(torch.cat([aggregate(one[None]) for one in tokens]), out)
