"""Hierarchical factorised bilinear fusion (Li 2022, Bioinformatics, "HFBSurv")."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from survdash.nets.output import Output, plain_output
from survdash.nets.segments import segment_mean

RANK, POOLED = 20, 20  # factors of each bilinear form, and forms of each pooling; as published
HEAD = (256, 64)  # widths of the two layers before the hazards; as published
FACTOR_DROPOUT, HEAD_DROPOUT = 0.1, 0.3
TINY = 1e-8  # keeps the slope of the square root finite at 0


class FactorisedBilinear(nn.Module):
    """z_o = a^T W_o b with W_o = sum_r u_or v_or^T of rank 20, then signed square root and unit length.

    (N, d) and (N, d) to (N, 20). A dropout on the factors' products, before their sum.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.left = nn.Linear(width, POOLED * RANK, bias=False)
        self.right = nn.Linear(width, POOLED * RANK, bias=False)
        self.drop = nn.Dropout(FACTOR_DROPOUT)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Pool the interactions of two vectors, or of a vector with itself."""
        pooled = self.drop(self.left(a) * self.right(b)).unflatten(1, (POOLED, RANK)).sum(dim=2)
        return functional.normalize(pooled / torch.sqrt(pooled.abs() + TINY), dim=1)


class HfbSurv(nn.Module):
    """Modality vectors, intra- and inter-modality bilinear pooling, modality attention, hazards.

    In the paper's order: modality-specific fusion (each vector with itself, and how much each modality weighs),
    cross-modality fusion (of the weighed vectors), the fusion layers. Slide (N, D) and genes (N, sum d_j) -> (N, d)
    each -> (N, d + 20) each -> sum and cross term (N, d + 40) -> (N, 64) -> (N, B).

    Parameters
    ----------
    tile_dim : int
        The slide's vector is the mean of its (M, D) tiles.
    gene_dims : sequence of int
        The genes' vector is all groups side by side.
    bins : int
    width : int
        Width of a modality's vector. 256 for all genes and tile features; the paper has 50, for 80 chosen ones.

    Notes
    -----
    Deliberate differences from the paper: a network here sees gene groups, not kinds of measurement, so expression and
    copy number are one modality, there is one pair of modalities, and the softmax over pairs falls away. Layer norm
    replaces batch norm, so that a case is judged alike alone and in company. Hazard logits replace the Cox output.
    From the public code: each form has a left and a right matrix, where the code multiplies one matrix's output by
    itself within a modality and uses the genes' matrix for the slide, and the forms have no linear part, where the
    code's matrices have biases; and each modality weighs its own vector.
    """

    def __init__(self, *, tile_dim: int, gene_dims: Sequence[int], bins: int = 4, width: int = 256) -> None:
        super().__init__()
        self.encode_genes = self._encoder(sum(gene_dims), width)
        self.encode_slide = self._encoder(tile_dim, width)
        self.within_genes, self.within_slide = FactorisedBilinear(width), FactorisedBilinear(width)
        self.attention = nn.Sequential(nn.Linear(width + POOLED, 1), nn.Sigmoid())
        self.between = FactorisedBilinear(width + POOLED)
        self.head = nn.Sequential(
            nn.LayerNorm(width + 2 * POOLED),
            nn.Linear(width + 2 * POOLED, HEAD[0]), nn.Tanh(), nn.Dropout(HEAD_DROPOUT),
            nn.Linear(*HEAD), nn.Tanh(), nn.Dropout(HEAD_DROPOUT),
        )
        self.hazard = nn.Linear(HEAD[1], bins)

    @staticmethod
    def _encoder(dim: int, width: int) -> nn.Sequential:
        return nn.Sequential(nn.Linear(dim, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh())

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes."""
        gene = self.encode_genes(torch.cat(list(genes), dim=1))
        slide = self.encode_slide(segment_mean(tiles, lengths))
        gene = torch.cat([gene, self.within_genes(gene, gene)], dim=1)  # intra-modality, (N, d + 20)
        slide = torch.cat([slide, self.within_slide(slide, slide)], dim=1)
        gene, slide = self.attention(gene) * gene, self.attention(slide) * slide
        fused = torch.cat([gene + slide, self.between(gene, slide)], dim=1)  # inter-modality
        return plain_output(self.hazard(self.head(fused)))
