from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from survdash.cohort import PATIENT_COLUMNS
from survdash.errors import ClinicalError, SurvdashError
from survdash.sources.research_csv import read_research_csv

# Cases, events, slides and gene columns: README of the data where it says so, else counted once with the csv module.
REAL = {
    "blca_rnaseq_cnv": (373, 169, 437, 2814 + 248),
    "luad_rnaseq_cnv": (453, 158, 516, 2812 + 284),
    "ucec_mut_cnv": (480, 75, 539, 8137 + 935),
    "blca_mutsig": (373, 169, 437, 1554 + 371 + 256),
    "luad_mutsig": (453, 158, 515, 1555 + 864 + 517),
    "ucec_mutsig": (480, 75, 538, 1406 + 5),
    "more/brca_mutsig": (956, 130, 1022, 2912),
    "more/coadread_mutsig": (340, 81, 345, 2657),
    "more/gbmlgg_mutsig": (569, 187, 1011, 1590),
    "more/hnsc_mutsig": (416, 197, 437, 2208),
    "more/kirp_mutsig": (260, 40, 284, 1577),
    "more/lihc_mutsig": (333, 115, 347, 2574),
    "more/lusc_mutsig": (450, 192, 484, 2406),
    "more/paad_mutsig": (166, 90, 180, 1649),
    "more/skcm_mutsig": (230, 89, 268, 2340),
    "more/stad_mutsig": (349, 140, 374, 2533),
}


@pytest.mark.parametrize("name", REAL)
def test_real_tables_have_the_counts_that_are_known(tcga, name):
    table = read_research_csv(tcga / f"{name}.csv.zip")
    assert table.genes is not None
    found = (len(table.patients), int(table.patients["event"].sum()), len(table.slides), table.genes.shape[1])
    assert found == REAL[name]
    assert table.dropped == ()
    assert table.genes.index.equals(table.patients.index)
    assert set(table.slides) == set(table.patients.index)
    assert tuple(table.patients.columns[: len(PATIENT_COLUMNS)]) == PATIENT_COLUMNS


def test_every_cell_of_blca_is_what_the_file_says_whatever_the_order_of_lines(blca, shuffled_blca):
    path, header, rows = shuffled_blca
    table = read_research_csv(path)
    assert table.patients.equals(blca.patients)
    assert table.genes.equals(blca.genes)
    assert table.slides.equals(blca.slides)
    place = {name: number for number, name in enumerate(header)}
    for row in rows:
        case = row[place["case_id"]]
        patient = table.patients.loc[case]
        assert patient["time_months"] == float(row[place["survival_months"]])
        assert bool(patient["event"]) == (float(row[place["censorship"]]) == 0)
        assert patient["age"] == float(row[place["age"]])
        assert patient["sex"] == {"1": "female", "0": "male"}[row[place["is_female"]]]
        assert patient["site"] == row[place["site"]]
        assert patient["oncotree_code"] == row[place["oncotree_code"]]
    names = [name for name in header if name.endswith(("_rnaseq", "_cnv"))]
    ours = [name.replace("_rnaseq", "_rna") for name in names]
    assert sorted(ours) == list(table.genes.columns)
    cells = np.array([[row[place[name]] for name in names] for row in rows], dtype=float).astype(np.float32)
    cases = [row[place["case_id"]] for row in rows]
    np.testing.assert_array_equal(table.genes.loc[cases, ours].to_numpy(), cells)


def test_bare_symbols_are_mutations_and_versioned_names_stay_whole(tcga):
    genes = read_research_csv(tcga / "ucec_mut_cnv.csv.zip").genes
    # AC002472.1 is a clone-based gene name, not a repeated column; TIMELESS begins like a clinical word.
    assert {"TP53_mut", "AC002472.1_mut", "TIMELESS_mut", "snoU13_mut", "Y_RNA_mut"} <= set(genes.columns)
    mutations = genes[[name for name in genes if name.endswith("_mut")]].to_numpy()
    assert set(np.unique(mutations)) == {0.0, 1.0}


