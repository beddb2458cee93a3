"""The hypothetical curve is never mistaken for the prediction."""

from __future__ import annotations

import pytest

from survdash.errors import InputError
from survdash.figures.hypothetical import plot_what_if


def test_the_hypothetical_curve_is_dashed_and_named() -> None:
    own, other = plot_what_if([0, 12], [1, 0.9], [1, 0.5]).data
    assert (own.line.dash, other.line.dash) == (None, "dash")
    assert "hypothetical" in other.name
    assert list(other.y) == [1, 0.5]
    assert len(plot_what_if([0, 12], [1, 0.9], None).data) == 1


def test_curves_of_two_lengths_are_refused() -> None:
    for alive, other in (([1], None), ([1, 0.9], [1])):
        with pytest.raises(InputError):
            plot_what_if([0, 12], alive, other)
