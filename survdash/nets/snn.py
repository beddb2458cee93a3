"""Self-normalising blocks and the gene encoder made of them (Klambauer 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

DROPOUT = 0.25


class SnnBlock(nn.Sequential):
    """Linear -> SELU -> AlphaDropout, (N, d_in) to (N, d_out).

    The weights start LeCun-normal and the biases at zero, without which SELU does not hold mean and variance.
    """

    def __init__(self, d_in: int, d_out: int) -> None:
        linear = nn.Linear(d_in, d_out)
        nn.init.normal_(linear.weight, std=d_in**-0.5)
        nn.init.zeros_(linear.bias)
        super().__init__(linear, nn.SELU(), nn.AlphaDropout(DROPOUT))


class GeneEncoder(nn.Module):
    """Two SNN blocks for each gene group: the gene tokens B^g of Zhang 2025, section 2.1.

    Input a list of J tensors (N, d_j); output (N, J, d).
    """

    def __init__(self, gene_dims: Sequence[int], width: int) -> None:
        super().__init__()
        self.groups = nn.ModuleList(
            nn.Sequential(SnnBlock(dim, width), SnnBlock(width, width)) for dim in gene_dims
        )

    def forward(self, genes: Sequence[Tensor]) -> Tensor:
        """Encode each group by its own network."""
        return torch.stack([encode(group) for encode, group in zip(self.groups, genes, strict=True)], dim=1)
