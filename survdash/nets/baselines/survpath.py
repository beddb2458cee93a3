"""Pathway tokens and tiles in one memory-light Transformer (Jaume 2024, CVPR, "SurvPath")."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from survdash.nets.output import Output, plain_output
from survdash.nets.segments import segment_mean
from survdash.nets.snn import GeneEncoder

DROPOUT = 0.1  # of the feed-forward layer


class PathwayAttention(nn.Module):
    """One head of attention without its tile-to-tile part.

    Pathways look at pathways and tiles, under one softmax; tiles look at pathways alone. So time and memory are linear
    in the number of tiles.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * (width // 2), bias=False)

    def forward(self, pathways: Tensor, tiles: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """(N, J, d) and (ΣM, d) tiles of (N,) lengths to (N, J, d/2) and (ΣM, d/2)."""
        of_pathways, of_tiles = self.qkv(self.norm(pathways)), self.qkv(self.norm(tiles))
        seen = [self._one_case(*case) for case in zip(of_pathways, of_tiles.split(lengths.tolist()), strict=True)]
        return torch.stack([one for one, _ in seen]), torch.cat([one for _, one in seen])

    @staticmethod
    def _one_case(of_pathways: Tensor, of_tiles: Tensor) -> tuple[Tensor, Tensor]:
        """(J, 3d/2) and (M, 3d/2), queries, keys and values side by side, to (J, d/2) and (M, d/2)."""
        query, key, value = of_pathways[None].chunk(3, dim=-1)
        tile_query, tile_key, tile_value = of_tiles[None].chunk(3, dim=-1)
        pathways = functional.scaled_dot_product_attention(
            query, torch.cat([key, tile_key], dim=1), torch.cat([value, tile_value], dim=1)
        )
        return pathways[0], functional.scaled_dot_product_attention(tile_query, key, value)[0]


class SurvPath(nn.Module):
    """One SNN a pathway, pathway attention, feed-forward and norm, the mean of each modality, hazards.

    The paper's pathway tokenizer (``GeneEncoder``), patch projection and multimodal fusion (``PathwayAttention``).
    Pathways J x (N, d_j) -> (N, J, d) and tiles (ΣM, D) -> (ΣM, d); attended (N, J, d/2) and (ΣM, d/2); their means
    (N, d) -> (N, B).

    Parameters
    ----------
    tile_dim : int
    gene_dims : sequence of int
        Width of each pathway; the pathways are the gene groups of the cohort, from whatever table it was made with.
    bins : int
    width : int
        Token width d; 256 as published, d/2 within and after the attention.

    Notes
    -----
    Deliberate differences from the public code: SELU where it has ELU; any table of groups in place of its 331
    Reactome and hallmark pathways.
    """

    def __init__(self, *, tile_dim: int, gene_dims: Sequence[int], bins: int = 4, width: int = 256) -> None:
        super().__init__()
        half = width // 2
        self.project = nn.Linear(tile_dim, width)
        self.encode_genes = GeneEncoder(gene_dims, width)
        self.attend = PathwayAttention(width)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(half), nn.Linear(half, half), nn.GELU(), nn.Dropout(DROPOUT), nn.Linear(half, half),
            nn.LayerNorm(half),
        )
        self.hazard = nn.Sequential(nn.Linear(width, width // 4), nn.ReLU(), nn.Linear(width // 4, bins))

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes."""
        pathways, seen = self.attend(self.encode_genes(genes), self.project(tiles), lengths)
        means = [self.feed_forward(pathways).mean(dim=1), segment_mean(self.feed_forward(seen), lengths)]
        return plain_output(self.hazard(torch.cat(means, dim=1)))
