"""What every function does at the edges of survival data; the table of docs/statistics.md, tried out."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from survdash.errors import ClinicalError, NotEnoughDataError
from survdash.statistics import (
    adjusted_hazard_ratios,
    brier_score,
    calibration,
    check_proportional_hazards,
    compare_methods,
    compare_paired,
    concordance,
    concordance_interval,
    concordance_std_err,
    concordance_uno,
    cox_model,
    cumulative_incidence,
    cut_p_values,
    cutpoint_stability,
    decision_curve,
    hazard_ratio,
    held_out_groups,
    held_out_test,
    kaplan_meier,
    landmark,
    logrank,
    logrank_trend,
    maxstat,
    maxstat_two_cuts,
    pairwise_logrank,
    risk_table,
    rmst_difference,
    smooth_calibration,
    subgroup_table,
    time_auc,
    uno_interval,
)

Work = Callable[[np.ndarray, Any, np.ndarray], object]


def halves(time: Any) -> np.ndarray:
    return np.arange(len(time)) % 2


def chance(risk: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-risk))


CURVES: dict[str, Work] = {
    "kaplan_meier": lambda x, t, e: kaplan_meier(t, e),
    "risk_table": lambda x, t, e: risk_table(t, e, times=[1]),
    "cumulative_incidence": lambda x, t, e: cumulative_incidence(t, np.where(e, 1, 0)),
    "landmark": lambda x, t, e: landmark(t, e, at=0.01),
    "subgroup_table": lambda x, t, e: subgroup_table(x, t, e, {"half": halves(t).astype(str)}),
}
TWO_GROUPS: dict[str, Work] = {
    "logrank": lambda x, t, e: logrank(t, e, halves(t)),
    "logrank_trend": lambda x, t, e: logrank_trend(t, e, halves(t)),
    "hazard_ratio": lambda x, t, e: hazard_ratio(t, e, halves(t)),
}
OF_RISK: dict[str, Work] = {
    "concordance": concordance,
    "concordance_std_err": concordance_std_err,
    "concordance_uno": lambda x, t, e: concordance_uno(x, t, e, train_time=t, train_event=e, tau=5),
    "concordance_interval": lambda x, t, e: concordance_interval(x, t, e, resamples=20),
    "uno_interval": lambda x, t, e: uno_interval(x, t, e, tau=5, resamples=20),
    "compare_paired": lambda x, t, e: compare_paired(x, -x, t, e, resamples=20),
    "compare_methods": lambda x, t, e: compare_methods({"a": x, "b": -x}, t, e, resamples=20),
    "calibration": lambda x, t, e: calibration(chance(x), t, e, horizon=4, groups=2),
}
NEEDS_SPREAD: dict[str, Work] = {  # of the risk
    "maxstat": maxstat,
    "held_out_groups": lambda x, t, e: held_out_groups(x, t, e, halves(t)),
    "held_out_test": lambda x, t, e: held_out_test(x, t, e, halves(t), resamples=9),
    "cut_p_values": lambda x, t, e: cut_p_values(x, t, e),
    "cutpoint_stability": lambda x, t, e: cutpoint_stability(x, t, e, resamples=9),
    "maxstat_two_cuts": lambda x, t, e: maxstat_two_cuts(x, t, e, resamples=9),
    "cox_model": lambda x, t, e: cox_model(x[:, None], t, e),
    "check_proportional_hazards": lambda x, t, e: check_proportional_hazards(cox_model(x[:, None], t, e)),
    "adjusted_hazard_ratios": lambda x, t, e: adjusted_hazard_ratios(t, e, {"risk": x}),
    "smooth_calibration": lambda x, t, e: smooth_calibration(chance(x), t, e, horizon=4),
}
NOTED: dict[str, Work] = {  # nan with a note, or a number that needs no death
    "time_auc": lambda x, t, e: time_auc(x, t, e, times=[4], resamples=9),
    "pairwise_logrank": lambda x, t, e: pairwise_logrank(t, e, halves(t)),
    "rmst_difference": lambda x, t, e: rmst_difference(t, e, halves(t), horizon=0.05),
    "decision_curve": lambda x, t, e: decision_curve(chance(x), t, e, horizon=4, thresholds=[0.5]),
}
WHOLE: dict[str, Work] = {
    "brier_score": lambda x, t, e: brier_score(np.full((len(t), 2), 0.5), t, e, times=[1, 4]),
}
EVERY = CURVES | TWO_GROUPS | OF_RISK | NEEDS_SPREAD | NOTED | WHOLE


@pytest.fixture
def cohort() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(4)
    return generator.normal(size=60), generator.exponential(6, size=60) + 0.1, generator.random(60) < 0.6


@pytest.mark.parametrize("name", EVERY)
def test_an_ordinary_cohort_has_an_answer(name, cohort):
    EVERY[name](*cohort)


@pytest.mark.parametrize("bad", [0.0, -3.0, np.nan, np.inf])
@pytest.mark.parametrize("name", EVERY)
def test_a_time_that_cannot_be_is_refused_with_its_row(name, bad, cohort):
    risk, time, event = cohort
    time[7] = bad
    with pytest.raises(ClinicalError, match="row 8"):
        EVERY[name](risk, time, event)


@pytest.mark.parametrize("name", TWO_GROUPS | OF_RISK | NEEDS_SPREAD)
def test_nobody_died(name, cohort):
    risk, time, _ = cohort
    with pytest.raises(NotEnoughDataError):
        EVERY[name](risk, time, np.zeros(60, bool))


@pytest.mark.parametrize("name", CURVES)
def test_nobody_died_or_one_patient_still_has_a_curve(name, cohort):
    risk, time, _ = cohort
    CURVES[name](risk, time, np.zeros(60, bool))
    CURVES[name](risk[:1], time[:1], np.ones(1, bool))


@pytest.mark.parametrize("name", TWO_GROUPS | OF_RISK | NEEDS_SPREAD)
def test_one_patient(name, cohort):
    risk, time, _ = cohort
    with pytest.raises(NotEnoughDataError):
        EVERY[name](risk[:1], time[:1], np.ones(1, bool))


@pytest.mark.parametrize("name", NEEDS_SPREAD)
def test_a_constant_risk_cannot_be_cut_or_fitted(name, cohort):
    _, time, event = cohort
    with pytest.raises(NotEnoughDataError):
        NEEDS_SPREAD[name](np.ones(60), time, event)


def test_a_constant_risk_is_chance(cohort):
    _, time, event = cohort
    flat = np.ones(60)
    assert concordance(flat, time, event) == 0.5
    assert concordance_uno(flat, time, event, train_time=time, train_event=event, tau=5) == 0.5
    assert time_auc(flat, time, event, times=[4], resamples=9).values[0] == 0.5
    assert compare_paired(flat, flat, time, event, resamples=9).difference == 0


def test_a_group_in_which_nobody_died_is_compared_all_the_same(cohort):
    _, time, event = cohort
    high = halves(time) == 1
    alive = event & high  # nobody of the low group died
    assert logrank(time, alive, high).p_value < 0.01
    assert kaplan_meier(time[~high], alive[~high]).survival[-1] == 1
    with pytest.raises(NotEnoughDataError, match="no finite"):  # how many times faster than never?
        hazard_ratio(time, alive, high)


@pytest.mark.parametrize("unit", [12.0, 365.25 / 12])
def test_the_unit_of_time_changes_times_and_nothing_else(unit, cohort):
    risk, time, event = cohort
    here, there = kaplan_meier(time, event), kaplan_meier(unit * time, event)
    np.testing.assert_array_equal(there.survival, here.survival)
    assert there.median == pytest.approx(unit * here.median)
    assert there.rmst(4 * unit) == pytest.approx(unit * here.rmst(4))
    assert maxstat(risk, unit * time, event).statistic == pytest.approx(maxstat(risk, time, event).statistic)
    assert cox_model(risk[:, None], unit * time, event).coefficients == pytest.approx(
        cox_model(risk[:, None], time, event).coefficients
    )


def test_import_and_use_bring_no_heavy_library():
    # numpy, scipy and the standard library are all that a library's user pays for.
    code = f"""
        import sys
        sys.path.insert(0, {str(sys.path[0])!r})
        import tests.statistics.test_edges as edges
        import numpy as np
        generator = np.random.default_rng(4)
        cohort = generator.normal(size=60), generator.exponential(6, size=60) + 0.1, generator.random(60) < 0.6
        for work in edges.EVERY.values():
            work(*cohort)
        heavy = {{"torch", "torchvision", "pandas", "sksurv", "lifelines", "streamlit", "plotly", "sklearn", "h5py"}}
        print(sorted(heavy & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
