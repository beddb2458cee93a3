from __future__ import annotations

import contextlib
import csv
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from survdash.bag_file import BagFile, new_bag_file
from survdash.errors import BagError, SurvdashError
from survdash.sources.feature_table import is_outcome_or_clinic, read_feature_table
from survdash.statistics.leaks import find_leaks


@pytest.mark.parametrize(
    ("name", "slides", "cases", "missing"), [("luad", 501, 444, 144), ("skcm", 358, 326, 794), ("lusc", 443, 412, 0)]
)
def test_real_tables_give_607_image_features_a_slide_and_keep_gaps(tcga, name, slides, cases, missing):
    table = read_feature_table(tcga / "features" / f"{name}_hif.csv")
    assert table.values.shape == (slides, 607)
    assert table.slides.nunique() == cases
    assert all(column.endswith(("_HE", "_FFPE")) for column in table.values)
    assert int(table.values.isna().to_numpy().sum()) == missing
    # 53 columns of outcome, follow-up, clinic and numbering; the key is used but is no feature either.
    assert {"os", "os_time", "vital_status", "age_at_initial_pathologic_diagnosis", "CASE_ID"} <= set(table.ignored)
    assert table.slides.index.str.startswith("TCGA-").all(), "the key is the barcode, not CASE_ID"


@pytest.mark.parametrize("name", ["luad", "skcm", "lusc"])
def test_every_cell_of_a_real_table_is_what_the_file_says_whatever_the_order_of_lines(tcga, tmp_path, name):
    header, *lines = (tcga / "features" / f"{name}_hif.csv").read_text(encoding="utf-8-sig").splitlines()
    random.Random(7).shuffle(lines)
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *lines]), encoding="utf-8-sig")
    table = read_feature_table(path)
    rows = list(csv.DictReader([header, *lines]))
    assert len(rows) == len(table.values)
    for row in rows:
        slide = f"{row['bcr_patient_barcode']}.{row['CASE_ID']}"
        told = np.array([float(row[name] or "nan") for name in table.values], dtype=np.float32)
        np.testing.assert_array_equal(table.values.loc[slide].to_numpy(), told)
        assert table.slides[slide] == row["bcr_patient_barcode"]


def test_a_table_of_another_maker_gives_its_numbers_but_no_outcome_and_no_clinical_fact(write_table):
    rows = [
        {
            "case_id": case,
            "slide_id": f"{case}-{n}.svs",
            "area": n + 0.5,
            "density": "",
            "stain": "HE",
            "OS": 1,
            "OS.time": 5,
            "survival_months": 9,
            "age": 50,
            "days_to_death": 4,
            "gender": 1,
            "vital_status": 1,
        }
        for case in ("A", "B")
        for n in (1, 2)
    ]
    rows[0]["density"] = 3
    table = read_feature_table(write_table(rows))
    assert list(table.values) == ["area", "density"]
    assert list(table.slides.index) == ["A-1", "A-2", "B-1", "B-2"]
    assert list(table.slides) == ["A", "A", "B", "B"]
    assert table.values["density"].isna().tolist() == [False, True, True, True]


def test_without_slide_ids_the_lines_of_a_case_are_counted(write_table):
    table = read_feature_table(write_table([{"case_id": case, "area": 1} for case in ("B", "A", "B")]))
    assert dict(table.slides) == {"A.1": "A", "B.1": "B", "B.2": "B"}


def test_slides_become_bags_of_one_row_with_gaps_and_large_areas(write_table, tmp_path):
    path = write_table(
        [{"case_id": "A", "area_HE": 1.8e7, "count_HE": ""}, {"case_id": "B", "area_HE": 2, "count_HE": 3}]
    )
    table = read_feature_table(path)
    with new_bag_file(tmp_path / "bags.h5", table.origin, allow_missing=True) as writer:
        table.fill(writer)
    with BagFile(tmp_path / "bags.h5") as bags:
        bag = bags.read(["A.1", "B.1"])
    np.testing.assert_array_equal(bag.features, np.array([[1.8e7, np.nan], [2, 3]], dtype=np.float32))
    assert bag.features.dtype == np.float32
    assert not bag.coords.any()


def test_only_slides_of_wanted_cases_stay_and_gaps_are_counted_among_them(write_table):
    table = read_feature_table(write_table([{"case_id": c, "a_HE": v} for c, v in (("A", 1), ("B", ""), ("C", ""))]))
    part = table.of_cases(pd.Index(["A", "B"]))
    assert list(part.slides) == ["A", "B"]
    assert part.notes == ("1 slide features are missing; the training fold's median stands in for them.",)
    assert part.origin.weights == table.origin.weights


