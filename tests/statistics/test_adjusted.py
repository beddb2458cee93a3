import numpy as np
import pytest

from survdash.errors import ClinicalError, InputError, NotEnoughDataError
from survdash.statistics import adjusted_hazard_ratios, cox_model


@pytest.fixture
def cohort():
    generator = np.random.default_rng(1)
    n = 240
    factors = {
        "risk": np.where(generator.random(n) < 0.5, "high", "low").astype(object),
        "age": generator.normal(60, 10, size=n).astype(object),
        "stage": generator.choice(["I", "II", "III"], size=n).astype(object),
    }
    return factors, generator.exponential(20, size=n), generator.random(n) < 0.6


def test_rows_are_the_model_s_with_the_reference_first(cohort):
    factors, time, event = cohort
    found = adjusted_hazard_ratios(time, event, factors, units={"age": 10})
    assert [(row.factor, row.level) for row in found.rows] == [
        ("risk", "low"), ("risk", "high"), ("age", "per 10"), ("stage", "I"), ("stage", "II"), ("stage", "III"),
    ]  # fmt: skip
    assert [row.is_reference for row in found.rows] == [True, False, False, True, False, False]
    columns = np.stack(
        [factors["risk"] == "high", factors["age"].astype(float) / 10, factors["stage"] == "II",
         factors["stage"] == "III"], axis=1,
    )  # fmt: skip
    model = cox_model(columns.astype(float), time, event)
    np.testing.assert_allclose([row.ratio for row in found.rows if not row.is_reference], model.ratios, rtol=1e-9)
    assert found.rows[1].patients == (factors["risk"] == "high").sum()
    assert found.notes == ()
    assert (found.dropped, found.patients) == (0, 240)


def test_missing_values_are_counted_and_said(cohort):
    factors, time, event = cohort
    factors["age"][[0, 1]] = np.nan
    factors["stage"][[1, 2, 3]] = None
    factors["stage"][4] = ""
    found = adjusted_hazard_ratios(time, event, factors)
    assert found.missing == {"risk": 0, "age": 2, "stage": 4}
    assert (found.dropped, found.patients) == (5, 235)
    assert found.notes[0] == "5 of 240 patients left out for missing values: age 2, stage 4."


def test_a_level_in_which_nobody_died_is_left_out_with_a_note_and_changes_no_other_ratio(cohort):
    factors, time, event = cohort
    factors["stage"][:6] = "0"
    event[:6] = False
    found = adjusted_hazard_ratios(time, event, factors)
    assert any("stage 0: none of 6 died" in note for note in found.notes)
    without = adjusted_hazard_ratios(time[6:], event[6:], {name: values[6:] for name, values in factors.items()})
    assert [row.ratio for row in found.rows] == [row.ratio for row in without.rows]


def test_few_deaths_and_useless_factors_are_noted(cohort):
    factors, time, event = cohort
    factors["site"] = np.full(240, "one", dtype=object)
    event = event & (np.cumsum(event) <= 20)
    notes = " ".join(adjusted_hazard_ratios(time, event, factors).notes)
    assert "site left out: all patients have the same value" in notes
    assert "20 deaths for 4 coefficients" in notes


def test_refuses_impossible_input(cohort):
    factors, time, event = cohort
    with pytest.raises(InputError):
        adjusted_hazard_ratios(time, event, {})
    with pytest.raises(InputError):
        adjusted_hazard_ratios(time, event, factors, units={"weight": 10})
    with pytest.raises(ClinicalError, match="stage"):
        adjusted_hazard_ratios(time, event, {"stage": ["I"]})
    with pytest.raises(NotEnoughDataError, match="No death"):
        adjusted_hazard_ratios(time, np.zeros(240), factors)
    with pytest.raises(NotEnoughDataError, match="two values"):
        adjusted_hazard_ratios([1.0], [1], {"risk": ["low"]})
    with pytest.raises(NotEnoughDataError, match="No patient"):
        adjusted_hazard_ratios([1, 2], [1, 1], {"a": [None, 1], "b": [1, None]})
