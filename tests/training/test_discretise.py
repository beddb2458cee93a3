from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.case import Survival
from survdash.errors import NotEnoughDataError
from survdash.training.discretise import assign_bins, curve_on_grid, fit_bins

TIME = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 30])
EVENT = np.array([1, 1, 1, 1, 1, 1, 1, 1, 0])


def test_edges_are_quantiles_of_the_deaths_and_the_longest_follow_up():
    edges = fit_bins(Survival(time_months=TIME, event=EVENT), bins=4)
    np.testing.assert_allclose(edges, [0, 2.75, 4.5, 6.25, 30])  # numpy's (and R's type 7) quartiles of 1..8


def test_a_time_on_an_edge_belongs_to_the_bin_that_ends_there_and_late_ones_to_the_last():
    edges = np.array([0.0, 2, 4, 8])
    assert assign_bins(np.array([0.5, 2, 2.01, 4, 8, 99]), edges).tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(("time", "event"), [(TIME, EVENT * (TIME < 3)), (np.r_[np.full(8, 5.0), 9], EVENT)])
def test_too_few_deaths_for_the_bins_are_refused(time, event):
    with pytest.raises(NotEnoughDataError, match="bins"):
        fit_bins(Survival(time_months=time, event=event), bins=4)


@given(hazards=st.lists(st.floats(0, 0.99), min_size=1, max_size=6))
def test_a_curve_passes_its_own_points_and_never_rises(hazards):
    survival = np.cumprod(1 - np.array(hazards))
    edges = np.concatenate([[0.0], np.cumsum(1.0 + np.arange(len(hazards)))])
    np.testing.assert_allclose(curve_on_grid(survival, edges, edges), np.r_[1, survival], atol=1e-11)
    fine = curve_on_grid(survival, edges, np.linspace(0, edges[-1], 200))
    assert np.all(np.diff(fine) <= 1e-12)


def test_the_hazard_is_constant_within_a_bin():
    # Half of 0.25 in the logarithm: S(1) = sqrt(0.25).
    curve = curve_on_grid(np.array([[0.25]]), np.array([0.0, 2.0]), np.array([0.0, 1.0, 2.0]))
    np.testing.assert_allclose(curve, [[1, 0.5, 0.25]])
