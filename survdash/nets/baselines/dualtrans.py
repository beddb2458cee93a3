"""Two Transformers side by side, one a modality, without interaction (the concatenation baseline of Zhou 2023)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from survdash.nets.aggregator import Aggregator, concat_head
from survdash.nets.attention import GatedAttentionPool
from survdash.nets.baselines.nystrom import NystromAttention
from survdash.nets.deal import content_order
from survdash.nets.output import Output, plain_output
from survdash.nets.segments import segment_index
from survdash.nets.snn import GeneEncoder

LAYERS = 2
DROPOUT, ATTENTION_DROPOUT = 0.25, 0.1


class DualTrans(nn.Module):
    """Tiles through Nyström layers, gene tokens through a Transformer, each pooled; concatenation, hazards.

    Tiles (ΣM, D) -> projection (ΣM, d) -> twice x + attention(LayerNorm x), case by case -> LayerNorm -> gated
    attention pooling (hidden d) -> Linear, ReLU (N, d). Genes (N, J, d) -> ``Aggregator`` (N, d). Both ->
    ``concat_head`` (N, B).

    Parameters
    ----------
    tile_dim : int
    gene_dims : sequence of int
        Width of each gene group; one token each.
    bins : int
    width : int
        Token width d; 256 by default.

    Notes
    -----
    Sizes are those of the other models here, so that the missing interaction is what sets it apart. Nyström landmarks
    and the convolution beside them depend on the order of the tokens. Here the tiles are put in an order of their
    content first, so that the answer does not depend on how they lie in the file, and landmarks are means of tiles
    that are alike in one direction of the feature space.
    """

    def __init__(self, *, tile_dim: int, gene_dims: Sequence[int], bins: int = 4, width: int = 256) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(tile_dim, width), nn.ReLU(), nn.Dropout(DROPOUT))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(LAYERS + 1))
        self.layers = nn.ModuleList(NystromAttention(width, dropout=ATTENTION_DROPOUT) for _ in range(LAYERS))
        self.pool = GatedAttentionPool(width, width)
        self.slide = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Dropout(DROPOUT))
        self.encode_genes = GeneEncoder(gene_dims, width)
        self.aggregate_genes = Aggregator(width)
        self.hazard = concat_head(width, bins)

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes."""
        sizes = lengths.tolist()
        both = zip(self.project(tiles).split(sizes), tiles.split(sizes), strict=True)
        bags = [projected[content_order(own)] for projected, own in both]
        attended = torch.cat([self._attend(bag[None])[0] for bag in bags])
        pooled, _ = self.pool(attended, segment_index(lengths), segments=len(lengths))
        vectors = [self.slide(pooled), self.aggregate_genes(self.encode_genes(genes))]
        return plain_output(self.hazard(torch.cat(vectors, dim=1)))

    def _attend(self, tokens: Tensor) -> Tensor:
        """Both layers on one case: (1, M, d) to (1, M, d)."""
        for norm, layer in zip(self.norms, self.layers, strict=False):  # the last norm comes after the layers
            tokens = tokens + layer(norm(tokens))
        normed: Tensor = self.norms[LAYERS](tokens)
        return normed
