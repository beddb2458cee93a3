"""Over the shipped demo cohort, and over the same patients with less known of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from survdash import usecases
from survdash.settings import SHIPPED_MODELS
from survdash.statistics import calibration
from survdash.usecases import closer_look


@pytest.fixture(scope="module")
def analysis():
    if not (SHIPPED_MODELS / "demo" / "cohort.json").is_file():
        pytest.skip("the demo cohort is not here; make it: python -m survdash make-demo")
    return usecases.analyse_cohort("demo", "default")


@pytest.fixture
def knowing(monkeypatch):
    """Look at the demo cohort with some columns of its patients changed."""

    def change(**columns):
        cohort = usecases.open_cohort("demo")
        patients = cohort.patients.copy()
        for name, keep in columns.items():
            patients[name] = patients[name].astype(object).where(np.arange(len(patients)) < keep, None)
        monkeypatch.setattr(closer_look, "open_facts", lambda name: replace(cohort, patients=patients))

    return change


def test_everything_is_there_for_a_cohort_with_all_facts(analysis):
    look = usecases.look_closer(analysis)
    factors = list(dict.fromkeys(row.factor for row in look.adjusted.rows))
    assert factors == ["risk group", "age in years", "sex", "stage, 0 to IV"]
    assert (look.adjusted.patients, look.adjusted_notes, look.calibration_notes) == (200, (), ())
    assert (look.subgroups[0].patients, look.subgroups[0].events) == (200, analysis.survival.event.sum())
    assert {row.factor for row in look.subgroups} == {"all", "age", "sex", "stage", "site"}
    assert look.spread.shares.sum() == pytest.approx(1)


def test_predictions_meet_the_patients_they_were_made_for(analysis):
    look = usecases.look_closer(analysis)
    dead = [1 - usecases.stored_prediction("demo", "default", case).at(36)[0] for case in analysis.case_ids[:20]]
    every = 1 - np.stack(usecases.open_run("demo", "default").predictions()["survival"].to_list())[:, 36]
    np.testing.assert_allclose(every[:20], dead)
    found = calibration(every, analysis.survival.time_months, analysis.survival.event, horizon=36)
    np.testing.assert_array_equal(look.calibration.observed, found.observed)


def test_a_fact_that_most_patients_lack_is_left_out_with_a_note(analysis, knowing):
    knowing(stage=60, age=190)
    look = usecases.look_closer(analysis)
    assert "stage, 0 to IV" not in {row.factor for row in look.adjusted.rows}
    assert look.adjusted_notes[0] == "stage, 0 to IV left out: 140 of 200 patients have none."
    assert look.adjusted_notes[1] == "10 of 200 patients left out for missing values: age in years 10."
    assert look.adjusted.patients == 190


def test_without_facts_there_is_nothing_to_hold_equal(analysis, knowing):
    knowing(stage=0, age=0, sex=0, site=0)
    look = usecases.look_closer(analysis)
    assert look.adjusted is None
    assert "not known" in look.adjusted_notes[0]
    assert len(look.subgroups) == 1


def test_without_groups_nothing_is_adjusted(analysis):
    none = replace(analysis, cutpoints=(), group=np.full(200, "all", object))
    look = usecases.look_closer(none)
    assert look.adjusted is None
    assert look.calibration is not None


def test_stages_are_steps_whatever_their_letters_and_nothing_to_hold_equal_is_told(knowing):
    knowing(stage=200, age=0, sex=0, site=0)
    found = usecases.look_closer(usecases.analyse_cohort("demo", "default"))
    assert [row.factor for row in found.adjusted.rows if row.factor != "risk group"] == ["stage, 0 to IV"]
