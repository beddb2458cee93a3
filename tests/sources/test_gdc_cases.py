"""Clinical records of the GDC: several diagnoses and follow-ups, what has moved and been renamed, what is absent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survdash.errors import ClinicalError
from survdash.sources.gdc_cases import read_cases

CASE = "TCGA-2F-A9KO"
DAYS = 365.25 / 12


def _read(**record: Any) -> pd.Series:
    return read_cases([{"submitter_id": CASE, **record}]).patients.loc[CASE]


def test_of_several_diagnoses_and_follow_ups_the_latest_contact_counts_and_the_primary_tells_the_stage() -> None:
    row = _read(
        demographic={"vital_status": "Alive", "sex_at_birth": "female", "age_at_index": 61},
        diagnoses=[
            {"submitter_id": "b", "ajcc_pathologic_stage": "Stage IV", "diagnosis_is_primary_disease": False,
             "days_to_last_follow_up": 900},
            {"submitter_id": "a", "ajcc_pathologic_stage": "Stage II", "diagnosis_is_primary_disease": "true",
             "days_to_last_follow_up": 300, "tumor_grade": "High Grade"},
        ],
        follow_ups=[{"days_to_follow_up": 100}, {"disease_response": "TF"}, {"days_to_follow_up": 1234.0}],
    )  # fmt: skip
    assert row["time_months"] == pytest.approx(1234 / DAYS)
    assert (row["event"], row["age"], row["sex"], row["stage"], row["grade"]) == (
        False, 61, "female", "Stage II", "High Grade"
    )  # fmt: skip


@pytest.mark.parametrize("place", ["diagnoses", "follow_ups"])
def test_the_last_contact_is_found_in_either_place_that_it_had(place: str) -> None:
    name = {"diagnoses": "days_to_last_follow_up", "follow_ups": "days_to_follow_up"}[place]
    row = _read(demographic={"vital_status": "Alive"}, **{place: [{name: 365}]})
    assert row["time_months"] == pytest.approx(365 / DAYS)


def test_a_death_is_dated_by_itself_not_by_a_later_entry() -> None:
    record = {"submitter_id": CASE, "demographic": {"vital_status": "Dead", "days_to_death": 500},
              "follow_ups": [{"days_to_follow_up": 700}]}  # fmt: skip
    read = read_cases([record])
    assert read.patients.loc[CASE, "event"]
    assert read.patients.loc[CASE, "time_months"] == pytest.approx(500 / DAYS)
    assert read.notes == (f"1 cases have a contact after the day of death; the day of death counts ({CASE}).",)


def test_what_the_gdc_has_renamed_is_known_by_both_names_and_days_are_not_years() -> None:
    demographic = {"vital_status": "Alive", "gender": "male"}
    row = _read(demographic=demographic, diagnoses=[{"age_at_diagnosis": 26548, "days_to_last_follow_up": 1}])
    assert row["sex"] == "male"
    assert row["age"] == pytest.approx(26548 / 365.25)
    diagnosis = {"figo_stage": "Stage IIIC", "days_to_last_follow_up": 1}
    row = _read(demographic={"vital_status": "Alive"}, diagnoses=[diagnosis])
    assert (row["stage"], pd.isna(row["sex"]), np.isnan(row["age"])) == ("Stage IIIC", True, True)


def test_who_cannot_be_used_is_left_out_with_the_reason() -> None:
    records = [
        {"submitter_id": "TCGA-AA-0001"},
        {"submitter_id": "TCGA-AA-0002", "demographic": {"vital_status": "Not Reported"}},
        {"submitter_id": "TCGA-AA-0003", "demographic": {"vital_status": "Dead"},
         "follow_ups": [{"days_to_follow_up": 700}]},
        {"submitter_id": "TCGA-AA-0004", "demographic": {"vital_status": "Alive", "days_to_death": 3}},
        {"submitter_id": "TCGA-AA-0005", "demographic": {"vital_status": "Dead", "days_to_death": 0}},
        {"submitter_id": "TCGA-AA-0006", "demographic": {"vital_status": "Alive"},
         "diagnoses": [{"days_to_last_follow_up": -3}]},
        {"submitter_id": CASE, "demographic": {"vital_status": "Dead", "days_to_death": 9}},
    ]  # fmt: skip
    read = read_cases(records)
    assert list(read.patients.index) == [CASE]
    assert [(one.case_id, one.line) for one in read.left_out] == [(f"TCGA-AA-000{line}", line) for line in range(1, 7)]
    assert set(read.dropped) == {
        "2 cases: vital status not reported (TCGA-AA-0001, TCGA-AA-0002)",
        "1 case: dead, but no day of death (TCGA-AA-0003)",
        "1 case: alive, but with a day of death (TCGA-AA-0004)",
        "2 cases: follow-up not above zero (TCGA-AA-0005, TCGA-AA-0006)",
    }


def test_all_faults_are_told_at_once() -> None:
    records: list[dict[str, Any]] = [
        {"submitter_id": "P1"}, {"submitter_id": CASE}, {"submitter_id": CASE},
        {"submitter_id": "TCGA-AA-0001", "demographic": {"vital_status": "Dead", "days_to_death": "500"}},
        {"submitter_id": "TCGA-AA-0002", "demographic": [], "diagnoses": ["text"], "follow_ups": 7},
    ]  # fmt: skip
    with pytest.raises(ClinicalError) as caught:
        read_cases(records)
    for words in ("'P1' is no barcode", f"case {CASE} stands twice", "days_to_death of TCGA-AA-0001 is '500'",
                  "diagnoses of TCGA-AA-0002 is", "follow_ups of TCGA-AA-0002 is '7'"):  # fmt: skip
        assert words in caught.value.message
    with pytest.raises(ClinicalError, match="no clinical record"):
        read_cases([])


contacts = st.lists(st.one_of(st.none(), st.integers(-50, 5000)), max_size=5)


@settings(max_examples=25)  # each builds two tables
@given(first=contacts, second=contacts, seed=st.randoms())
def test_the_order_of_the_records_never_matters(first: list[Any], second: list[Any], seed: Any) -> None:
    def record(one: list[Any], two: list[Any]) -> dict[str, Any]:
        return {
            "submitter_id": CASE, "demographic": {"vital_status": "Alive"},
            "diagnoses": [{"days_to_last_follow_up": day} if day is not None else {} for day in one],
            "follow_ups": [{"days_to_follow_up": day} if day is not None else {} for day in two],
        }  # fmt: skip

    here = read_cases([record(first, second)]).patients
    seed.shuffle(first)
    seed.shuffle(second)
    there = read_cases([record(first, second)]).patients
    pd.testing.assert_frame_equal(here, there)
    known = [day for day in (*first, *second) if day is not None]
    assert len(here) == (bool(known) and max(known) > 0)
