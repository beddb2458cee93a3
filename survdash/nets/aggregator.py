"""From tokens to hazards: the aggregator T(.) of Zhang 2025, section 2.5, and the head on two such vectors."""

from __future__ import annotations

from torch import Tensor, nn

from survdash.nets.attention import GatedAttentionPool
from survdash.nets.registry import HEADS

LAYERS, DROPOUT = 2, 0.25


class Aggregator(nn.Module):
    """(N, T, d) tokens to one (N, d) vector; the feed-forward width is 2d (512 at d = 256)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            width, HEADS, dim_feedforward=2 * width, dropout=DROPOUT, activation="relu", batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.pool = GatedAttentionPool(width, width)
        self.head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Dropout(DROPOUT))

    def forward(self, tokens: Tensor) -> Tensor:
        """Aggregate the tokens of each case."""
        return self.with_weights(tokens)[0]

    def with_weights(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The aggregate (N, d), and what each token weighed in the pooling, (N, T)."""
        encoded = self.encoder(tokens)
        weights = self.pool.token_weights(encoded)
        return self.head((weights[..., None] * encoded).sum(dim=1)), weights


def concat_head(width: int, bins: int) -> nn.Sequential:
    """Two (N, d) vectors side by side, (N, 2d), to (N, B) hazard logits: Linear, ReLU, Linear, ReLU, Linear.

    The late fusion by concatenation of Chen 2021, and of those who build on it.
    """
    return nn.Sequential(
        nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, bins)
    )
