import numpy as np
import pytest

from survdash.errors import InputError, NotEnoughDataError
from survdash.statistics import calibration, d_calibration, kaplan_meier, smooth_calibration


@pytest.fixture
def cohort():
    generator = np.random.default_rng(0)
    x = generator.normal(size=2000)
    time, last = generator.exponential(np.exp(-x)), generator.uniform(0.5, 5, size=2000)
    return 1 - np.exp(-np.exp(x)), np.minimum(time, last), time <= last, x  # risk of dying by 1, exactly


def test_the_truth_is_calibrated_in_every_way(cohort):
    predicted, time, event, _ = cohort
    found = calibration(predicted, time, event, horizon=1)
    assert found.sizes.tolist() == [200] * 10
    assert (np.diff(found.predicted) > 0).all()
    assert found.ratio_low < 1 < found.ratio_high
    assert found.slope_low < 1 < found.slope_high
    assert ((found.low < found.predicted) & (found.predicted < found.high)).sum() >= 8
    smooth = smooth_calibration(predicted, time, event, horizon=1)
    assert smooth.ici < 0.02
    assert smooth.e50 <= smooth.e90 <= smooth.e_max


def test_predictions_too_far_apart_are_found(cohort):
    _, time, event, x = cohort
    exaggerated = 1 - np.exp(-np.exp(2 * x))
    assert calibration(exaggerated, time, event, horizon=1).slope == pytest.approx(0.5, abs=0.06)
    right = smooth_calibration(1 - np.exp(-np.exp(x)), time, event, horizon=1).ici
    assert smooth_calibration(exaggerated, time, event, horizon=1).ici > 4 * right


def test_a_group_s_observed_risk_is_its_kaplan_meier_estimate(cohort):
    predicted, time, event, _ = cohort
    found = calibration(predicted, time, event, horizon=1, groups=2)
    low = predicted <= np.median(predicted)
    alive = kaplan_meier(time[low], event[low]).at([1.0])
    assert (found.observed[0], found.low[0], found.high[0]) == tuple(1 - alive[k][0] for k in (0, 2, 1))


def test_equal_predictions_stay_together_and_have_no_slope(cohort):
    _, time, event, _ = cohort
    found = calibration(np.full(2000, 0.5), time, event, horizon=1)
    assert found.sizes.tolist() == [2000]
    assert np.isnan(found.slope)
    with pytest.raises(NotEnoughDataError):
        smooth_calibration(np.full(2000, 0.5), time, event, horizon=1)


def test_risks_of_nought_and_one_are_allowed(cohort):
    predicted, time, event, _ = cohort
    predicted[:2] = [0, 1]
    assert np.isfinite(calibration(predicted, time, event, horizon=1).slope)


def test_d_calibration_by_hand():
    # Two bins. A death at 0.3 and one at 0.9; censored at 0.8: 0.5 / 0.8 of it below 0.5, the rest above.
    found = d_calibration([0.3, 0.9, 0.8], [1, 1, 0], bins=2)
    np.testing.assert_allclose(found.shares, [1.625 / 3, 1.375 / 3])
    assert found.statistic == pytest.approx(2 * 0.125**2 / 1.5)


def test_d_calibration_accepts_the_truth_and_finds_a_shift(cohort):
    _, time, event, x = cohort
    truth = np.exp(-time * np.exp(x))
    assert d_calibration(truth, event).p_value > 0.01
    assert d_calibration(truth**2, event).p_value < 1e-6
    assert d_calibration([0.0, 1.0], [0, 0]).shares.sum() == pytest.approx(1)


def test_agrees_with_the_test_of_evenness_without_censoring():
    from scipy.stats import chisquare

    values = np.random.default_rng(3).random(500)
    wanted = chisquare(np.histogram(values, np.linspace(0, 1, 11))[0])
    found = d_calibration(values, np.ones(500))
    assert found.statistic == pytest.approx(wanted.statistic, rel=1e-12)
    assert found.p_value == pytest.approx(wanted.pvalue, rel=1e-9)


def test_refusals(cohort):
    predicted, time, event, _ = cohort
    with pytest.raises(InputError, match="between 0 and 1"):
        calibration(100 * predicted, time, event, horizon=1)
    with pytest.raises(InputError, match="groups"):
        calibration(predicted, time, event, horizon=1, groups=1)
    with pytest.raises(NotEnoughDataError):
        calibration(predicted, time, event, horizon=99)
    with pytest.raises(InputError):
        d_calibration([0.5], [1], bins=1)


def test_the_observed_risk_s_error_is_greenwood_s_with_ties():
    from survdash.statistics.calibration import _dead_influence
    from survdash.statistics.inputs import check_survival

    generator = np.random.default_rng(1)
    data = check_survival(generator.integers(1, 12, size=90), generator.random(90) < 0.6)
    curve = kaplan_meier(data.time_months, data.event)
    influence = _dead_influence(data, 6.0)
    assert influence.sum() == pytest.approx(0, abs=1e-12)
    # The jackknife and Greenwood's formula agree to the order of 1 / N.
    error = curve.std_err[np.searchsorted(curve.time, 6.0)]
    assert np.sqrt((influence**2).sum()) == pytest.approx(error, rel=0.02)
