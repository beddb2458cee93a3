"""Attention pooling of the slide, SNN of the genes, gated Kronecker fusion (Porpoise, Chen 2022)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from survdash.nets.attention import DROPOUT, GatedAttentionPool
from survdash.nets.bilinear import BilinearFusion
from survdash.nets.output import Output, plain_output
from survdash.nets.segments import segment_index
from survdash.nets.snn import SnnBlock

INPUT_DROPOUT = 0.1
SCALE = 8  # each modality is narrowed by it before the outer product


class Porpoise(nn.Module):
    """The multimodal network of Chen 2022 (STAR methods; "MMF" in its code).

    Slide: tiles (ΣM, D) -> dropout 0.1, projection (ΣM, 2d) -> gated attention (hidden d), pooled (N, 2d) -> Linear,
    ReLU (N, d). Genes: all groups side by side -> two SNN blocks (N, d). Both -> ``BilinearFusion`` with scale 8 ->
    Linear (N, B). d is ``width``, 256 in the paper.

    Notes
    -----
    Deliberate differences: SELU where the public code has ELU; a gene of several groups stands once in each, where the
    public code joins the groups to one list of distinct genes; the loss has no L1 penalty on the genes' weights.
    """

    def __init__(
        self, *, tile_dim: int, gene_dims: Sequence[int], bins: int = 4, width: int = 256
    ) -> None:
        super().__init__()
        self.project = nn.Sequential(
            nn.Dropout(INPUT_DROPOUT), nn.Linear(tile_dim, 2 * width), nn.ReLU(), nn.Dropout(DROPOUT)
        )
        self.pool = GatedAttentionPool(2 * width, width)
        self.slide = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Dropout(DROPOUT))
        self.genes = nn.Sequential(SnnBlock(sum(gene_dims), width), SnnBlock(width, width))
        self.fuse = BilinearFusion(width, scale=SCALE)
        self.hazard = nn.Linear(width, bins)

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes."""
        pooled, _ = self.pool(self.project(tiles), segment_index(lengths), segments=len(lengths))
        fused = self.fuse(self.slide(pooled), self.genes(torch.cat(list(genes), dim=1)))
        return plain_output(self.hazard(fused))
