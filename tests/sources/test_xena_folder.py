"""Files of the Xena hubs: lines of one patient's samples, days, Ensembl ids, files that lie beside."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from survdash.errors import ClinicalError
from survdash.sources.xena_folder import is_xena_folder, read_xena_folder

CASES = [f"TCGA-2F-{number:04d}" for number in range(4)]
SURVIVAL = "sample\t_PATIENT\tOS\tOS.time\tDSS\tRedaction\n" + "".join(
    f"{case}-{kind}\t{case}\t{number % 2}\t{100 * (number + 1)}\t\t\n"
    for number, case in enumerate(CASES) for kind in ("01", "11")
)  # fmt: skip
COLUMNS = "\t".join([*(f"{case}-01" for case in CASES), f"{CASES[0]}-11"])
LEGACY = f"sample\t{COLUMNS}\nTP53\t1.5\t2\t3\t4\t9\nX1\t0\t0\t0\t0\t0\n"


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    folder = tmp_path / "BLCA"
    folder.mkdir()
    (folder / "survival%2FBLCA_survival.txt").write_text(SURVIVAL)
    (folder / "TCGA.BLCA.sampleMap%2FHiSeqV2.gz").write_bytes(gzip.compress(LEGACY.encode()))
    return folder


def test_the_legacy_hub_is_read(hub: Path) -> None:
    read = read_xena_folder(hub)
    assert is_xena_folder(hub)
    assert list(read.patients.index) == CASES
    assert read.patients["event"].to_list() == [False, True, False, True]
    np.testing.assert_allclose(read.patients["time_months"], np.array([100, 200, 300, 400]) / (365.25 / 12), rtol=1e-12)
    assert read.genes is not None
    assert list(read.genes.columns) == ["TP53_rna"]
    np.testing.assert_array_equal(read.genes["TP53_rna"], np.array([1.5, 2, 3, 4], np.float32))  # not the normal tissue
    assert "1 samples are no primary tumour" in " ".join(read.notes)


def test_clinical_facts_are_joined_by_the_case(hub: Path) -> None:
    (hub / "TCGA.BLCA.sampleMap%2FBLCA_clinicalMatrix").write_text(
        "sampleID\tage_at_initial_pathologic_diagnosis\tgender\tpathologic_stage\n"
        f"{CASES[0]}-01\t61\tMALE\tStage II\n{CASES[0]}-11\t61\tMALE\tStage III\n"
        f"{CASES[1]}-01\t70\tFEMALE\t[Discrepancy]\n"
    )
    read = read_xena_folder(hub)
    assert read.patients["age"].to_list()[:2] == [61, 70]
    assert read.patients["sex"].to_list()[:2] == ["male", "female"]
    assert read.patients["stage"].isna().all()
    assert f"stage: 1 cases have two values and get none ({CASES[0]})" in " ".join(read.notes)


def test_ids_of_the_gdc_hub_are_translated_by_its_probe_map_or_by_our_table(hub: Path) -> None:
    (hub / "TCGA.BLCA.sampleMap%2FHiSeqV2.gz").unlink()
    columns = "\t".join(f"{case}-01A" for case in CASES)
    (hub / "TCGA-BLCA.star_tpm.tsv").write_text(f"Ensembl_ID\t{columns}\nENSG00000141510.18\t1\t2\t3\t4\n")
    read = read_xena_folder(hub)
    assert read.genes is not None
    assert read.genes["TP53_rna"].to_list() == [1, 2, 3, 4]
    (hub / "gencode.v36.annotation.gtf.gene.probemap").write_text("id\tgene\nENSG00000141510.18\tMYC\n")  # it rules
    read = read_xena_folder(hub)
    assert read.genes is not None
    assert list(read.genes) == ["MYC_rna"]


def test_the_first_of_several_matrices_is_read_and_the_others_are_told(hub: Path) -> None:
    (hub / "HiSeqV2_PANCAN").write_text(LEGACY.replace("1.5", "-1.5"))
    read = read_xena_folder(hub)
    assert read.genes is not None
    assert read.genes.iloc[0, 0] == 1.5
    assert read.ignored == ("HiSeqV2_PANCAN",)


def test_patients_whom_tcga_withdrew_are_named_and_left_out(hub: Path) -> None:
    line = f"{CASES[1]}-11\t{CASES[1]}\t1\t200\t\t"  # of one of the patient's two lines
    (hub / "survival%2FBLCA_survival.txt").write_text(SURVIVAL.replace(line, line + "Redacted"))
    read = read_xena_folder(hub)
    assert list(read.patients.index) == [CASES[0], CASES[2], CASES[3]]
    assert read.dropped == (f"1 case: withdrawn by TCGA (Redacted) ({CASES[1]})",)
    assert [(one.case_id, one.line) for one in read.left_out] == [(CASES[1], 4)]
    assert read.genes is not None
    assert CASES[1] not in read.genes.index


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (f"{CASES[1]}-11\t{CASES[1]}\t1\t200", f"{CASES[1]}-11\t{CASES[1]}\t0\t200", "1 patients have two outcomes"),
        (f"{CASES[1]}-01\t{CASES[1]}\t1", f"{CASES[1]}-01\t{CASES[1]}\t2", "OS in line 4 cannot be '2'"),
        ("\t300\t", "\tlong\t", r"OS\.time in line 6 cannot be 'long'"),
        ("OS.time", "OS_days", r"lacks OS\.time"),
        (f"\t{CASES[3]}\t", "\tnobody\t", "name no TCGA patient"),
    ],
)
def test_faults_are_named_by_line(hub: Path, old: str, new: str, words: str) -> None:
    (hub / "survival%2FBLCA_survival.txt").write_text(SURVIVAL.replace(old, new))
    with pytest.raises(ClinicalError, match=words):
        read_xena_folder(hub)


def test_a_survival_table_without_a_patient_is_refused(tmp_path: Path) -> None:
    (tmp_path / "survival.txt").write_text("sample\tOS\tOS.time\t_PATIENT\n")
    (tmp_path / "HiSeqV2").write_text("sample\tTCGA-2F-A9K0-01\nTP53\t1.5\n")
    with pytest.raises(ClinicalError, match="no line below its header"):
        read_xena_folder(tmp_path)
