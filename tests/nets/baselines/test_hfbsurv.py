from __future__ import annotations

import torch

from survdash.nets.baselines.hfbsurv import POOLED, RANK, FactorisedBilinear, HfbSurv
from tests.nets.layers import BLCA_GROUPS, TILE, linear, size


def test_pooling_is_a_bilinear_form_with_signed_root_and_unit_length():
    torch.manual_seed(0)
    pool = FactorisedBilinear(7).double().eval()
    a, b = torch.randn(3, 7, dtype=torch.float64), torch.randn(3, 7, dtype=torch.float64)
    # W_o = sum over the ranks r of u_or v_or^T, written out.
    left, right = (side.weight.reshape(POOLED, RANK, 7) for side in (pool.left, pool.right))
    form = torch.einsum("ni,ori,orj,nj->no", a, left, right, b)
    root = form.sign() * form.abs().sqrt()
    # The root is smoothed by 1e-8 under it, to keep its slope finite at 0.
    torch.testing.assert_close(pool(a, b), root / root.norm(dim=1, keepdim=True), atol=1e-4, rtol=1e-4)


def test_nothing_pooled_has_a_finite_slope():
    a = torch.zeros(1, 7, requires_grad=True)
    FactorisedBilinear(7)(a, a).sum().backward()
    assert torch.isfinite(a.grad).all()


def test_its_size_follows_from_its_layers():
    d, forms = 256, POOLED * RANK
    formula = (
        linear(sum(BLCA_GROUPS), d) + linear(TILE, d) + 2 * linear(d, d)  # two tanh layers a modality
        + 4 * d * forms + linear(d + POOLED, 1) + 2 * (d + POOLED) * forms  # within, attention, between
        + 2 * (d + 2 * POOLED) + linear(d + 2 * POOLED, 256) + linear(256, 64) + linear(64, 4)
    )
    assert size(HfbSurv(tile_dim=TILE, gene_dims=BLCA_GROUPS)) == formula
