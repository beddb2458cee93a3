import numpy as np

from survdash.figures.decision import DEEPEST, plot_decision
from survdash.statistics import decision_curve


def test_model_everybody_and_nobody_are_told_apart_without_colour():
    generator = np.random.default_rng(0)
    risk = generator.random(100)
    found = decision_curve(risk, generator.exponential(40 * (1.2 - risk)) + 0.1, np.ones(100), horizon=24)
    nobody, everybody, model = plot_decision(found).data
    assert set(nobody.y) == {0}
    np.testing.assert_array_equal(everybody.y, found.everybody)
    np.testing.assert_array_equal(model.y, found.model[np.isfinite(found.model)])
    assert len({nobody.line.dash, everybody.line.dash, model.line.dash}) == 3
    assert plot_decision(found).layout.yaxis.range[0] == DEEPEST
