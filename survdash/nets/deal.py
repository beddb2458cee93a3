"""Deal the tiles of a case at random into a few groups (Zhang 2025, section 2.2).

The paper deals anew at every step and does not say how inference is made repeatable. Here a deal at inference is
drawn from the tiles' own content: the same case always gets the same deals, whatever the order of its tiles. Tiles are
first ranked by a score that is continuous in their features, so that the last bit of a feature, which another number of
threads may round otherwise, moves at most two neighbours and not the whole deal.
"""

from __future__ import annotations

import torch
from torch import Tensor

from survdash.nets.segments import segment_index, segment_sum

ROWS_AT_ONCE = 8192  # tiles scored together: bounds the memory that float64 takes
MIXERS = (-4658895280553007687, -7723592293110705685)  # the two factors of splitmix64's finaliser, as signed integers


def _mix(keys: Tensor) -> Tensor:
    """Spread every bit of int64 keys over all bits (splitmix64; multiplication wraps)."""
    for shift, factor in zip((30, 27), MIXERS, strict=True):
        keys = (keys ^ ((keys >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return keys ^ ((keys >> 31) & ((1 << 33) - 1))


def content_ranks(tiles: Tensor, lengths: Tensor) -> Tensor:
    """Rank of each tile within its case by its content: (ΣM,) int64 from (ΣM, D) tiles of (N,) lengths.

    The score is a fixed pseudo-random direction of the feature space, in float64; equal tiles are interchangeable.
    """
    direction = _mix(torch.arange(1, tiles.shape[1] + 1, device=tiles.device)).double() / 2.0**63
    scores = torch.cat([rows.detach().double() @ direction for rows in tiles.split(ROWS_AT_ONCE)])
    order = order_within_case(scores, lengths)
    ranks = torch.empty_like(order)
    ranks[order] = _place_in_case(lengths)
    return ranks


def deal_keys(ranks: Tensor, number: int) -> Tensor:
    """Keys of deal ``number``: a pseudo-random order of its own for each number, (ΣM,) from content ranks."""
    return _mix(ranks ^ _mix(torch.full_like(ranks, number + 1)))


def order_within_case(keys: Tensor, lengths: Tensor) -> Tensor:
    """Row numbers sorted by case, then by key: (ΣM,)."""
    by_key = torch.argsort(keys, stable=True)
    return by_key[torch.argsort(segment_index(lengths)[by_key], stable=True)]


def _place_in_case(lengths: Tensor) -> Tensor:
    """0, 1, ... within each case: (ΣM,)."""
    cases = segment_index(lengths)
    starts = torch.cumsum(lengths, 0) - lengths
    return torch.arange(len(cases), device=lengths.device) - starts[cases]


def deal_mean(projected: Tensor, keys: Tensor, lengths: Tensor, *, groups: int) -> Tensor:
    """Average the projected tiles of each dealt group.

    Tiles are sorted by key within their case and dealt out like cards, so group sizes differ by at most one. A case
    with fewer tiles than groups uses its tiles again in turn: group g gets tile g mod M.

    Parameters
    ----------
    projected : Tensor, shape (ΣM, d)
    keys : Tensor, shape (ΣM,)
        Random, or from ``deal_keys``.
    lengths : Tensor, shape (N,)
    groups : int
        Number of groups C_p.

    Returns
    -------
    Tensor, shape (N, C_p, d)
    """
    order = order_within_case(keys, lengths)
    target = segment_index(lengths) * groups + _place_in_case(lengths) % groups
    total = len(lengths) * groups
    sums = segment_sum(projected[order], target, segments=total)
    counts = torch.bincount(target, minlength=total).clamp_min(1)
    tokens = (sums / counts[:, None]).reshape(len(lengths), groups, -1)
    number = torch.arange(groups, device=keys.device)
    again = number[None] % lengths[:, None]
    return torch.take_along_dim(tokens, again[..., None], dim=1)