def test_tables_of_other_columns_have_another_origin(write_table):
    origins = [read_feature_table(write_table([{"case_id": "A", name: 1}])).origin for name in ("a_HE", "b_HE")]
    assert origins[0].weights != origins[1].weights


def test_all_faults_are_told_at_once(write_table, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("case_id,slide_id,a_HE,a_HE,b_HE\nA,s,1,1,x\n,s,1,1,1e60\n")
    with pytest.raises(BagError) as caught:
        read_feature_table(path)
    for said in (
        "case_id is missing in 1 lines",
        "stand twice: a_HE",
        "b_HE in line 2 is not a number",
        "slide_id must",
    ):
        assert said in caught.value.message
    with pytest.raises(BagError, match="names no patient"):
        read_feature_table(write_table([{"CASE_ID": 1, "a_HE": 2}]))
    with pytest.raises(BagError, match="no numeric column is left"):
        read_feature_table(write_table([{"case_id": "A", "OS": 1}]))
    with pytest.raises(BagError, match="too large for float32"):
        read_feature_table(write_table([{"case_id": "A", "a_HE": "1e60"}]))


# What published tables and hospitals call outcome, follow-up and clinical facts.
OUTCOMES = """
os OS os_months OS_MONTHS OS.time OS_STATUS os_days os_censorship os_survival_days dss_months DSS.time
DFS_STATUS DFI.time PFI PFI.time PFS_MONTHS pfs_event efs_time rfs rfs_days rfstime DMFS css CSS_months
ttr ttp_days time time_to_event TimeToEvent T event Event event_observed E status VitalStatus dead Death
death_event deceased is_dead alive censored censorship Censor cens futime fustat fu_months fup_time
follow_up followup_months FollowUp days_to_death days_to_last_follow_up survival survival_months
SurvivalTime OverallSurvival overall.survival.months surv_time survtime label Label target outcome y
months Duration recurrence relapse progression progression_free days_to_recurrence risk risk_score
risk_group survival_bin disc_label response Überlebenszeit verstorben Tod todesdatum Rezidiv survie
décès 生存时间 死亡 age Age age_at_diagnosis Alter yob sex gender is_female stage ajcc_stage pT pN TNM grade
gleason_score ECOG bmi smoking pack_years race fold train lymph_nodes_positive chemotherapy radiotherapy
site center index case_id sample_id
"""
FEATURES = """
area density mean_nuclear_area nuc_area_mean feature_0 f17 0 42 stroma_fraction til_density
event_count_per_mm2 tumor_area tumor_stroma_ratio epithelium_mean mitotic_count lymphocyte_density
necrosis_fraction entropy glcm_contrast perimeter distance_to_stroma surface_area marginal_entropy
texture_energy dispersion H_mean eosin_mean eccentricity orientation
"""


def test_every_usual_name_of_an_outcome_is_kept_out_and_names_of_image_features_are_not():
    assert [name for name in OUTCOMES.split() if not is_outcome_or_clinic(name)] == []
    assert [name for name in FEATURES.split() if is_outcome_or_clinic(name)] == []


def test_a_table_with_os_months_among_its_columns_does_not_leak_it_and_one_under_another_name_is_found(tcga, tmp_path):
    real = pd.read_csv(tcga / "features" / "skcm_hif.csv", encoding="utf-8-sig")
    real = real[(real["os_time"] > 0) & real["os"].notna()].drop_duplicates("bcr_patient_barcode")
    features = [name for name in real if name.endswith(("_HE", "_FFPE"))][:40]
    # As another maker's table: no marked names, the outcome under its usual name and under a number.
    plain = real[features].set_axis([f"f{number}" for number in range(40)], axis=1)
    path = tmp_path / "table.csv"
    pd.concat([plain, real["os_time"].rename("f40")], axis=1).assign(
        case_id=real["bcr_patient_barcode"], os_months=real["os_time"] / 30.4375, os_status=real["os"]
    ).to_csv(path, index=False)
    table = read_feature_table(path)
    assert set(table.values) == {f"f{number}" for number in range(41)}
    assert {"os_months", "os_status"} <= set(table.ignored)
    outcome = real.set_index("bcr_patient_barcode").loc[table.slides]
    found = find_leaks(table.values, list(table.values), outcome["os_time"], outcome["os"] == 1)
    assert [leak.name for leak in found] == ["f40"], "no real image feature is called a leak"


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    content=st.binary(max_size=80) | st.text("a_HE,1.-\n", max_size=60).map(lambda t: ("case_id,a_HE\n" + t).encode())
)
def test_no_file_brings_out_another_error_than_ours(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    path.write_bytes(content)
    with contextlib.suppress(SurvdashError):
        read_feature_table(path)
