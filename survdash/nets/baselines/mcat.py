"""Multimodal co-attention Transformer: genes ask the tiles (Chen 2021, ICCV, "MCAT")."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from survdash.nets.aggregator import Aggregator, concat_head
from survdash.nets.output import Output, plain_output
from survdash.nets.snn import GeneEncoder

DROPOUT = 0.25


class CoAttention(nn.Module):
    """Genomic-guided co-attention with one head: softmax(Q_g K_p^T / sqrt d) V_p, then W_o.

    The key and value projections are moved to the other side of the products, where there are J gene tokens instead of
    M tiles: q . (W_k h) = (W_k^T q) . h, and the softmax-weighted mean of (W_v h + b_v) is W_v of the mean of h, plus
    b_v. The result is that of the formula; the cost of a tile falls from 2 d^2 to 2 J d. A key bias would add the
    same number to all scores of a query, which the softmax takes out again, so there is none.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, genes: Tensor, tiles: Tensor, lengths: Tensor) -> Tensor:
        """(N, J, d) gene tokens and (ΣM, d) tiles of (N,) lengths to (N, J, d) gene-guided slide tokens."""
        queries = self.query(genes) @ self.key.weight * genes.shape[-1] ** -0.5
        seen = [
            torch.softmax(query @ bag.T, dim=1) @ bag
            for query, bag in zip(queries, tiles.split(lengths.tolist()), strict=True)
        ]
        tokens: Tensor = self.out(self.value(torch.stack(seen)))
        return tokens


class Mcat(nn.Module):
    """Tile projection and gene SNNs, co-attention, one set Transformer a modality, concatenation, hazards.

    The parts are the paper's: genomic-guided co-attention (``CoAttention``), set-based MIL Transformers and global
    attention pooling (``Aggregator``), and the late fusion by concatenation (``concat_head``). Tiles (ΣM, D) ->
    (ΣM, d); genes J x (N, d_j) -> (N, J, d); co-attended (N, J, d); each side pooled (N, d); both -> (N, B).

    Parameters
    ----------
    tile_dim : int
        Width D of the tile features.
    gene_dims : sequence of int
        Width of each gene group; one token each.
    bins : int
    width : int
        Token width d; 256 as published.

    Notes
    -----
    Deliberate differences from the public code: SELU where it has ELU (the paper says SELU), no key bias in the
    co-attention (256 numbers without effect), cases of a step in one batch.
    """

    def __init__(self, *, tile_dim: int, gene_dims: Sequence[int], bins: int = 4, width: int = 256) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(tile_dim, width), nn.ReLU(), nn.Dropout(DROPOUT))
        self.encode_genes = GeneEncoder(gene_dims, width)
        self.coattend = CoAttention(width)
        self.aggregate_slide, self.aggregate_genes = Aggregator(width), Aggregator(width)
        self.hazard = concat_head(width, bins)

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes."""
        gene_tokens = self.encode_genes(genes)
        slide_tokens = self.coattend(gene_tokens, self.project(tiles), lengths)
        fused = torch.cat([self.aggregate_slide(slide_tokens), self.aggregate_genes(gene_tokens)], dim=1)
        return plain_output(self.hazard(fused))
