"""Exact Shapley values of a few players (Shapley 1953)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import factorial

from survdash.errors import InputError

MOST_PLAYERS = 8  # 256 coalitions
Worth = Callable[[frozenset[str]], float]


def shapley_values(players: Sequence[str], worth: Worth) -> dict[str, float]:
    """Share of each player in ``worth(all) - worth(none)``: the mean over all orders of what he adds when he joins.

    Parameters
    ----------
    players : sequence of str
        Each once, at most ``MOST_PLAYERS``.
    worth : callable
        Worth of a coalition; asked once for each.

    Returns
    -------
    dict
        They add up to ``worth(all) - worth(none)``.

    Raises
    ------
    InputError
        If there are too many players.

    Examples
    --------
    >>> shapley_values(("a", "b"), lambda there: {0: 0.0, 1: 1.0, 2: 4.0}[len(there)])
    {'a': 2.0, 'b': 2.0}
    """
    count = len(players)
    if count > MOST_PLAYERS:
        raise InputError(f"{count} parts make too many coalitions.", hint=f"Shares are of at most {MOST_PLAYERS}.")
    worths = {
        frozenset(some): worth(frozenset(some)) for size in range(count + 1) for some in combinations(players, size)
    }
    shares = {}
    for player in players:
        others = [one for one in players if one != player]
        shares[player] = sum(
            factorial(size) * factorial(count - size - 1) / factorial(count)
            * (worths[frozenset((*some, player))] - worths[frozenset(some)])
            for size in range(count) for some in combinations(others, size)
        )
    return shares
