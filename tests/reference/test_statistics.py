"""Tests, models and scores against R on data that are in the repository: these tests run wherever survdash does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from survdash.statistics import (
    adjusted_hazard_ratios,
    brier_score,
    calibration,
    check_proportional_hazards,
    cox_model,
    cumulative_incidence,
    decision_curve,
    kaplan_meier,
    logrank,
    logrank_trend,
    pairwise_logrank,
    rmst_difference,
    smooth_calibration,
    time_auc,
)

R: dict[str, Any] = json.loads((Path(__file__).parent / "statistics.json").read_text())
DATA = {name: np.array(values, float) for name, values in R["data"].items()}
TIME, EVENT, ECOG, FEMALE, ENTRY = (DATA[name] for name in ("time", "event", "ecog", "female", "entry"))
PREDICTED = 1 - np.array(R["predictions"]["survival"])
# R stops when the likelihood moves by less than 1e-12 of itself: half of the digits are the peak's.
OPTIMISED = 1e-6


def numbers(values: Any) -> np.ndarray:
    return np.array(values, dtype=object).astype(float)


def test_left_truncated_curve() -> None:
    ours = kaplan_meier(TIME, EVENT, entry=ENTRY)
    r = R["km_entry"]
    assert ours.time.tolist() == r["time"]
    assert ours.at_risk.tolist() == r["at_risk"]
    np.testing.assert_allclose(ours.survival, r["survival"], rtol=1e-12)  # the same products in the same order
    known = np.isfinite(numbers(r["low"]))
    np.testing.assert_allclose(ours.low[known], numbers(r["low"])[known], rtol=1e-10)
    np.testing.assert_allclose(ours.high[known], numbers(r["high"])[known], rtol=1e-10)


def test_logrank_of_four_groups() -> None:
    ours, r = logrank(TIME, EVENT, ECOG), R["logrank"]
    assert ours.statistic == pytest.approx(r["statistic"], rel=1e-10)
    assert ours.observed.tolist() == r["observed"]
    np.testing.assert_allclose(ours.expected, r["expected"], rtol=1e-12)
    np.testing.assert_allclose(ours.variance, r["variance"], rtol=1e-11)


def test_trend_strata_and_entry() -> None:
    assert logrank_trend(TIME, EVENT, ECOG).statistic == pytest.approx(R["trend"], rel=1e-10)
    assert logrank(TIME, EVENT, FEMALE, strata=ECOG).statistic == pytest.approx(R["stratified"], rel=1e-10)
    # A score test at zero: nothing is iterated.
    assert logrank(TIME, EVENT, FEMALE, entry=ENTRY).statistic == pytest.approx(R["logrank_entry"], rel=1e-10)


def test_pairs_with_holm() -> None:
    mine = ECOG < 3
    ours = pairwise_logrank(TIME[mine], EVENT[mine], ECOG[mine])
    np.testing.assert_allclose([pair.p_value for pair in ours], R["pairwise"]["p_value"], rtol=1e-9)
    np.testing.assert_allclose([pair.p_holm for pair in ours], R["pairwise"]["p_holm"], rtol=1e-9)


def test_restricted_means() -> None:
    ours, r = rmst_difference(TIME, EVENT, FEMALE, horizon=500), R["rmst"]
    np.testing.assert_allclose(ours.means, r["mean"], rtol=1e-12)
    np.testing.assert_allclose(ours.std_errs, r["std_err"], rtol=1e-12)
    assert ours.difference == pytest.approx(r["mean"][1] - r["mean"][0], rel=1e-11)


@pytest.mark.parametrize("block", ["cox", "cox_entry"])
def test_cox_models_and_their_hazards(block: str) -> None:
    r, kept = R[block], (3 if block == "cox" else 9) > ECOG
    columns = [DATA["age"][kept], FEMALE[kept]]
    terms = {"age": [0], "female": [1]}
    if block == "cox":
        columns += [ECOG[kept] == 1, ECOG[kept] == 2]
        terms["ecog"] = [2, 3]
        ours = cox_model(np.column_stack(columns), TIME[kept], EVENT[kept])
    else:
        ours = cox_model(np.column_stack(columns), TIME, EVENT, strata=ECOG, entry=ENTRY)
    np.testing.assert_allclose(ours.coefficients, r["coefficients"], rtol=OPTIMISED)
    np.testing.assert_allclose(ours.std_errs, r["std_err"], rtol=OPTIMISED)
    assert ours.log_likelihood == pytest.approx(r["log_likelihood"], rel=1e-12)
    assert ours.log_likelihood_null == pytest.approx(r["log_likelihood_null"], rel=1e-12)
    assert ours.score_statistic == pytest.approx(r["score"], rel=1e-10)
    tested = check_proportional_hazards(ours, terms=terms)
    np.testing.assert_allclose([*tested.statistics, tested.statistic], r["zph_chisq"], rtol=1e-5)
    np.testing.assert_allclose([*tested.p_values, tested.p_value], r["zph_p"], rtol=1e-5)


def test_the_forest_s_table_is_that_model() -> None:
    kept, r = ECOG < 3, R["cox"]
    words = np.array(["good", "limited", "poor"])[ECOG[kept].astype(int)]
    factors = {"age": DATA["age"][kept], "female": FEMALE[kept], "state": words}
    rows = adjusted_hazard_ratios(TIME[kept], EVENT[kept], factors).rows
    found = [np.log(row.ratio) for row in rows if not row.is_reference]
    np.testing.assert_allclose(found, r["coefficients"], rtol=OPTIMISED)
    np.testing.assert_allclose([rows[0].hazards_p, rows[1].hazards_p, rows[2].hazards_p], r["zph_p"][:3], rtol=1e-5)


def test_survival_predicted_by_a_cox_model() -> None:
    columns = np.column_stack([DATA["age"], FEMALE, ECOG])
    ours = cox_model(columns, TIME, EVENT)
    found = ours.survival(columns, R["predictions"]["times"])
    np.testing.assert_allclose(found, R["predictions"]["survival"], rtol=OPTIMISED)


def test_time_dependent_auc() -> None:
    times = R["predictions"]["times"]
    ours = [time_auc(PREDICTED[:, k], TIME, EVENT, times=[t], resamples=1).values[0] for k, t in enumerate(times)]
    np.testing.assert_allclose(ours, R["auc"], rtol=1e-10)


def test_brier_scores() -> None:
    ours = brier_score(1 - PREDICTED, TIME, EVENT, times=R["predictions"]["times"])
    np.testing.assert_allclose(ours.values, R["brier"]["model"], rtol=1e-10)
    np.testing.assert_allclose(ours.reference, R["brier"]["null"], rtol=1e-10)


def test_calibration_in_tenths_and_its_slope() -> None:
    ours, r = calibration(PREDICTED[:, 1], TIME, EVENT, horizon=365), R["calibration"]
    np.testing.assert_allclose(ours.predicted, r["predicted"], rtol=1e-12)
    np.testing.assert_allclose(np.column_stack([ours.observed, ours.low, ours.high]), r["observed"], rtol=1e-9)
    assert ours.slope == pytest.approx(r["slope"], rel=OPTIMISED)


def test_smooth_calibration() -> None:
    ours, r = smooth_calibration(PREDICTED[:, 1], TIME, EVENT, horizon=365), R["smooth"]
    order = np.argsort(PREDICTED[:, 1], kind="stable")
    np.testing.assert_allclose(ours.observed, numbers(r["observed"])[order], rtol=OPTIMISED)
    np.testing.assert_allclose([ours.ici, ours.e50, ours.e90], [r["ici"], r["e50"], r["e90"]], rtol=1e-5)


def test_net_benefit() -> None:
    r = R["decision"]
    ours = decision_curve(PREDICTED[:, 1], TIME, EVENT, horizon=365, thresholds=r["thresholds"])
    np.testing.assert_allclose(ours.model, r["model"], rtol=1e-10)
    np.testing.assert_allclose(ours.everybody, r["everybody"], rtol=1e-10)


def test_competing_risks() -> None:
    r = R["competing"]
    ours = cumulative_incidence(r["time"], r["cause"])
    assert ours.time.tolist() == r["at"]
    np.testing.assert_allclose(ours.incidence, r["incidence"], rtol=1e-11, atol=1e-15)
    # prodlim's, by the same formula; neither has one at the end, where everybody has died.
    np.testing.assert_allclose(ours.std_err, numbers(r["std_err"]), rtol=1e-9, atol=1e-12)
    # survfit's jackknife is another estimate of the same error: alike once some dozen have died.
    late = (ours.events.sum(axis=0).cumsum() > 60) & np.isfinite(ours.std_err).all(axis=0)
    np.testing.assert_allclose(ours.std_err[:, late], numbers(r["jackknife"])[:, late], rtol=0.02)


def test_the_file_says_what_made_it() -> None:
    assert (Path(__file__).parent / R["made_by"]["script"]).is_file()
    checked = (
        "data made_by predictions km_entry logrank trend stratified logrank_entry cox pairwise rmst cox_entry auc "
        "brier calibration smooth decision competing"
    )
    assert set(R) == set(checked.split()), "a block of the file has no test here"
