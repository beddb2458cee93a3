"""A study folder as cBioPortal's datahub keeps it: four lines of comment, statuses, pointers, old names."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from survdash.errors import ClinicalError, GeneError
from survdash.sources.study_folder import month_days, read_study_folder

STUDY = "blca_tcga_pan_can_atlas_2018"
CASES = [f"TCGA-2F-{number:04d}" for number in range(6)]
COMMENTS = "#Patient Identifier\tx\n#what it is\tx\n#STRING\tx\n#1\tx\n"
Make = Callable[..., Path]


def patient_lines(**changes: str) -> str:
    """Six patients; the third has no months, the fourth no status, the fifth a follow-up of zero."""
    rows = [("1:DECEASED", "10.00", "61"), ("0:LIVING", "20.50", "62"), ("1:DECEASED", "", "63"),
            ("[Not Available]", "5.0", "64"), ("0:LIVING", "0.0", "65"), ("LIVING", "30", "NA")]  # fmt: skip
    lines = ["PATIENT_ID\tOS_STATUS\tOS_MONTHS\tAGE\tSEX\tAJCC_PATHOLOGIC_TUMOR_STAGE\tDSS_STATUS"]
    for case, (status, months, age) in zip(CASES, rows, strict=True):
        facts = [months, age, "Female", "STAGE II", "1:DEAD WITH TUMOR"]
        lines.append("\t".join([case, changes.get(case, status), *facts]))
    return COMMENTS + "\n".join(lines) + "\n"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A folder of these files; underscores part a file's name from its ending."""

    def write(name: str = STUDY, **files: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        clinical = {"data_clinical_patient": patient_lines(), "data_clinical_sample": sample_lines()}
        for file, text in (clinical | files).items():
            path = folder / f"{file}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return folder

    return write


def sample_lines(*more: str) -> str:
    rows = [f"{case}\t{case}-01" for case in CASES]
    random.Random(5).shuffle(rows)
    return COMMENTS + "\n".join(["PATIENT_ID\tSAMPLE_ID", *rows, *more]) + "\n"


def matrix(*genes: tuple[str, list[object]], samples: list[str] | None = None) -> str:
    named = samples or [f"{case}-01" for case in CASES]
    lines = ["\t".join(["Hugo_Symbol", "Entrez_Gene_Id", *named])]
    return "\n".join(lines + ["\t".join([gene, "1", *map(str, values)]) for gene, values in genes]) + "\n"


def test_patients_are_read_with_their_months_and_the_rest_is_told(make: Make) -> None:
    read = read_study_folder(make(data_cna=matrix(("TP53", [0, 1, 2, -1, -2, 0]))))
    assert list(read.patients.index) == [CASES[0], CASES[1], CASES[5]]
    assert read.patients["event"].to_list() == [True, False, False]
    np.testing.assert_allclose(read.patients["time_months"], np.array([10, 20.5, 30]) * 30.417 / 30.4375, rtol=1e-12)
    np.testing.assert_equal(read.patients["age"].to_numpy(), [61, 62, np.nan])
    assert set(read.patients["sex"]) == {"female"}
    assert set(read.patients["stage"]) == {"STAGE II"}
    assert set(read.patients["site"]) == {"2F"}
    assert read.dropped == (
        f"1 case: OS_STATUS without OS_MONTHS ({CASES[2]})", f"1 case: no outcome ({CASES[3]})",
        f"1 case: follow-up not above zero ({CASES[4]})",
    )  # fmt: skip
    # Four lines of comment and the header come before the first patient.
    assert [(one.case_id, one.line) for one in read.left_out] == [(CASES[2], 8), (CASES[3], 9), (CASES[4], 10)]
    assert read.lines == 6
    assert "DSS_STATUS" in " ".join(read.notes)
    assert read.source["times"] == "months of 30.417 days in the file, kept in months of 30.4375 days"


def test_the_length_of_a_month_is_the_studys_own() -> None:
    assert month_days("luad_tcga_pan_can_atlas_2018") == 30.417
    assert month_days("luad_tcga") == 30.44
    assert month_days("luad_tcga_pub") == 30.44
    assert month_days("msk_impact_2017") == 365.25 / 12


def test_the_studys_name_is_taken_from_its_description(make: Make) -> None:
    folder = make("a_copy", meta_study="type_of_cancer: blca\ncancer_study_identifier: blca_tcga\n",
                  data_cna=matrix(("TP53", [0] * 6)))  # fmt: skip
    assert read_study_folder(folder).source["study"] == "blca_tcga"
    folder = make("mine", data_cna=matrix(("TP53", [0] * 6)))
    assert "How many days a month of study mine has is not known" in " ".join(read_study_folder(folder).notes)


def test_genes_of_all_kinds_stand_in_one_row_a_case(make: Make) -> None:
    folder = make(
        data_mrna_seq_v2_rsem=matrix(("TP53", [1, 3, 0, 0, 0, 7]), ("MYC", [-1, 0, 0, 0, 0, 1]), ("NOGROUP", [1] * 6)),
        data_cna=matrix(("TP53", [0, 1, 2, -1, -2, -2])),
        data_mutations="#version 2.4\nHugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\n"
        f"TP53\tMissense_Mutation\t{CASES[1]}-01\n",
        **{"case_lists/cases_sequenced": f"stable_id: x\ncase_list_ids: {CASES[0]}-01\t{CASES[1]}-01\n"},
    )
    read = read_study_folder(folder)
    assert read.genes is not None
    assert list(read.genes.columns) == ["MYC_rna", "TP53_cnv", "TP53_mut", "TP53_rna"]
    np.testing.assert_array_equal(read.genes["TP53_rna"], np.log2(np.array([2, 4, 8], np.float32)))
    np.testing.assert_array_equal(read.genes["MYC_rna"], [0, 0, 1])
    np.testing.assert_array_equal(read.genes["TP53_cnv"], [0, 1, -2])
    np.testing.assert_equal(read.genes["TP53_mut"].to_numpy(), [0, 1, np.nan])
    told = " ".join(read.notes)
    assert "1 expression values below zero count as zero" in told
    assert "log2(RSEM + 1)" in told
    assert set(read.source["tables"]) == {"data_mrna_seq_v2_rsem.txt", "data_cna.txt", "data_mutations.txt"}  # type: ignore[arg-type]


def test_z_scores_stay_and_older_names_are_known(make: Make) -> None:
    scores = matrix(("TP53", [-1.5, 2, 0, 0, 0, 7]))
    read = read_study_folder(make("z", data_mrna_seq_v2_rsem_zscores_ref_all_samples=scores))
    assert read.genes is not None
    np.testing.assert_array_equal(read.genes["TP53_rna"], np.array([-1.5, 2, 7], np.float32))
    read = read_study_folder(make("old", data_CNA=matrix(("TP53", [1] * 6))))
    assert read.genes is not None
    assert set(read.genes["TP53_cnv"]) == {1.0}


def test_a_normal_sample_and_a_second_one_are_left_out(make: Make) -> None:
    samples = [f"{case}-01" for case in CASES] + [f"{CASES[0]}-11", f"{CASES[0]}-02"]
    folder = make(
        data_clinical_sample=sample_lines(f"{CASES[0]}\t{CASES[0]}-11", f"{CASES[0]}\t{CASES[0]}-02"),
        data_cna=matrix(("TP53", [1, 0, 0, 0, 0, 0, 2, -2]), samples=samples),
    )
    read = read_study_folder(folder)
    assert read.genes is not None
    assert read.genes.loc[CASES[0], "TP53_cnv"] == 1
    assert "2 samples are no primary tumour" in " ".join(read.notes)


def test_without_a_sample_table_barcodes_tell(make: Make) -> None:
    folder = make(data_cna=matrix(("TP53", [1, 0, 0, 0, 0, -1])))
    (folder / "data_clinical_sample.txt").unlink()
    read = read_study_folder(folder)
    assert read.genes is not None
    assert read.genes["TP53_cnv"].to_list() == [1, 0, -1]


def test_all_faults_of_the_patient_table_are_told_at_once(make: Make) -> None:
    text = patient_lines(**{CASES[0]: "2:UNDEAD"}).replace("\t61\t", "\t161\t").replace("20.50", "soon")
    text += text.splitlines()[-1] + "\n"
    with pytest.raises(ClinicalError) as caught:
        read_study_folder(make(data_clinical_patient=text))
    for words in (f"not so {CASES[0]} '2:UNDEAD'", "AGE is not between", "data_clinical_patient.txt",
                  f"OS_MONTHS of {CASES[1]} is no number: 'soon'",
                  f"1 patients stand on two lines ({CASES[5]} on 11 and 12)"):  # fmt: skip
        assert words in caught.value.message


@pytest.mark.parametrize(
    ("file", "text", "error", "words"),
    [
        ("data_clinical_patient", "version https://git-lfs.github.com/spec/v1\n", ClinicalError, "Git-LFS pointer"),
        ("data_cna", "version https://git-lfs.github.com/spec/v1\n", GeneError, "Git-LFS pointer"),
        ("data_clinical_patient", "PATIENT_ID\tOS_STATUS\nP1\t0:LIVING\n", ClinicalError, "lacks OS_MONTHS"),
        ("data_clinical_sample", "PATIENT_ID\tSAMPLE_ID\nP1\tS\nP2\tS\n", ClinicalError, "belong to two patients"),
        ("data_cna", "Hugo_Symbol\tTCGA-2F-0000-01\nTP53\n", GeneError, "line 2 has 1 cells"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    make: Make, file: str, text: str, error: type[Exception], words: str
) -> None:
    files = {"data_cna": matrix(("TP53", [0] * 6))} | {file: text}
    with pytest.raises(error, match=words):
        read_study_folder(make(**files))


def test_a_study_without_genes_is_read_for_its_patients(make: Make) -> None:
    read = read_study_folder(make())
    assert read.genes is None
    assert len(read.patients) == 3
