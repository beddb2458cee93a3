"""Attention-based multiple-instance learning on tiles (Ilse 2018)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from survdash.nets.attention import DROPOUT, GatedAttentionPool
from survdash.nets.output import Output, plain_output
from survdash.nets.segments import segment_index


class AttnMil(nn.Module):
    """Gated attention pooling of the tiles (Ilse 2018, eqs. 7 to 9); no genes.

    Tiles (ΣM, D) -> projection (ΣM, d) -> gated attention (hidden d/2), pooled (N, d) -> Linear (N, B); d is ``width``.
    With ``hidden_layer`` there is one more layer, d -> d/2 with ReLU, before the last: the survival code of Chen 2021
    has it, and 920,069 weights with it.

    Notes
    -----
    Deliberate differences from Ilse 2018: the network that reads pixels is one projection of stored features, and the
    dropout of Chen 2021 follows it and both gates.
    """

    def __init__(
        self, *, tile_dim: int, bins: int = 4, gene_dims: Sequence[int] = (), width: int = 512,
        hidden_layer: bool = False,
    ) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(tile_dim, width), nn.ReLU(), nn.Dropout(DROPOUT))
        self.pool = GatedAttentionPool(width, width // 2)
        self.hidden = None
        if hidden_layer:
            self.hidden = nn.Sequential(nn.Linear(width, width // 2), nn.ReLU(), nn.Dropout(DROPOUT))
        self.hazard = nn.Linear(width // 2 if hidden_layer else width, bins)

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes."""
        pooled, _ = self.pool(self.project(tiles), segment_index(lengths), segments=len(lengths))
        return plain_output(self.hazard(pooled if self.hidden is None else self.hidden(pooled)))
