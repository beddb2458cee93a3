"""Many bags in one tensor: case i owns the i-th slice of ΣM rows.

Working on all rows at once keeps small bags as fast as large ones: one matrix product instead of one per patient.
"""

from __future__ import annotations

import torch
from torch import Tensor


def segment_index(lengths: Tensor) -> Tensor:
    """Which case each row belongs to: (ΣM,) long from (N,) lengths."""
    return torch.repeat_interleave(torch.arange(len(lengths), device=lengths.device), lengths)


def segment_sum(rows: Tensor, index: Tensor, *, segments: int) -> Tensor:
    """Sum of the rows of each segment: (segments, d) from (ΣM, d)."""
    return rows.new_zeros(segments, *rows.shape[1:]).index_add(0, index, rows)


def segment_softmax(scores: Tensor, index: Tensor, *, segments: int) -> Tensor:
    """Softmax of (ΣM,) scores within each segment; stable, each segment sums to 1."""
    top = scores.new_full((segments,), -torch.inf).scatter_reduce(0, index, scores.detach(), "amax")
    weights = torch.exp(scores - top[index])
    return weights / segment_sum(weights, index, segments=segments)[index]


def segment_mean(rows: Tensor, lengths: Tensor) -> Tensor:
    """Mean row of each case: (N, d) from (ΣM, d) and (N,) lengths."""
    return segment_sum(rows, segment_index(lengths), segments=len(lengths)) / lengths[:, None]
