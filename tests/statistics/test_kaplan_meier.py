import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.errors import ClinicalError, InputError, NotEnoughDataError
from survdash.statistics import at_risk, kaplan_meier

patients = st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=40)


@pytest.mark.parametrize("transform", ["log-log", "log", "plain"])
def test_curve_agrees_with_scikit_survival_and_lifelines(entry_by_id, transform):
    from lifelines import KaplanMeierFitter
    from sksurv.nonparametric import kaplan_meier_estimator

    entry = entry_by_id("lung/age")
    ours = kaplan_meier(entry.time, entry.event, transform=transform)
    times, survival = kaplan_meier_estimator(entry.event, entry.time)
    np.testing.assert_array_equal(ours.time, times)
    np.testing.assert_allclose(ours.survival, survival, rtol=0, atol=1e-12)  # the same product in another order
    if transform == "log-log":  # lifelines has this scale only
        band = KaplanMeierFitter().fit(entry.time, entry.event).confidence_interval_survival_function_
        theirs = band.loc[ours.time].to_numpy()
        alive = ours.survival > 0
        np.testing.assert_allclose(ours.low[alive], theirs[alive, 0], rtol=0, atol=1e-9)
        np.testing.assert_allclose(ours.high[alive], theirs[alive, 1], rtol=0, atol=1e-9)


def test_plain_band_is_the_normal_one():
    fit = kaplan_meier([1.0, 2.0, 3.0, 4.0], [1, 0, 1, 0], transform="plain")
    # After the first of four deaths S = 3/4 with variance S^2 * 1/(4*3); 1.959964 is the normal 97.5 % point.
    error = 0.75 * math.sqrt(1 / 12)
    assert fit.low[0] == pytest.approx(0.75 - 1.959964 * error, abs=1e-6)
    assert fit.high[0] == 1.0  # 1.17, cut at 1


def test_median_takes_the_middle_of_a_flat_stretch_at_one_half():
    assert kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1]).median == 2.5
    assert kaplan_meier([1, 2, 3, 4], [1, 1, 0, 0]).median == 2.0  # nothing after it: R gives the first time
    assert math.isnan(kaplan_meier([1, 2, 3, 4], [1, 0, 0, 0]).median)


def test_without_a_death_the_curve_is_flat():
    fit = kaplan_meier([5.0, 7.0], [0, 0])
    for curve in fit.at([0, 6]):
        np.testing.assert_array_equal(curve, [1, 1])
    assert math.isnan(fit.median)
    assert fit.rmst(6) == 6.0
    assert fit.rmst_std_err(6) == 0.0
    assert np.isnan(fit.at([8])).all()


def test_one_patient_who_dies():
    fit = kaplan_meier([5.0], [1])
    assert (fit.survival[0], fit.median, fit.rmst(10)) == (0.0, 5.0, 5.0)
    survival, low, high = fit.at([4, 5, 50])
    np.testing.assert_array_equal(survival, [1, 0, 0])  # zero stays zero beyond the data
    assert np.isnan(low[1:]).all()
    assert np.isnan(high[1:]).all()


def test_counts_tell_deaths_and_last_contacts_apart():
    fit = kaplan_meier([2, 2, 2, 5], [1, 0, 1, 0])
    np.testing.assert_array_equal(fit.at_risk, [4, 1])
    np.testing.assert_array_equal(fit.events, [2, 0])
    np.testing.assert_array_equal(fit.censored, [1, 1])
    np.testing.assert_array_equal(fit.at_risk_at([0, 2, 2.5, 5, 6]), [4, 4, 1, 1, 0])


@pytest.mark.parametrize(
    ("time", "event", "error"),
    [
        ([], [], NotEnoughDataError),
        ([0.0], [1], ClinicalError),
        ([np.nan], [1], ClinicalError),
        ([1], [2], ClinicalError),
    ],
)
def test_refuses_impossible_patients(time, event, error):
    with pytest.raises(error):
        kaplan_meier(time, event)


def test_refuses_impossible_settings():
    for settings in ({"level": 1.0}, {"level": 0.0}, {"transform": "arcsin"}):
        with pytest.raises(InputError):
            kaplan_meier([1.0], [1], **settings)
    fit = kaplan_meier([1.0], [1])
    for call in (lambda: fit.at([-1]), lambda: fit.at([np.nan]), lambda: fit.rmst(0), lambda: fit.rmst(np.inf)):
        with pytest.raises(InputError):
            call()


def test_result_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        kaplan_meier([1.0], [1]).survival[0] = 1


@given(rows=patients, seed=st.integers(0, 2**32 - 1))
def test_curve_never_rises_and_row_order_and_units_do_not_matter(rows, seed):
    time, event = (np.array(column) for column in zip(*rows, strict=True))
    order = np.random.default_rng(seed).permutation(time.size)
    here, there = kaplan_meier(time, event), kaplan_meier(12.0 * time[order], event[order])
    assert (np.diff(here.survival, prepend=1.0) <= 0).all()
    assert here.survival[-1] >= 0
    np.testing.assert_array_equal(there.time, 12.0 * here.time)
    for name in ("survival", "low", "high", "at_risk", "events", "censored"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name))
    np.testing.assert_allclose(there.rmst(720), 12 * here.rmst(60), rtol=1e-12)


@given(rows=patients, transform=st.sampled_from(["log-log", "log", "plain"]))
def test_band_holds_the_curve_and_stays_a_probability(rows, transform):
    time, event = (np.array(column) for column in zip(*rows, strict=True))
    fit = kaplan_meier(time, event, transform=transform)
    alive = fit.survival > 0
    assert (fit.low[alive] <= fit.survival[alive] + 1e-12).all()
    assert (fit.high[alive] >= fit.survival[alive] - 1e-12).all()
    assert (fit.low[alive] >= 0).all()
    assert (fit.high[alive] <= 1).all()
    assert np.isnan(fit.low[~alive]).all()


@given(rows=patients)
def test_patients_leave_the_risk_set_once(rows):
    time, event = (np.array(column) for column in zip(*rows, strict=True))
    fit = kaplan_meier(time, event)
    np.testing.assert_array_equal(fit.at_risk - fit.events - fit.censored, [*fit.at_risk[1:], 0])
    np.testing.assert_array_equal(fit.at_risk, at_risk(time, fit.time))


@given(time=st.lists(st.integers(1, 60), min_size=1, max_size=40).map(np.array))
def test_without_censoring_it_is_the_share_still_alive(time):
    fit = kaplan_meier(time, np.ones(time.size))
    np.testing.assert_allclose(fit.survival, [(time > t).mean() for t in fit.time], atol=1e-12)


def test_left_truncation_by_hand():
    # At 2 only the two who have entered are at risk, at 4 the three left.
    ours = kaplan_meier([2, 4, 6, 7], [1, 1, 0, 0], entry=[0, 0, 3, 2])
    assert ours.at_risk.tolist() == [2, 3, 2, 1]
    np.testing.assert_allclose(ours.survival, [1 / 2, 1 / 3, 1 / 3, 1 / 3])
    times = [0, 1, 2.5, 3, 5]
    assert ours.at_risk_at(times).tolist() == at_risk([2, 4, 6, 7], times, entry=[0, 0, 3, 2]).tolist()
    assert ours.at_risk_at([0, 2.5, 5]).tolist() == [2, 2, 2]


@pytest.mark.parametrize("entry", [[0, 5], [-1, 0], [0, np.nan], [0]])
def test_refuses_impossible_entries(entry):
    with pytest.raises(ClinicalError, match=r"[Ee]ntry"):
        kaplan_meier([2, 5], [1, 1], entry=entry)
