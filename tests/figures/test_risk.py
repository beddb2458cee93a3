import numpy as np
import pytest

from survdash.errors import InputError
from survdash.figures.risk import plot_cut_scan, plot_cut_stability, plot_risk_distribution
from survdash.statistics import cutpoint_stability, maxstat

RISK = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])


def test_each_patient_is_in_the_histogram_of_the_own_group():
    figure = plot_risk_distribution(RISK, np.where(RISK > 0, "high", "low"), [0.0], marked=1.5)
    low, high = figure.data
    assert (low.name, high.name) == ("low (n = 3)", "high (n = 2)")
    np.testing.assert_array_equal(low.x, high.x)  # the same bins, stacked
    assert (sum(low.y), sum(high.y)) == (3, 2)
    assert [x for x, y in zip(high.x, high.y, strict=True) if y] == pytest.approx([1, 2], abs=low.width)
    assert (low.marker.color, high.marker.color) == ("#0072B2", "#D55E00")
    assert low.marker.pattern.shape != high.marker.pattern.shape  # colour is never the only sign
    assert [shape.x0 for shape in figure.layout.shapes] == [0.0, 1.5]
    assert [note.text for note in figure.layout.annotations] == ["cut 0", "this patient"]


def test_no_cut_no_line_and_two_cuts_two_lines():
    assert not plot_risk_distribution(RISK, np.full(5, "all"), ()).layout.shapes
    three = plot_risk_distribution(RISK, np.array(["low", "low", "medium", "medium", "high"]), (-1.0, 1.0))
    assert [shape.x0 for shape in three.layout.shapes] == [-1, 1]
    assert [bar.name.split()[0] for bar in three.data] == ["low", "medium", "high"]


def test_a_flat_risk_is_one_bar():
    figure = plot_risk_distribution(np.ones(7), np.full(7, "all"), ())
    assert max(figure.data[0].y) == sum(figure.data[0].y) == 7


def test_columns_of_different_length_are_refused():
    with pytest.raises(InputError):
        plot_risk_distribution(RISK, np.full(2, "low"), (0.0,))


def test_stability_shows_every_draw_its_limits_and_the_chosen_cut():
    generator = np.random.default_rng(0)
    risk = generator.normal(size=80)
    found = cutpoint_stability(risk, generator.exponential(20 * np.exp(-risk)) + 0.1, np.ones(80), resamples=50)
    figure = plot_cut_stability(found)
    assert sum(figure.data[0].y) == len(found.cutpoints)
    band, cut = figure.layout.shapes
    assert (band.x0, band.x1, cut.x0) == (found.low, found.high, found.cutpoint)


def test_scan_shows_every_candidate_and_the_chosen_one():
    generator = np.random.default_rng(0)
    cut = maxstat(generator.normal(size=50), generator.exponential(20, 50), np.ones(50))
    figure = plot_cut_scan(cut)
    scan, chosen = figure.data
    np.testing.assert_array_equal(scan.x, cut.candidates)
    np.testing.assert_array_equal(scan.y, cut.standardised)
    assert (chosen.x[0], chosen.y[0]) == (cut.cutpoint, cut.statistic)
    assert chosen.y[0] == max(scan.y)
