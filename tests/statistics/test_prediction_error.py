import numpy as np
import pytest

from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics import brier_score, kaplan_meier


@pytest.fixture
def cohort():
    generator = np.random.default_rng(0)
    x = generator.normal(size=300)
    time, last = generator.exponential(np.exp(-x)), generator.uniform(0.2, 4, size=300)
    times = np.array([0.2, 0.5, 1.0, 2.0])
    return np.exp(-times * np.exp(x)[:, None]), np.minimum(time, last), time <= last, times


def test_without_censoring_it_is_the_mean_squared_distance():
    found = brier_score([[0.9, 0.6], [0.4, 0.2]], [1, 3], [1, 1], times=[1, 2])
    np.testing.assert_allclose(found.values, [(0.81 + 0.36) / 2, (0.36 + 0.64) / 2])
    assert found.integrated == pytest.approx(found.values.mean())


def test_agrees_with_scikit_survival_without_ties_of_death_and_censoring(cohort):
    from sksurv.metrics import brier_score as theirs
    from sksurv.metrics import integrated_brier_score
    from sksurv.util import Surv

    survival, time, event, times = cohort
    outcome = Surv.from_arrays(event, time)
    found = brier_score(survival, time, event, times=times)
    np.testing.assert_allclose(found.values, theirs(outcome, outcome, survival, times)[1], rtol=1e-10)
    whole = integrated_brier_score(outcome, outcome, survival, times)
    assert found.integrated == pytest.approx(whole, rel=1e-10)


def test_the_kaplan_meier_curve_as_prediction_is_the_reference(cohort):
    _, time, event, times = cohort
    everybody = np.tile(kaplan_meier(time, event).at(times)[0], (300, 1))
    found = brier_score(everybody, time, event, times=times)
    np.testing.assert_allclose(found.scaled, 0, atol=1e-12)
    assert found.integrated_scaled == pytest.approx(0, abs=1e-12)


def test_the_truth_beats_the_reference(cohort):
    survival, time, event, times = cohort
    assert (brier_score(survival, time, event, times=times).scaled[1:] > 0).all()


def test_one_time_has_no_integral():
    assert np.isnan(brier_score([[0.5], [0.5]], [1, 3], [1, 1], times=[2]).integrated)


def test_refusals(cohort):
    survival, time, event, times = cohort
    with pytest.raises(InputError, match="shape"):
        brier_score(survival[:, :2], time, event, times=times)
    with pytest.raises(InputError, match="between 0 and 1"):
        brier_score(100 * survival, time, event, times=times)
    with pytest.raises(InputError, match="rise"):
        brier_score(survival, time, event, times=times[::-1])
    with pytest.raises(NotEnoughDataError, match="followed beyond"):
        brier_score(survival, time, event, times=times + 10)
