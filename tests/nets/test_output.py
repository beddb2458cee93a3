from __future__ import annotations

import torch

from survdash.nets.output import plain_output


def test_a_plain_output_has_one_variant_and_no_loss_of_its_own():
    logits = torch.randn(3, 4)
    out = plain_output(logits)
    assert out.logits is logits
    assert torch.equal(out.variants, logits[None])
    assert out.extra_loss.tolist() == [0, 0, 0]
