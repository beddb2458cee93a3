from __future__ import annotations

import contextlib

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from survdash.errors import ClinicalError, SurvdashError
from survdash.sources.clinical_table import join_clinical, read_clinical_table


@pytest.mark.parametrize(("name", "cases"), [("blca", 412), ("luad", 444), ("skcm", 326), ("lusc", 412)])
def test_real_stages_are_read_as_written(tcga, name, cases):
    path = tcga / f"{name}_stage.csv"
    facts = read_clinical_table(path).facts
    plain = pd.read_csv(path, dtype=str, keep_default_na=False).drop_duplicates("case_id").set_index("case_id")["stage"]
    assert len(facts) == len(plain)
    told = {case: stage for case, stage in plain.items() if stage and "[" not in stage and stage != "N/A"}
    assert facts["stage"].dropna().to_dict() == told
    assert len(facts) == cases


def test_a_joined_table_fills_gaps_and_never_overwrites(write_table):
    patients = pd.DataFrame(
        {"age": [60.0, None, 70.0], "stage": [None, "II", None], "sex": ["male", None, "female"]},
        index=pd.Index(["A", "B", "C"], name="case_id"),
    ).astype({"stage": "str", "sex": "str"})
    path = write_table(
        [
            {
                "case_id": "A",
                "stage": "Stage I",
                "age": 61,
                "gender": "MALE",
                "grade": "G1",
                "OS.time": 9,
                "survival_months": 3,
            },
            {
                "case_id": "B",
                "stage": "III",
                "age": 50.5,
                "gender": "F",
                "grade": "G2",
                "OS.time": 9,
                "survival_months": 3,
            },
            {
                "case_id": "Z",
                "stage": "[Not Available]",
                "age": "",
                "gender": "",
                "grade": "",
                "OS.time": "",
                "survival_months": 1,
            },
        ]
    )
    table = read_clinical_table(path)
    joined, notes = join_clinical(patients, table)
    assert joined["age"].iloc[:2].tolist() == [60.0, 50.5]
    assert joined["stage"].iloc[:2].tolist() == ["Stage I", "II"]
    assert joined["sex"].tolist() == ["male", "female", "female"]
    assert joined["grade"].iloc[:2].tolist() == ["G1", "G2"]
    assert table.ignored == ("OS.time", "survival_months")
    assert set(joined) == {"age", "stage", "sex", "grade"}
    said = " ".join(notes)
    assert "2 of 3 cases found; 1 others left out" in said
    assert "age: 1 cases differ between the tables; the main table's is kept (A 60 and 61)" in said
    assert "stage: 1 cases differ" in said
    assert patients["age"].isna().sum() == 1, "the table handed in was changed"


def test_ages_of_the_real_tables_agree_with_the_main_tables(tcga):
    from survdash.sources.research_csv import read_research_csv

    patients = read_research_csv(tcga / "luad_rnaseq_cnv.csv.zip").patients
    joined, notes = join_clinical(patients, read_clinical_table(tcga / "luad_stage.csv"))
    assert not any("differ" in note for note in notes)
    assert int(joined["stage"].notna().sum()) == 416


def test_all_faults_are_told_at_once(write_table):
    path = write_table(
        [
            {"case_id": "A", "stage": "I", "age": 50, "sex": "male"},
            {"case_id": "A", "stage": "II", "age": 50, "sex": "male"},
            {"case_id": "", "stage": "I", "age": 500, "sex": "?"},
        ]
    )
    with pytest.raises(ClinicalError) as caught:
        read_clinical_table(path)
    for said in (
        "case_id is missing in 1 lines",
        "case A has 2 values of stage: I in line 2, II in line 3",
        "'500' in line 4",
        "sex '?' in line 4",
    ):
        assert said in caught.value.message


def test_a_table_without_a_case_or_without_a_fact_is_refused(write_table):
    with pytest.raises(ClinicalError, match="names no patient"):
        read_clinical_table(write_table([{"id": "A", "stage": "I"}]))
    with pytest.raises(ClinicalError, match="no clinical column is left"):
        read_clinical_table(write_table([{"case_id": "A", "OS": "1"}]))


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    content=st.binary(max_size=80)
    | st.text("case_id,ge\nA1 ", max_size=60).map(lambda t: ("case_id,age\n" + t).encode())
)
def test_no_file_brings_out_another_error_than_ours(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    path.write_bytes(content)
    with contextlib.suppress(SurvdashError):
        read_clinical_table(path)
