"""Deal the tiles of a case at random into a few groups (Zhang 2025, section 2.2).

The paper deals anew at every step and does not say how inference is made repeatable. Here a deal at inference is
drawn from the tiles' own content: the same case always gets the same deals, whatever the order of its tiles. Tiles are
first ranked by a score that is continuous in their features, so that the last bit of a feature, which another number of
threads may round otherwise, moves at most two neighbours and not the whole deal.

A deal is a table of shares, one row a group: its product with the tiles averages each group, which costs a twentieth of
projecting them even for eight deals, and its transpose hands what a group was given back to its tiles.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

ROWS_AT_ONCE = 64  # tiles scored together: their float64 copy stays in the processor's cache, 6x faster than 128
MIXERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)  # the two factors of splitmix64's finaliser


def _mix(keys: np.ndarray) -> np.ndarray:
    """Spread every bit of uint64 keys over all bits (splitmix64; multiplication wraps); equal only for equal keys."""
    for shift, factor in zip((30, 27), MIXERS, strict=True):
        keys = (keys ^ (keys >> np.uint64(shift))) * np.uint64(factor)
    return keys ^ (keys >> np.uint64(31))


def content_order(tiles: Tensor) -> Tensor:
    """Row numbers of one case's tiles sorted by their content: (M,) int64 from (M, D).

    The score is a fixed pseudo-random direction of the feature space, in float64; equal tiles are interchangeable.
    """
    numbers = np.arange(1, tiles.shape[1] + 1, dtype=np.uint64)
    direction = torch.from_numpy(_mix(numbers).view(np.int64) / 2.0**63).to(tiles.device)
    scores = direction.new_empty(len(tiles))
    # One buffer for all: with a copy of their own for each few rows, the allocator may keep as much as all of them.
    buffer = direction.new_empty(ROWS_AT_ONCE, tiles.shape[1])
    for rows, place in zip(tiles.detach().split(ROWS_AT_ONCE), scores.split(ROWS_AT_ONCE), strict=True):
        torch.mv(buffer[: len(rows)].copy_(rows), direction, out=place)
    return torch.argsort(scores, stable=True)


def content_shuffles(tiles: Tensor, *, count: int) -> Tensor:
    """Pseudo-random orders of one case's tiles, drawn from its content: row numbers (count, M) of (M, D) tiles."""
    seeds = _mix(np.arange(1, count + 1, dtype=np.uint64))
    keys = _mix(np.arange(len(tiles), dtype=np.uint64) ^ seeds[:, None]).view(np.int64)
    by_key = torch.from_numpy(np.argsort(keys, axis=1)).to(tiles.device)  # numpy sorts these five times faster
    return content_order(tiles)[by_key]


def content_deals(tiles: Tensor, *, deals: int, groups: int) -> Tensor:
    """The first ``deals`` deals of one case, drawn from its content: shares (deals * groups, M) of (M, D) tiles."""
    if not len(tiles):
        return tiles.new_zeros(deals * groups, 0)
    return shares_of(content_shuffles(tiles, count=deals), groups=groups, dtype=tiles.dtype)


def random_deal(keys: Tensor, *, groups: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """One deal of one case by (M,) random keys: shares (groups, M)."""
    return shares_of(torch.argsort(keys, stable=True)[None], groups=groups, dtype=dtype)


def shares_of(order: Tensor, *, groups: int, dtype: torch.dtype) -> Tensor:
    """What each tile weighs in each group.

    Tiles are dealt out like cards, so group sizes differ by at most one. A case with fewer tiles than groups uses its
    tiles again in turn: group g gets tile g mod M. A case without tiles has empty rows.

    Parameters
    ----------
    order : Tensor, shape (R, M), int64
        Row numbers of the tiles in the order in which each of R deals hands them out.
    groups : int
        Number of groups C_p.
    dtype : torch.dtype
        That of the shares.

    Returns
    -------
    Tensor, shape (R * C_p, M)
        Each row sums to 1: ``shares @ projected`` are the slide tokens of the R deals.
    """
    deals, size = order.shape
    shares = torch.zeros(deals, groups, size, dtype=dtype, device=order.device)
    if not size:
        return shares.reshape(deals * groups, size)
    places = torch.arange(max(size, groups), device=order.device)
    group, tile = places % groups, order[:, places % size]
    counts = torch.bincount(group, minlength=groups).to(dtype)
    shares[torch.arange(deals, device=order.device)[:, None], group, tile] = counts.reciprocal()[group]
    return shares.reshape(deals * groups, size)
