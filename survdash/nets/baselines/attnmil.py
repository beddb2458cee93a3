"""Attention-based multiple-instance learning on tiles (Ilse 2018)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from survdash.errors import InputError
from survdash.nets.attention import DROPOUT, GatedAttentionPool
from survdash.nets.output import Output, plain_output
from survdash.nets.segments import segment_index


class AttnMil(nn.Module):
    """Projection D -> ``width``, gated attention pooling (hidden ``width``/2), one linear layer; no genes."""

    def __init__(
        self, *, tile_dim: int | None, bins: int = 4, gene_dims: Sequence[int] = (), width: int = 512
    ) -> None:
        super().__init__()
        if tile_dim is None:
            raise InputError("AttnMIL needs a slide.")
        self.project = nn.Sequential(nn.Linear(tile_dim, width), nn.ReLU(), nn.Dropout(DROPOUT))
        self.pool = GatedAttentionPool(width, width // 2)
        self.hazard = nn.Linear(width, bins)

    def forward(self, tiles: Tensor, lengths: Tensor, genes: Sequence[Tensor]) -> Output:
        """Hazard logits of N cases; see ``survdash.nets.build`` for the shapes."""
        pooled, _ = self.pool(self.project(tiles), segment_index(lengths), segments=len(lengths))
        return plain_output(self.hazard(pooled))
