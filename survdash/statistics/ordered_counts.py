"""Counting pairs without looking at each: how many of the first k values lie below a bound, in O(log N) a question."""

from __future__ import annotations

import numpy as np


def count_below(
    ranks: np.ndarray, ends: np.ndarray, bounds: np.ndarray, *, weights: np.ndarray | None = None
) -> np.ndarray:
    """How many of ``ranks[:end]`` are less than ``bound``, for Q questions at once; or the sum of their weights.

    Parameters
    ----------
    ranks : ndarray, shape (N,)
        int, at or above zero.
    ends, bounds : ndarray, shape (Q,)
        int; ends from 0 to N.
    weights : ndarray, shape (N,), optional

    Returns
    -------
    ndarray, shape (Q,)
        int without weights.

    Notes
    -----
    A wavelet matrix (Claude and Navarro 2012): ranks are split by one bit at a time, highest first, and each question
    follows its bound's bits; O((N + Q) log N) time, O(N + Q) memory.
    """
    levels = int(max(ranks.max(initial=0), bounds.max(initial=0))).bit_length()
    current = ranks.astype(np.int64)
    carried = np.ones(ranks.size, np.int64) if weights is None else weights
    left, right = np.zeros(ends.size, np.int64), ends.astype(np.int64)
    found = np.zeros(ends.size, carried.dtype)
    for bit in range(levels - 1, -1, -1):
        ones = (current >> bit & 1).astype(bool)
        zeros_before = np.concatenate([[0], np.cumsum(~ones)])
        zeros_left, zeros_right = zeros_before[left], zeros_before[right]
        up = (bounds >> bit & 1).astype(bool)
        if weights is None:
            found += np.where(up, zeros_right - zeros_left, 0)
        else:
            sums = np.concatenate([[0.0], np.cumsum(np.where(ones, 0.0, carried))])
            found += np.where(up, sums[right] - sums[left], 0.0)
            carried = np.concatenate([carried[~ones], carried[ones]])
        middle = zeros_before[-1]
        left = np.where(up, middle + left - zeros_left, zeros_left)
        right = np.where(up, middle + right - zeros_right, zeros_right)
        current = np.concatenate([current[~ones], current[ones]])
    return found
