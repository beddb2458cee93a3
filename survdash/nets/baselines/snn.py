"""SNN on all genes (Klambauer 2017, sized as in Chen 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from survdash.nets.output import Output, plain_output
from survdash.nets.snn import SnnBlock

BLOCKS = 4


class Snn(nn.Module):
    """All gene groups side by side, four SNN blocks, one linear layer; the slide is not looked at.

    The blocks are Klambauer 2017's: SELU and its initialisation (section "Constructing self-normalizing neural
    networks") and alpha dropout ("New dropout technique").

    Genes J x (N, d_j) -> (N, sum d_j) -> four times Linear, SELU, AlphaDropout (N, ``width``) -> Linear (N, B).

    Notes
    -----
    Deliberate differences from the code of Chen 2021: SELU, as the papers say, where it has ELU; a gene of several
    groups stands once in each, where it takes the list of distinct genes.
    """

    def __init__(
        self, *, gene_dims: Sequence[int], bins: int = 4, tile_dim: int | None = None, width: int = 256
    ) -> None:
        super().__init__()
        widths = [sum(gene_dims), *[width] * BLOCKS]
        self.blocks = nn.Sequential(*(SnnBlock(a, b) for a, b in pairwise(widths)))
        self.hazard = nn.Linear(width, bins)

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes."""
        return plain_output(self.hazard(self.blocks(torch.cat(list(genes), dim=1))))
