"""Bilinear fusion of two vectors: every product of one entry of each."""

from __future__ import annotations

import torch
from torch import Tensor, nn

DROPOUT = 0.25


def kronecker(left: Tensor, right: Tensor) -> Tensor:
    """Outer product of [a; 1] and [b; 1] of each case, flattened: (N, (p + 1)(q + 1)) from (N, p) and (N, q).

    The appended ones keep each vector by itself among the products.
    """
    one = left.new_ones(len(left), 1)
    return torch.einsum("np,nq->npq", torch.cat([left, one], 1), torch.cat([right, one], 1)).flatten(1)


class GatedUnit(nn.Module):
    """One modality, narrowed and gated by both: o = ReLU(W_o (sigmoid(W_z [own; other]) * ReLU(W_h own))).

    The gating attention of Chen 2020 (Pathomic Fusion, section 3.4): (N, d) and (N, d) to (N, d / scale).
    """

    def __init__(self, width: int, narrow: int) -> None:
        super().__init__()
        self.own = nn.Sequential(nn.Linear(width, narrow), nn.ReLU())
        self.gate = nn.Sequential(nn.Linear(2 * width, narrow), nn.Sigmoid())
        self.out = nn.Sequential(nn.Linear(narrow, narrow), nn.ReLU(), nn.Dropout(DROPOUT))

    def forward(self, own: Tensor, both: Tensor) -> Tensor:
        """Narrow ``own`` (N, d), gated by ``both`` (N, 2d)."""
        gated: Tensor = self.out(self.gate(both) * self.own(own))
        return gated


class BilinearFusion(nn.Module):
    """Gated Kronecker fusion with a skip connection (Chen 2022, STAR methods, "Multimodal fusion").

    Slide and genes (N, d) each -> gated units (N, d / scale) -> ``kronecker`` -> Linear to d, ReLU -> joined by the two
    inputs (N, 3d) -> Linear to d, ReLU.
    """

    def __init__(self, width: int, *, scale: int) -> None:
        super().__init__()
        narrow = width // scale
        self.slide, self.genes = GatedUnit(width, narrow), GatedUnit(width, narrow)
        self.products = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear((narrow + 1) ** 2, width), nn.ReLU())
        self.merge = nn.Sequential(nn.Linear(3 * width, width), nn.ReLU())

    def forward(self, slide: Tensor, genes: Tensor) -> Tensor:
        """Fuse (N, d) and (N, d) to (N, d)."""
        both = torch.cat([slide, genes], dim=1)
        products = self.products(kronecker(self.slide(slide, both), self.genes(genes, both)))
        fused: Tensor = self.merge(torch.cat([products, both], dim=1))
        return fused
