import numpy as np
import pytest

from survdash.statistics.inputs import check_survival
from survdash.statistics.partial_likelihood import derivatives, risk_sets


def test_two_ties_by_hand():
    # Two of three die at 1, by Efron: at beta = 0 the terms are log 3 and log(3 - 1).
    data = check_survival([1, 1, 2], [1, 1, 0])
    sets = risk_sets(data, np.zeros(3, int), None)
    value, score, information = derivatives(sets, np.array([[1.0], [0.0], [0.0]]), np.zeros(1))
    assert value == pytest.approx(-np.log(3) - np.log(2))
    # Means 1/3 and (1 - 1/2) / 2 = 1/4.
    assert score[0] == pytest.approx(1 - 1 / 3 - 1 / 4)
    assert information[0, 0] == pytest.approx(1 / 3 * 2 / 3 + 1 / 4 * 3 / 4)


@pytest.mark.parametrize("late", [False, True])
def test_derivatives_are_those_of_the_value(late):
    generator = np.random.default_rng(0)
    time = generator.integers(2, 15, size=80).astype(float)
    entry = generator.integers(0, 2, size=80).astype(float) if late else None
    sets = risk_sets(check_survival(time, generator.random(80) < 0.7), generator.integers(0, 2, size=80), entry)
    x, beta, step = generator.normal(size=(80, 3)), np.array([0.3, -0.5, 0.1]), 1e-5
    _, score, information = derivatives(sets, x, beta)
    for k in range(3):
        up, down = (derivatives(sets, x, beta + sign * step * np.eye(3)[k]) for sign in (1, -1))
        # Central differences of a smooth function: error of the order of step squared and of rounding over step.
        assert (up[0] - down[0]) / (2 * step) == pytest.approx(score[k], abs=1e-6)
        np.testing.assert_allclose((up[1] - down[1]) / (2 * step), -information[k], atol=1e-6)


def test_a_stratum_without_a_death_says_nothing():
    data = check_survival([1, 2, 3, 4], [1, 1, 0, 0])
    assert len(risk_sets(data, np.array([0, 0, 1, 1]), None)) == 1


def test_far_coefficients_do_not_overflow():
    data = check_survival([1, 2, 3], [1, 1, 1])
    sets = risk_sets(data, np.zeros(3, int), None)
    value, _, _ = derivatives(sets, np.array([[0.0], [1.0], [2.0]]), np.array([900.0]))
    assert np.isfinite(value)
