"""What a folder holds decides how it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from survdash.errors import ClinicalError
from survdash.sources.importing import import_cohort
from survdash.sources.source_folder import read_source_folder

PATIENTS = "PATIENT_ID\tOS_STATUS\tOS_MONTHS\n" + "".join(
    f"TCGA-2F-{number:04d}\t{number % 2}:X\t{number + 1}\n" for number in range(20)
)
COPIES = "Hugo_Symbol\t" + "\t".join(f"TCGA-2F-{number:04d}-01" for number in range(20)) + "\nTP53" + "\t1" * 20 + "\n"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "blca_tcga"
    folder.mkdir()
    (folder / "data_clinical_patient.txt").write_text(PATIENTS)
    (folder / "data_cna.txt").write_text(COPIES)
    return folder


def test_a_study_folder_is_imported_like_any_table(study: Path, tmp_path: Path) -> None:
    made = import_cohort(study, name="mine", target=tmp_path / "mine")
    assert (made.cases, made.events, made.genes, made.folds) == (20, 10, 1, 5)
    assert any("samples are told apart by the first 12 characters" in note for note in made.notes)


def test_a_folder_of_xena_is_known_by_its_survival_table(tmp_path: Path) -> None:
    table = "sample\tOS\t_PATIENT\tOS.time\nTCGA-2F-0001-01A\t1\tTCGA-2F-0001\t9\n"
    (tmp_path / "TCGA-BLCA.survival.tsv").write_text(table)
    assert len(read_source_folder(tmp_path).patients) == 1


def test_other_folders_are_refused_with_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(ClinicalError, match="holds no tables that are known") as caught:
        read_source_folder(tmp_path)
    for word in ("data_clinical_patient.txt", "Xena", "fetch-cohort"):
        assert word in caught.value.hint
    with pytest.raises(ClinicalError, match="no folder"):
        read_source_folder(tmp_path / "none")
