"""Deal the tiles of a case at random into a few groups (Zhang 2025, section 2.2).

The paper deals anew at every step and does not say how inference is made repeatable. Here a deal at inference is
drawn from the tiles' own content: the same case always gets the same deals, whatever the order of its tiles.
"""

from __future__ import annotations

import torch
from torch import Tensor

from survdash.nets.segments import segment_index, segment_sum

HASHED_FEATURES = 64  # enough of a tile's features to tell tiles apart; hashing all would cost as much as projecting
MIXERS = (-4658895280553007687, -7723592293110705685)  # the two factors of splitmix64's finaliser, as signed integers


def _mix(keys: Tensor) -> Tensor:
    """Spread every bit of (M,) int64 keys over all bits (splitmix64; multiplication wraps)."""
    for shift, factor in zip((30, 27), MIXERS, strict=True):
        keys = (keys ^ ((keys >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return keys ^ ((keys >> 31) & ((1 << 33) - 1))


def content_keys(tiles: Tensor) -> Tensor:
    """One int64 per tile, from the bits of its features alone: (M,) from (M, D) float32.

    Integer arithmetic, so batch size, order and threads change nothing.
    """
    step = max(1, tiles.shape[1] // HASHED_FEATURES)
    bits = (tiles.detach().float()[:, ::step].contiguous() + 0.0).view(torch.int32).long()  # + 0.0 makes -0 a 0
    weights = _mix(torch.arange(1, bits.shape[1] + 1, device=tiles.device)) | 1
    return _mix((bits * weights).sum(dim=1))


def deal_keys(content: Tensor, number: int) -> Tensor:
    """Keys of deal ``number``: an order of its own for each number, (ΣM,) from content keys."""
    return _mix(content ^ _mix(torch.full_like(content, number + 1)))


def deal_mean(projected: Tensor, keys: Tensor, lengths: Tensor, *, groups: int) -> Tensor:
    """Average the projected tiles of each dealt group.

    Tiles are sorted by key within their case and dealt out like cards, so group sizes differ by at most one. A case
    with fewer tiles than groups uses its tiles again in turn: group g gets tile g mod M.

    Parameters
    ----------
    projected : Tensor, shape (ΣM, d)
    keys : Tensor, shape (ΣM,)
        Random or content keys.
    lengths : Tensor, shape (N,)
    groups : int
        Number of groups C_p.

    Returns
    -------
    Tensor, shape (N, C_p, d)
    """
    cases = segment_index(lengths)
    by_key = torch.argsort(keys, stable=True)
    order = by_key[torch.argsort(cases[by_key], stable=True)]
    starts = torch.cumsum(lengths, 0) - lengths
    card = torch.arange(len(order), device=keys.device) - starts[cases]
    target = cases * groups + card % groups
    total = len(lengths) * groups
    sums = segment_sum(projected[order], target, segments=total)
    counts = torch.bincount(target, minlength=total).clamp_min(1)
    tokens = (sums / counts[:, None]).reshape(len(lengths), groups, -1)
    number = torch.arange(groups, device=keys.device)
    again = number[None] % lengths[:, None]
    return torch.take_along_dim(tokens, again[..., None], dim=1)
