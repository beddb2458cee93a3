from __future__ import annotations

import numpy as np
import pytest

from survdash.errors import InputError
from survdash.statistics.twins import find_twins


def test_a_row_that_was_measured_twice_is_found_and_no_other() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100, 300))
    again = rows[17] + 0.05 * rng.normal(size=300)  # as two runs of one sample
    found = find_twins(np.vstack([rows, again]))
    assert [(one.first, one.second) for one in found] == [(17, 100)]
    assert found[0].correlation > 0.99


def test_gaps_and_constant_columns_make_no_twins() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 60))
    rows[:, :20] = 1.0
    rows[rng.random(rows.shape) < 0.2] = np.nan
    assert find_twins(rows) == ()
    assert find_twins(np.zeros((1, 3))) == ()
    with pytest.raises(InputError):
        find_twins(np.zeros(3))