def test_missing_ages_and_codes_stay_missing(tcga):
    luad = read_research_csv(tcga / "luad_rnaseq_cnv.csv.zip")
    assert int(luad.patients["age"].isna().sum()) == 10
    assert luad.ignored == ("column 1 without a name", "Unnamed: 0")
    assert int(read_research_csv(tcga / "more" / "skcm_mutsig.csv.zip").patients["oncotree_code"].isna().sum()) == 133


def test_censorship_one_is_no_death_and_event_one_is_a_death(patients, write_table):
    rows = patients(6)
    turned = read_research_csv(write_table(rows)).patients["event"]
    assert turned.tolist() == [True, False] * 3
    for row in rows:
        row["event"] = 1 - int(row.pop("censorship"))
        row["time_months"] = row.pop("survival_months")
    assert read_research_csv(write_table(rows)).patients["event"].tolist() == turned.tolist()


def test_lines_of_one_case_become_one_patient_and_gaps_are_filled_from_its_other_line(patients, write_table):
    rows = patients(4)
    second = {**rows[1], "slide_id": "P001-vs.svs", "age": "", "TP53_rnaseq": "NA"}
    table = read_research_csv(write_table([second, *rows]))
    assert table.patients.index.tolist() == ["P000", "P001", "P002", "P003"]
    assert table.patients["age"].tolist() == [50, 51, 52, 53]
    assert table.genes["TP53_rna"].tolist() == [-1.0, -0.75, -0.5, -0.25]
    assert table.slides["P001-vs"] == "P001"  # the end of the name is not eaten with ".svs"
    assert sum("another line" in note for note in table.notes) == 2


def test_contradictions_name_the_case_the_column_and_both_values(patients, write_table):
    rows = patients(4)
    other = {**rows[2], "slide_id": "x", "age": 80, "censorship": 1, "MYC_cnv": -2, "site": "ZZ"}
    with pytest.raises(ClinicalError) as caught:
        read_research_csv(write_table([*rows, other]))
    for said in (
        "case P002 has two values of age: 52.0 and 80.0 (line 6)",
        "P002 has two values of event",
        "P002 has two values of MYC_cnv: 0.0 and -2.0",
        "P002 has two values of site: AA and ZZ",
    ):
        assert said in caught.value.message


def test_all_faults_of_a_table_are_told_at_once(patients, write_table):
    rows = patients(6)
    rows[0]["age"], rows[1]["censorship"], rows[2]["is_female"] = 180, 2, "x"
    rows[3]["TP53_rnaseq"], rows[4]["survival_months"], rows[5]["slide_id"] = "high", "long", rows[0]["slide_id"]
    with pytest.raises(ClinicalError) as caught:
        read_research_csv(write_table(rows))
    for said in (
        "age in line 2 is not between 0 and 120",
        "censorship must be 0 or 1; line 3 has 2",
        "is_female in line 4",
        "TP53_rna in line 5 is not a number: high",
        "survival_months in line 6",
        "slide P000-1 belongs to two cases",
    ):
        assert said in caught.value.message


def test_missing_columns_are_told_together(write_table):
    with pytest.raises(ClinicalError, match=r"case_id is missing.*survival_months or time_months.*censorship or event"):
        read_research_csv(write_table([{"patient": "A", "TP53_rnaseq": 1}]))


def test_patients_without_follow_up_are_dropped_with_count_and_reason(patients, write_table):
    rows = patients(8)
    rows[0]["survival_months"], rows[1]["survival_months"], rows[2]["survival_months"] = 0, -1, ""
    rows[3]["censorship"] = ""
    table = read_research_csv(write_table(rows))
    assert table.patients.index.tolist() == ["P004", "P005", "P006", "P007"]
    assert table.dropped == (
        "1 case: no follow-up time (P002)",
        "1 case: no outcome (P003)",
        "2 cases: follow-up not above zero (P000, P001)",
    )
    assert [(one.case_id, one.line, one.reason) for one in table.left_out] == [
        ("P002", 4, "no follow-up time"), ("P003", 5, "no outcome"),
        ("P000", 2, "follow-up not above zero"), ("P001", 3, "follow-up not above zero"),
    ]  # fmt: skip
    assert len(table.slides) == 4
    for row in rows:
        row["survival_months"] = 0
    with pytest.raises(ClinicalError, match="no patient has a follow-up above zero"):
        read_research_csv(write_table(rows))


