import json
import math

import numpy as np
import pytest

from survdash.errors import InputError
from survdash.figures.survival import plot_groups, plot_patient
from survdash.statistics import at_risk, kaplan_meier

TIMES = (0, 12, 24, 36, 48, 60)


@pytest.fixture
def cohort():
    generator = np.random.default_rng(0)
    high = np.arange(120) % 3 == 0
    time = generator.exponential(np.where(high, 15, 50)) + 0.1
    return time, generator.random(120) < 0.7, high


@pytest.fixture
def curves(cohort):
    time, event, high = cohort
    return {"high": kaplan_meier(time[high], event[high]), "low": kaplan_meier(time[~high], event[~high])}


def trace(figure, name):
    return next(t for t in figure.data if t.name == name or (t.name or "").startswith(f"{name} (n"))


def test_curves_are_steps_of_the_estimate_in_fixed_order_and_look(curves):
    figure = plot_groups(curves, horizon_months=60, at_risk_times=TIMES)
    lines = [t for t in figure.data if t.line.shape == "hv"]
    assert [t.name for t in lines] == ["low (n = 80)", "high (n = 40)"]
    assert [(t.line.color, t.line.dash) for t in lines] == [("#0072B2", "solid"), ("#D55E00", "dash")]
    for line, label in zip(lines, ("low", "high"), strict=True):
        assert (line.x[0], line.y[0]) == (0, 1)
        assert line.x[-1] == min(60, curves[label].last_follow_up)
        expected = curves[label].at(np.array(line.x[1:]))[0]
        np.testing.assert_array_equal(line.y[1:], expected)


def test_numbers_at_risk_stand_under_their_ticks(cohort, curves):
    time, event, high = cohort
    figure = plot_groups(curves, horizon_months=60, at_risk_times=TIMES)
    assert figure.layout.xaxis.range == figure.layout.xaxis2.range
    assert figure.layout.xaxis.tickvals == figure.layout.xaxis2.tickvals == TIMES
    assert figure.layout.xaxis.domain == figure.layout.xaxis2.domain
    rows = [t for t in figure.data if t.mode == "text"]
    assert len(rows) == 6
    for place, row in enumerate(rows):
        assert (row.xaxis, row.x, set(row.y)) == ("x2", TIMES, {place})
    for first, mine in ((0, ~high), (3, high)):
        assert [int(n) for n in rows[first].text] == at_risk(time[mine], TIMES).tolist()
        for row, counted in ((rows[first + 1], ~event), (rows[first + 2], event)):
            assert [int(n) for n in row.text] == [int((time[mine & counted] <= t).sum()) for t in TIMES]
    assert figure.layout.yaxis2.range[0] > figure.layout.yaxis2.range[1]  # the first group is on top
    names = figure.layout.yaxis2.ticktext
    assert ["low" in names[0], "high" in names[3], names[1], names[2]] == [True, True, "censored", "died"]
    # the group's colour is a mark before its name: letters in it could not be read in both themes
    assert ["#0072B2" in names[0], "#D55E00" in names[3]] == [True, True]


def test_an_axis_in_years_has_the_same_curve_and_the_same_numbers(curves):
    months, years = (plot_groups(curves, horizon_months=60, at_risk_times=TIMES, unit=unit, outcome="PFI")
                     for unit in ("months", "years"))  # fmt: skip
    for one, other in zip(months.data, years.data, strict=True):
        np.testing.assert_allclose(np.array(one.x, float) / 12, np.array(other.x, float))
        assert (one.text, one.name) == (other.text, other.name)
    assert years.layout.xaxis.ticktext == ("0", "1", "2", "3", "4", "5")
    assert (years.layout.xaxis.title.text, years.layout.yaxis.title.text) == (
        "Years since diagnosis", "Share free of progression")  # fmt: skip


def test_a_large_group_is_drawn_with_as_many_points_as_a_screen_has(cohort):
    generator = np.random.default_rng(1)
    time, event = generator.exponential(40, 10_000) + 0.1, generator.random(10_000) < 0.5
    fit = kaplan_meier(time, event)
    figure = plot_groups({"all": fit}, horizon_months=60, at_risk_times=TIMES)
    line = next(t for t in figure.data if t.line.shape == "hv")
    assert len(line.x) <= 1200
    assert (line.x[0], line.y[0], line.x[-1]) == (0, 1, 60)
    np.testing.assert_array_equal(line.y[1:], fit.at(np.array(line.x[1:]))[0])
    assert sum(len(t.x) for t in figure.data) < 7000  # of 10,000 steps four times
    months = np.arange(0.0, 61.0)
    patient = plot_patient(months, *[np.exp(-months / 40)] * 3, cohort_curves={"low": fit, "high": fit})
    assert sum(len(t.x) for t in patient.data) < 3000


