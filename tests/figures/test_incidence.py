import numpy as np

from survdash.figures.incidence import plot_incidence
from survdash.statistics import cumulative_incidence


def test_each_group_and_cause_has_a_rising_line_that_ends_with_the_axis():
    generator = np.random.default_rng(0)
    groups = {name: cumulative_incidence(generator.exponential(40, 60) + 0.1, generator.integers(0, 3, 60))
              for name in ("high", "low")}  # fmt: skip
    figure = plot_incidence(groups, horizon_months=60)
    assert [line.name for line in figure.data] == [
        "low: of this cancer", "low: of something else", "high: of this cancer", "high: of something else"]  # fmt: skip
    for line in figure.data:
        assert (line.x[0], line.y[0]) == (0, 0)
        assert max(line.x) <= 60
        assert (np.diff(line.y) >= 0).all()
    assert len({(line.line.color, line.line.dash, line.line.width) for line in figure.data}) == 4
