from __future__ import annotations

import pytest
import torch

from survdash.nets.snn import GeneEncoder, SnnBlock


@pytest.mark.parametrize("training", [False, True])
def test_blocks_hold_mean_and_variance(training):
    # The fixed point of Klambauer 2017, theorem 1: mean 0 and variance 1 stay so, block after block, and alpha dropout
    # keeps both too. One draw of 256-wide layers moves the mean by a few hundredths and the variance by a tenth or so.
    torch.manual_seed(0)
    rows = torch.randn(2000, 256)
    with torch.no_grad():
        for _ in range(12):
            rows = SnnBlock(256, 256).train(training)(rows)
            assert abs(rows.mean().item()) < 0.1
            assert rows.var().item() == pytest.approx(1, abs=0.25)


def test_rows_far_from_the_fixed_point_are_drawn_to_it():
    torch.manual_seed(0)
    rows = 0.5 + 1.4 * torch.randn(2000, 256)
    with torch.no_grad():
        for _ in range(12):
            rows = SnnBlock(256, 256).eval()(rows)
    assert abs(rows.mean().item()) < 0.1
    assert rows.var().item() == pytest.approx(1, abs=0.25)


def test_each_group_has_a_network_of_its_own():
    torch.manual_seed(0)
    encoder = GeneEncoder((3, 5), 8).eval()
    genes = [torch.randn(4, 3), torch.randn(4, 5)]
    before = encoder(genes)
    after = encoder([genes[0], genes[1] + 1])
    assert before.shape == (4, 2, 8)
    torch.testing.assert_close(after[:, 0], before[:, 0])
    assert not torch.allclose(after[:, 1], before[:, 1])


def test_a_group_too_few_is_noticed():
    with pytest.raises(ValueError, match="zip"):
        GeneEncoder((3, 5), 8)([torch.randn(4, 3)])
