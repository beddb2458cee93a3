"""Nyström self-attention: softmax attention through a few landmarks, linear in the number of tokens (Xiong 2021)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from survdash.nets.registry import HEADS
from survdash.nets.segments import segment_sum

PINV_STEPS = 6
CONV_SPAN = 33  # tokens that the residual convolution sees


def landmark_means(tokens: Tensor, count: int) -> Tensor:
    """Mean of each of ``count`` runs of neighbouring tokens: (N, m, d) from (N, T, d), m <= T.

    Run lengths differ by at most one (Xiong 2021, eq. 5 and 6, where ``count`` divides T).
    """
    cases, length, width = tokens.shape
    run = torch.arange(length, device=tokens.device) * count // length
    sums = segment_sum(tokens.transpose(0, 1).reshape(length, -1), run, segments=count)
    means = sums / torch.bincount(run, minlength=count)[:, None]
    return means.reshape(count, cases, width).transpose(0, 1)


def pseudo_inverse(matrix: Tensor, *, steps: int = PINV_STEPS) -> Tensor:
    """Moore-Penrose inverse of (..., m, m) row-stochastic matrices by iteration of third order (Xiong 2021, eq. 11).

    It starts at A^T / (|A|_1 |A|_inf), each matrix by its own norms, and needs no decomposition.
    """
    norms = matrix.abs().sum(dim=-1).amax(dim=-1) * matrix.abs().sum(dim=-2).amax(dim=-1)
    inverse = matrix.transpose(-1, -2) / norms[..., None, None]
    unit = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    for _ in range(steps):
        product = matrix @ inverse
        inverse = 0.25 * inverse @ (13 * unit - product @ (15 * unit - product @ (7 * unit - product)))
    return inverse


def nystrom_attention(
    queries: Tensor, keys: Tensor, values: Tensor, *, landmark_queries: Tensor, landmark_keys: Tensor
) -> Tensor:
    """Approximate softmax(Q K^T / sqrt d_k) V by softmax(Q L_k^T) softmax(L_q L_k^T)^+ softmax(L_q K^T) V (eq. 13).

    Both long factors are attentions themselves, to few keys and from few queries, and run as fused kernels: no matrix
    of tokens by landmarks is ever stored.

    Parameters
    ----------
    queries : Tensor, shape (N, H, Q, d_k)
    keys, values : Tensor, shape (N, H, T, d_k)
    landmark_queries, landmark_keys : Tensor, shape (N, H, m, d_k)

    Returns
    -------
    Tensor, shape (N, H, Q, d_k)
    """
    core = torch.softmax(landmark_queries @ landmark_keys.transpose(-1, -2) * queries.shape[-1] ** -0.5, dim=-1)
    gathered = F.scaled_dot_product_attention(landmark_queries, keys, values)
    return F.scaled_dot_product_attention(queries, landmark_keys, pseudo_inverse(core) @ gathered)


class NystromAttention(nn.Module):
    """Multi-head self-attention of 8 heads, d/2 landmarks, and a depth-wise convolution of the values beside it.

    (N, T, d) to (N, T, d): project to queries, keys and values without bias, attend by ``nystrom_attention``, add the
    values convolved along the tokens (one kernel of 33 per head; Xiong 2021, section 3.3), Linear, Dropout.

    Notes
    -----
    Deliberate differences from the public code: landmarks are runs of nearly equal length, where it pads the sequence
    with zero tokens that then take attention themselves; fewer tokens than landmarks are landmarks each, and attention
    is exact; the iteration for the inverse starts from each matrix's own norms, not from the largest of the batch, so
    that a case's answer does not depend on its company.
    """

    def __init__(self, width: int, *, dropout: float) -> None:
        super().__init__()
        self.landmarks = width // 2
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.residual = nn.Conv2d(HEADS, HEADS, (CONV_SPAN, 1), padding=(CONV_SPAN // 2, 0), groups=HEADS, bias=False)
        self.out = nn.Sequential(nn.Linear(width, width), nn.Dropout(dropout))

    def forward(self, tokens: Tensor, *, first: int | None = None) -> Tensor:
        """Attend among all tokens; with ``first``, only the first so many are answered and computed: (N, first, d)."""
        asked = tokens if first is None else tokens[:, :first]
        # The mean of projections is the projection of the mean, so landmarks cost m projections.
        means = landmark_means(tokens, min(self.landmarks, tokens.shape[1]))
        values = _heads(self.value(tokens))
        attended = nystrom_attention(
            _heads(self.query(asked)), _heads(self.key(tokens)), values,
            landmark_queries=_heads(self.query(means)), landmark_keys=_heads(self.key(means)),
        )
        seen = values if first is None else values[:, :, : first + CONV_SPAN // 2]
        mixed = attended + self.residual(seen)[:, :, : asked.shape[1]]
        answer: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return answer


def _heads(rows: Tensor) -> Tensor:
    """(N, H, T, d_k) from (N, T, d)."""
    return rows.unflatten(2, (HEADS, -1)).transpose(1, 2)
