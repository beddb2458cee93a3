"""Weights of layers by their formulas, and the widths that published sizes are stated for."""

from __future__ import annotations

from torch import nn

# Gene groups of TCGA-BLCA in the public data of Chen 2021, and the tiles' features.
BLCA_GROUPS, BLCA_DISTINCT = (94, 334, 521, 468, 1496, 479), 3062
REPEATED = sum(BLCA_GROUPS) - BLCA_DISTINCT  # columns that stand in more than one group
TILE = 1024


def linear(d_in: int, d_out: int) -> int:
    """A matrix and a bias."""
    return d_in * d_out + d_out


def gated_attention(width: int, hidden: int) -> int:
    """Two branches and the score."""
    return 2 * linear(width, hidden) + linear(hidden, 1)


def size(model: nn.Module) -> int:
    """Number of weights."""
    return sum(weight.numel() for weight in model.parameters())