def test_ticks_beyond_the_horizon_are_left_out(curves):
    figure = plot_groups(curves, horizon_months=30, at_risk_times=TIMES)
    assert figure.layout.xaxis.tickvals == (0, 12, 24)
    assert max(max(t.x) for t in figure.data if len(t.x)) <= 30


def test_each_last_contact_has_its_tick(curves):
    figure = plot_groups(curves, horizon_months=60, at_risk_times=TIMES)
    for label, fit in curves.items():
        ticks = trace(figure, f"{label}, last contact")
        np.testing.assert_array_equal(ticks.x, fit.time[(fit.censored > 0) & (fit.time <= 60)])
        np.testing.assert_array_equal(ticks.y, fit.at(np.array(ticks.x))[0])


def test_band_encloses_the_curve(curves):
    figure = plot_groups(curves, horizon_months=60, at_risk_times=TIMES)
    band = trace(figure, "low, 95% band")
    assert band.fill == "toself"
    half = len(band.x) // 2
    np.testing.assert_array_equal(band.x[:half], band.x[half:][::-1])
    assert (np.array(band.y[:half]) >= np.array(band.y[half:][::-1])).all()
    assert band.fillcolor.startswith("rgba(0,114,178")


def test_no_figure_holds_a_number_that_is_not_one(curves):
    # A group that dies out has no band at its end; one without a death has no median.
    edge = {"low": kaplan_meier([70.0, 80.0], [0, 0]), "high": kaplan_meier([3.0, 5.0], [1, 1])}
    for given in (curves, edge, {"all": kaplan_meier([5.0], [1])}):
        figure = plot_groups(given, horizon_months=60, at_risk_times=TIMES)
        for t in figure.data:
            for values in (t.x, t.y):
                assert all(math.isfinite(v) for v in values)
        assert "nan" not in json.dumps([list(t.text) for t in figure.data if t.text is not None])


def test_three_groups_are_in_order_of_risk(curves):
    three = {"high": curves["high"], "medium": curves["low"], "low": curves["low"]}
    figure = plot_groups(three, horizon_months=60, at_risk_times=TIMES)
    assert [t.name.split()[0] for t in figure.data if t.line.shape == "hv"] == ["low", "medium", "high"]
    assert len([t for t in figure.data if t.mode == "text"]) == 9


def test_refuses_an_empty_figure(curves):
    for given, horizon in (({}, 60), (curves, 0)):
        with pytest.raises(InputError):
            plot_groups(given, horizon_months=horizon, at_risk_times=TIMES)


def test_patient_s_curve_lies_before_the_cohort_s_with_marks_inside_the_data(curves):
    months = np.arange(49)
    survival = np.exp(-months / 40)
    figure = plot_patient(months, survival, survival**1.2, survival**0.8, cohort_curves=curves)
    names = [t.name for t in figure.data]
    assert names[:4] == ["low-risk group", "high-risk group", "model variation, not all uncertainty", "this patient"]
    np.testing.assert_array_equal(figure.data[3].y, survival)
    marks = figure.data[4]
    np.testing.assert_array_equal(marks.x, [12, 36])  # 60 lies beyond the prediction
    np.testing.assert_array_equal(marks.y, survival[[12, 36]])
    assert [shape.x0 for shape in figure.layout.shapes] == [12, 36]


def test_patient_without_cohort_or_with_a_curve_that_ends():
    months = np.arange(5)
    survival = np.array([1, 0.9, 0.8, np.nan, np.nan])
    figure = plot_patient(months, survival, survival, survival)
    # A band of no width would look like certainty.
    assert [t.name for t in figure.data] == ["this patient"]
    assert tuple(figure.data[0].x) == (0, 1, 2)
    figure = plot_patient(months, survival, survival - 0.1, survival)
    assert [t.name for t in figure.data] == ["model variation, not all uncertainty", "this patient"]
    with pytest.raises(InputError):
        plot_patient([], [], [], [])
    with pytest.raises(InputError):
        plot_patient(months, survival[:-1], survival, survival)
