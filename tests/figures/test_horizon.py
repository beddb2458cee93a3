"""A hundred people, told apart by form."""

from __future__ import annotations

import pytest

from survdash.errors import InputError
from survdash.figures.horizon import plot_of_100


def test_as_many_as_are_alive_are_full_circles_and_the_others_crosses() -> None:
    figure = plot_of_100({12: 0.974, 36: 0.5, 60: 0.0})
    shown = [(one.marker.symbol, len(one.x)) for one in figure.data]
    assert shown == [("circle", 97), ("x-thin", 3), ("circle", 50), ("x-thin", 50), ("circle", 0), ("x-thin", 100)]
    places = {(x, y) for one in figure.data[:2] for x, y in zip(one.x, one.y, strict=True)}
    assert places == {(x, y) for x in range(10) for y in range(10)}
    assert [one.text for one in figure.layout.annotations] == [
        "<b>97</b><br>1 year", "<b>50</b><br>3 years", "<b>0</b><br>5 years",
    ]  # fmt: skip


@pytest.mark.parametrize("shares", [{}, {12: 1.2}, {12: float("nan")}])
def test_what_is_no_share_is_no_people(shares) -> None:
    with pytest.raises(InputError):
        plot_of_100(shares)
