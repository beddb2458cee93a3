from __future__ import annotations

import numpy as np

from survdash.case import Survival
from survdash.training.baseline import fit_baseline

TRAINING = Survival(time_months=np.array([1.0, 2, 3, 4]), event=np.array([1, 0, 1, 0]))


def test_breslow_by_hand():
    # Outputs all alike: 4 at risk at month 1, 2 at month 3, so the cumulative hazard is 1/4, then 3/4.
    baseline = fit_baseline(np.full(4, 7.0), TRAINING)
    np.testing.assert_allclose(baseline.months, [1, 3])
    np.testing.assert_allclose(baseline.hazard, [0.25, 0.75])
    curve = baseline.survival(np.array([7.0]), np.array([0.0, 1, 2.9, 3]))
    np.testing.assert_allclose(curve, [np.exp([0, -0.25, -0.25, -0.75])])


def test_a_constant_added_to_all_outputs_changes_nothing():
    output, months = np.array([0.3, -1, 2, 0]), np.arange(5.0)
    one, other = fit_baseline(output, TRAINING), fit_baseline(output + 50, TRAINING)
    np.testing.assert_allclose(other.risk(output + 50), one.risk(output), atol=1e-12)
    np.testing.assert_allclose(other.survival(output + 50, months), one.survival(output, months), atol=1e-12)


def test_variants_keep_their_axis():
    baseline = fit_baseline(np.zeros(4), TRAINING)
    assert baseline.survival(np.zeros((8, 5)), np.arange(3.0)).shape == (8, 5, 3)
