"""Further questions to the demo's risk groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from survdash import usecases
from survdash.errors import NotEnoughDataError
from survdash.statistics.bootstrap import compare_paired
from survdash.usecases import deeper_look


@pytest.fixture(scope="module")
def analysis():
    return usecases.analyse_cohort("demo", "glg")


def test_a_landmark_keeps_who_lives_and_counts_who_does_not(analysis):
    found = usecases.from_landmark(analysis, at=12.0)
    time, event = analysis.survival.time_months, analysis.survival.event
    assert (found.kept, found.died_before, found.censored_before) == (
        (time > 12).sum(), (event & (time <= 12)).sum(), (~event & (time <= 12)).sum())  # fmt: skip
    assert sum(curve.size for curve in found.curves.values()) == found.kept
    assert found.test is not None
    late = usecases.from_landmark(analysis, at=60.0)  # three of the high group are left
    assert late.test is None


def test_a_decision_is_of_the_predicted_chance(analysis):
    found = usecases.decision(analysis, horizon=36)
    dead = np.array([1 - usecases.stored_prediction("demo", "glg", case).at(36)[0] for case in analysis.case_ids])
    assert found.treated[49] == (dead >= 0.5).sum()  # thresholds are 0.01, 0.02, ...
    with pytest.raises(NotEnoughDataError, match="says nothing of 600"):
        usecases.decision(analysis, horizon=600)
    other = replace(analysis, outcome=replace(analysis.outcome, name="PFI", title="Progression-free interval"))
    with pytest.raises(NotEnoughDataError, match="not progression-free interval"):
        usecases.decision(other, horizon=36)


def test_a_steady_cut_is_searched_in_draws_and_refused_where_it_takes_too_long(analysis, monkeypatch):
    found = usecases.steadiness(analysis)
    assert len(found.cutpoints) + found.failed == deeper_look.DRAWS
    assert found.low <= found.cutpoint <= found.high
    monkeypatch.setattr(deeper_look, "MOST_DRAWN", 100)
    with pytest.raises(NotEnoughDataError, match="takes too long for 200 patients"):
        usecases.steadiness(analysis)


def test_two_models_are_compared_on_the_same_patients_and_turned_round_give_the_opposite():
    pair, turned = usecases.model_pair("demo", "glg", "snn"), usecases.model_pair("demo", "snn", "glg")
    cohort = usecases.open_cohort("demo")
    one, other = (usecases.open_run("demo", run).predictions() for run in ("glg", "snn"))
    survival = cohort.survival
    expected = compare_paired(one["risk"], other["risk"], survival.time_months, survival.event, one["fold"])
    assert (pair.difference.difference, pair.difference.low) == (expected.difference, expected.low)
    assert turned.difference.difference == pytest.approx(-pair.difference.difference)
    np.testing.assert_array_equal(pair.first, turned.second)
    assert (pair.left_out, pair.same_folds) == (0, True)


def test_a_cohort_that_does_not_say_what_patients_died_of_is_told_what_it_would_take(analysis):
    with pytest.raises(NotEnoughDataError, match="DSS_STATUS"):
        usecases.causes(analysis)
