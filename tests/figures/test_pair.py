import numpy as np
import pytest

from survdash.figures.pair import MOST_IN_SVG, plot_pair


@pytest.mark.parametrize(("count", "kind"), [(6, "scatter"), (MOST_IN_SVG + 1, "scattergl")])
def test_every_patient_is_a_point_those_who_died_with_another_mark(count, kind):
    first, second = np.linspace(0, 100, count), np.linspace(100, 0, count)
    event = np.arange(count) % 3 == 0
    ids = np.array([f"C{number}" for number in range(count)])
    figure = plot_pair(first, second, event, names=("A", "B"), case_ids=ids)
    _, alive, died = figure.data
    assert (alive.type, died.type) == (kind, kind)
    assert len(died.x) == event.sum()
    assert died.text == tuple(ids[event])
    assert alive.marker.symbol != died.marker.symbol
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("Percentile by A", "Percentile by B")
