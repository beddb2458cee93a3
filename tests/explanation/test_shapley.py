"""Shapley values against the mean over all orders, and what they must hold."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.errors import InputError
from survdash.explanation.shapley import shapley_values


@given(seed=st.integers(0, 1000), count=st.integers(1, 4))
def test_they_are_the_mean_over_all_orders_and_add_up(seed: int, count: int) -> None:
    random, players = np.random.default_rng(seed), tuple("abcd"[:count])
    worths: dict[frozenset[str], float] = {}

    def worth(there: frozenset[str]) -> float:
        return worths.setdefault(there, float(random.normal()))

    found = shapley_values(players, worth)
    by_orders = dict.fromkeys(players, 0.0)
    orders = list(permutations(players))
    for order in orders:
        for place, player in enumerate(order):
            by_orders[player] += (worth(frozenset(order[: place + 1])) - worth(frozenset(order[:place]))) / len(orders)
    assert found == pytest.approx(by_orders, abs=1e-12)
    assert sum(found.values()) == pytest.approx(worth(frozenset(players)) - worth(frozenset()), abs=1e-12)


def test_too_many_players_are_refused() -> None:
    with pytest.raises(InputError, match="9 parts"):
        shapley_values(tuple("abcdefghi"), len)
