"""Gated attention pooling (Ilse 2018, eqs. 8-9)."""

from __future__ import annotations

from torch import Tensor, nn

from survdash.nets.segments import segment_softmax, segment_sum

DROPOUT = 0.25


class GatedAttentionPool(nn.Module):
    """a = softmax_i(w^T (tanh(V h_i) * sigmoid(U h_i))), pooled = sum_i a_i h_i, within each case.

    Input rows (ΣM, d), their case (ΣM,) and the number of cases N; output pooled (N, d) and weights (ΣM,).
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.content = nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Dropout(DROPOUT))
        self.gate = nn.Sequential(nn.Linear(width, hidden), nn.Sigmoid(), nn.Dropout(DROPOUT))
        self.score = nn.Linear(hidden, 1)

    def forward(self, rows: Tensor, index: Tensor, *, segments: int) -> tuple[Tensor, Tensor]:
        """Pool the rows of each segment."""
        scores = self.score(self.content(rows) * self.gate(rows)).squeeze(-1)
        weights = segment_softmax(scores, index, segments=segments)
        return segment_sum(weights[:, None] * rows, index, segments=segments), weights

    def token_weights(self, tokens: Tensor) -> Tensor:
        """What each of (N, T, d) tokens weighs when as many are pooled in every case: (N, T), of sum 1."""
        return self.score(self.content(tokens) * self.gate(tokens)).squeeze(-1).softmax(dim=1)
