"""The real curve of like patients, with a mark for each of them."""

from __future__ import annotations

import numpy as np
import pytest

from survdash.errors import InputError
from survdash.figures.like_patients import plot_like_patients
from survdash.statistics.kaplan_meier import kaplan_meier


def test_deaths_and_last_contacts_are_marked_by_form_on_the_curve() -> None:
    fit = kaplan_meier([10.0, 20.0, 30.0, 40.0], [True, False, True, False])
    curve, died, seen, own = plot_like_patients([0, 12, 24], [1, 0.9, 0.8], fit).data
    assert list(curve.x) == [0, 10, 20, 30, 40]
    np.testing.assert_allclose(curve.y, [1, 0.75, 0.75, 0.375, 0.375])  # 3/4, then half of it
    assert (list(died.x), list(seen.x)) == ([10, 30], [20, 40])
    assert died.marker.symbol != seen.marker.symbol
    assert list(own.x) == [0, 12, 24]
    assert own.line.dash != curve.line.dash


def test_nothing_predicted_is_no_figure() -> None:
    fit = kaplan_meier([10.0, 20.0], [True, False])
    for months, alive in (([], []), ([0, 1], [1])):
        with pytest.raises(InputError):
            plot_like_patients(months, alive, fit)
