from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survdash.sources.outcome_check import doubt_outcome, words_of_death
from survdash.sources.research_csv import read_research_csv

COHORTS = ("blca_mutsig", "luad_rnaseq_cnv", "ucec_mutsig", "more/brca_mutsig", "more/coadread_mutsig",
           "more/gbmlgg_mutsig", "more/hnsc_mutsig", "more/kirp_mutsig", "more/lihc_mutsig", "more/lusc_mutsig",
           "more/paad_mutsig", "more/skcm_mutsig", "more/stad_mutsig")  # fmt: skip


def outcome(months, event) -> pd.DataFrame:
    made = pd.DataFrame({"time_months": months, "event": event})
    return made.set_index(pd.Index([f"P{n:03d}" for n in range(len(made))], name="case_id"))


@pytest.fixture(scope="module")
def real(tcga) -> dict[str, pd.DataFrame]:
    made = {}
    for name in COHORTS:
        columns = ["case_id", "survival_months", "censorship"]
        table = pd.read_csv(tcga / f"{name}.csv.zip", compression="zip", usecols=columns).drop_duplicates("case_id")
        short = name.split("/")[-1].split("_")[0]
        made[short] = outcome(table["survival_months"].to_numpy(), table["censorship"].to_numpy() == 0)
    return made


def test_no_published_cohort_is_doubted_and_each_of_them_is_when_its_status_is_flipped(real):
    for name, patients in real.items():
        assert doubt_outcome(patients, cohort=f"tcga-{name}") == (), name
        flipped = patients.assign(event=~patients["event"])
        doubts = doubt_outcome(flipped)
        assert any("is the status flipped?" in doubt for doubt in doubts), name


def test_days_taken_for_months_are_doubted_in_every_cohort_and_years_where_they_are_few(real):
    for name, patients in real.items():
        days = patients.assign(time_months=patients["time_months"] * 30.4375)
        doubts = doubt_outcome(days)
        assert any("are these days?" in doubt for doubt in doubts), name
    years = outcome(np.linspace(0.5, 8, 50), np.arange(50) < 20)
    assert doubt_outcome(years) == ("No patient is followed longer than 8.0 months: are these years?",)


def test_a_follow_up_of_1400_months_is_doubted():
    doubts = doubt_outcome(outcome(np.linspace(100, 1400, 50), np.arange(50) < 20))
    told = "Follow-up reaches 1400 months (117 years), half of the censored patients more than 1015: are these days?"
    assert doubts == (told,)


def test_a_known_cancer_whose_rate_is_the_mirror_image_is_doubted():
    brca = outcome(np.linspace(20, 120, 100), np.arange(100) < 60)
    assert any("of BRCA in The Cancer Genome Atlas 14%" in doubt for doubt in doubt_outcome(brca, cohort="tcga-brca"))
    assert doubt_outcome(brca, cohort="our-breast") == ()


def test_almost_all_dead_is_doubted():
    doubts = doubt_outcome(outcome(np.linspace(20, 120, 20), np.arange(20) < 19))
    assert doubts == ("95% of the patients died: is the status flipped?",)


def test_clinical_words_that_contradict_the_event_are_named_with_patients():
    patients = outcome(np.linspace(20, 200, 10), np.arange(10) < 4)
    table = pd.DataFrame({
        "vital": ["Alive"] * 4 + ["Dead"] * 6, "Todesursache": [None] * 9 + ["Tumor"], "stage": ["II"] * 10,
        "n": range(10),
    }, index=patients.index)  # fmt: skip
    said = words_of_death(table)
    assert list(said) == ["vital", "Todesursache"]
    first, second = doubt_outcome(patients, said_dead=said)
    assert first == (
        "Column vital says the opposite of the outcome for 10 of 10 patients "
        "(P000, P001, P002, P003, P004 and 5 more); by its words 6 of them died: is the status flipped?"
    )
    assert second.startswith("Column Todesursache says the opposite of the outcome for 1 of 1 patients (P009)")
    one_wrong = said[["vital"]].assign(vital=patients["event"].astype(object))
    one_wrong.loc["P009", "vital"] = True
    (told,) = doubt_outcome(patients, said_dead=one_wrong)
    assert told.endswith("for 1 of 10 patients (P009); by its words 1 of them died: which is right?")
    agreeing = outcome(np.linspace(20, 200, 10), np.arange(10) >= 4)
    assert doubt_outcome(agreeing, said_dead=said[["vital"]]) == ()


def test_words_that_say_neither_are_no_witness():
    table = pd.DataFrame({"status": ["0", "1", None], "mixed": ["dead", "relapsed", "alive"], "none": [None] * 3})
    assert words_of_death(table).empty


def test_a_published_table_says_who_died_in_words_that_agree(tcga):
    """The vital status of the hif2gene table is a second witness for the outcome of its own patients."""
    table = pd.read_csv(tcga / "features" / "lusc_hif.csv", encoding="utf-8-sig").drop_duplicates("bcr_patient_barcode")
    table = table.set_index("bcr_patient_barcode")
    said = words_of_death(table[["vital_status"]].astype("str"))["vital_status"]
    patients = read_research_csv(tcga / "more/lusc_mutsig.csv.zip").patients
    here = patients.index.intersection(said.index[said.notna()])
    assert len(here) > 300
    flipped = patients.loc[here].assign(event=~patients.loc[here, "event"])
    told = doubt_outcome(flipped, said_dead=said.to_frame())[0]
    assert told.startswith("Column vital_status says the opposite of the outcome for ")
    assert told.endswith("is the status flipped?")
