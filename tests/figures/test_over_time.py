import numpy as np

from survdash.figures.over_time import plot_brier, plot_time_auc
from survdash.statistics import brier_score, time_auc

TIME = np.random.default_rng(0).exponential(40, 120) + 0.1
EVENT = np.random.default_rng(1).random(120) < 0.7


def test_methods_stand_side_by_side_with_marks_of_their_own():
    risks = {f"method {n}": np.random.default_rng(n).random(120) for n in range(8)}
    aucs = {name: time_auc(risk, TIME, EVENT, times=[12, 36, 600], resamples=20) for name, risk in risks.items()}
    figure = plot_time_auc(aucs)
    assert [trace.name for trace in figure.data] == list(aucs)
    for trace, found in zip(figure.data, aucs.values(), strict=True):
        np.testing.assert_array_equal(trace.y, found.values[:2])  # nobody is followed to 600
        assert all(np.isfinite(trace.error_y.array))
    places = np.array([trace.x[0] for trace in figure.data])
    assert len(set(places)) == 8
    assert abs(places.mean() - 12) < 1e-9
    assert len({(trace.marker.color, trace.marker.symbol) for trace in figure.data}) == 8


def test_the_reference_stands_before_the_methods():
    times = np.array([6.0, 12.0, 24.0])
    found = brier_score(np.exp(-times / 40)[None].repeat(120, 0), TIME, EVENT, times=times)
    reference, method = plot_brier({"m": found}).data
    np.testing.assert_array_equal(reference.y, found.reference)
    np.testing.assert_array_equal(method.y, found.values)
    assert reference.line.dash != method.line.dash
