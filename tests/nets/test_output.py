from __future__ import annotations

from dataclasses import replace

import torch

from survdash.nets.output import plain_output


def test_a_plain_output_has_one_variant_and_no_loss_of_its_own():
    logits = torch.randn(3, 4)
    out = plain_output(logits)
    assert out.logits is logits
    assert torch.equal(out.variants, logits[None])
    assert out.extra_loss.tolist() == [0, 0, 0]


def test_the_whole_loss_adds_what_the_network_says():
    fit, bins = torch.tensor([1.0, 2.0]), torch.tensor([0, 3])
    plain = plain_output(torch.zeros(2, 4))
    assert plain.total_loss(fit, bins).tolist() == [1, 2]
    own = replace(plain, extra_loss=torch.tensor([0.5, 0.0]), loss_with=lambda loss, bins: loss / 2 + bins)
    assert own.total_loss(fit, bins).tolist() == [1.0, 4.0]