def test_repeated_gene_columns_must_agree(write_table, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("case_id,survival_months,censorship,TP53_rnaseq,TP53_rnaseq\nA,1,0,2,2\nB,1,1,3,3\n")
    table = read_research_csv(path)
    assert table.genes["TP53_rna"].tolist() == [2.0, 3.0]
    assert table.duplicates == ("1 gene columns stand more than once, with equal values (TP53_rna)",)
    path.write_text("case_id,survival_months,censorship,TP53_rnaseq,TP53_rnaseq\nA,1,0,2,2\nB,1,1,3,4\n")
    with pytest.raises(ClinicalError, match="TP53_rna stands 2 times with different values"):
        read_research_csv(path)


def test_bare_genes_that_are_no_mutations_must_say_what_they_are(patients, write_table):
    with pytest.raises(ClinicalError, match=r"do not say what they are \(TP53\)"):
        read_research_csv(write_table([{**row, "TP53": 1.7} for row in patients(4)]))


def test_outcomes_in_capitals_are_no_genes(patients, write_table):
    table = read_research_csv(
        write_table([{**row, "OS": 1, "DEAD": 0, "PFI.time": 1, "KRAS": 1} for row in patients(4)])
    )
    assert list(table.genes.columns) == ["KRAS_mut", "MYC_cnv", "TP53_rna"]
    assert {"OS", "DEAD", "PFI.time"} <= set(table.patients.columns)


def test_case_ids_that_could_be_paths_are_refused(patients, write_table):
    rows = patients(3)
    rows[1]["case_id"] = "../../etc/passwd"
    with pytest.raises(ClinicalError, match="case ids must be"):
        read_research_csv(write_table(rows))


@pytest.mark.usefixtures("small_limit")
def test_a_table_above_the_limit_is_refused(patients, write_table):
    with pytest.raises(ClinicalError, match="larger than"):
        read_research_csv(write_table(patients(4000)))


CELL = st.sampled_from(["", "A", "B", "0", "1", "2", "-1", "1e400", "nan", "x", "1.5", '"', "TCGA-AA-0001"])
NAMES = [
    "case_id",
    "slide_id",
    "survival_months",
    "censorship",
    "age",
    "is_female",
    "TP53_rnaseq",
    "TP53",
    "OS",
    "",
    "A1BG",
]


@hypothesis_settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    header=st.lists(st.sampled_from(NAMES), min_size=1, max_size=8),
    rows=st.lists(st.lists(CELL, min_size=4, max_size=11), max_size=5),
    needed=st.booleans(),
)
def test_whatever_stands_in_the_cells_only_our_errors_come_out(tmp_path_factory, header, rows, needed):
    header = (["case_id", "survival_months", "censorship"] if needed else []) + header
    lines = [",".join(header), *(",".join((row * 3)[: len(header)]) for row in rows)]
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    path.write_text("\n".join(lines))
    try:
        table = read_research_csv(path)
    except SurvdashError:
        return
    assert (table.patients["time_months"] > 0).all()
    assert table.patients.index.is_unique


def test_a_decimal_comma_is_named_and_the_way_to_read_such_tables(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("case_id;survival_months;censorship\nA;12,5;0\nB;7,25;1\n")
    said = r"survival_months in line 2 is not a number \(2 lines, a decimal comma\)"
    with pytest.raises(ClinicalError, match=said) as told:
        read_research_csv(path)
    assert "--mapping" in told.value.hint
