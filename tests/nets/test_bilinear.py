from __future__ import annotations

import torch

from survdash.nets.bilinear import BilinearFusion, GatedUnit, kronecker


def test_every_product_of_two_entries_and_each_entry_itself():
    left, right = torch.tensor([[2.0, 3.0], [5.0, 7.0]]), torch.tensor([[11.0, 13.0], [17.0, 19.0]])
    products = kronecker(left, right)
    assert products[0].tolist() == [22, 26, 2, 33, 39, 3, 11, 13, 1]
    for case in range(2):
        one = torch.ones(1)
        explicit = torch.outer(torch.cat([left[case], one]), torch.cat([right[case], one]))
        assert torch.equal(products[case], explicit.flatten())


def test_a_closed_gate_lets_nothing_pass():
    unit, own, both = GatedUnit(4, 2).eval(), torch.randn(3, 4), torch.randn(3, 8)
    torch.nn.init.constant_(unit.gate[0].bias, -1e4)
    torch.testing.assert_close(unit(own, both), unit.out(torch.zeros(3, 2)))


def test_the_inputs_skip_the_products():
    torch.manual_seed(0)
    fuse, slide, genes = BilinearFusion(16, scale=8).eval(), torch.randn(2, 16), torch.randn(2, 16)
    torch.nn.init.zeros_(fuse.products[1].weight)
    torch.nn.init.zeros_(fuse.products[1].bias)
    joined = torch.cat([torch.zeros(2, 16), slide, genes], dim=1)
    torch.testing.assert_close(fuse(slide, genes), fuse.merge(joined))
