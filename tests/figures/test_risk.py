import math

import numpy as np
import pytest

from survdash.errors import InputError
from survdash.figures.risk import plot_cut_scan, plot_risk_distribution
from survdash.statistics import maxstat

RISK = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])


def test_each_patient_is_in_the_histogram_of_the_own_group():
    figure = plot_risk_distribution(RISK, RISK > 0, 0.0, marked=1.5)
    low, high = figure.data
    assert (low.name, high.name) == ("low (n = 3)", "high (n = 2)")
    np.testing.assert_array_equal(low.x, RISK[:3])
    np.testing.assert_array_equal(high.x, RISK[3:])
    assert (low.marker.color, high.marker.color) == ("#0072B2", "#D55E00")
    assert low.marker.pattern.shape != high.marker.pattern.shape  # colour is never the only sign
    assert low.bingroup == high.bingroup
    assert [shape.x0 for shape in figure.layout.shapes] == [0.0, 1.5]
    assert [note.text for note in figure.layout.annotations] == ["cut 0", "this patient"]


@pytest.mark.parametrize("cutpoint", [None, math.nan])
def test_no_cutpoint_no_line(cutpoint):
    assert not plot_risk_distribution(RISK, RISK > 0, cutpoint).layout.shapes


def test_columns_of_different_length_are_refused():
    with pytest.raises(InputError):
        plot_risk_distribution(RISK, RISK[:2] > 0, 0.0)


def test_scan_shows_every_candidate_and_the_chosen_one():
    generator = np.random.default_rng(0)
    cut = maxstat(generator.normal(size=50), generator.exponential(20, 50), np.ones(50))
    figure = plot_cut_scan(cut)
    scan, chosen = figure.data
    np.testing.assert_array_equal(scan.x, cut.candidates)
    np.testing.assert_array_equal(scan.y, cut.standardised)
    assert (chosen.x[0], chosen.y[0]) == (cut.cutpoint, cut.statistic)
    assert chosen.y[0] == max(scan.y)
