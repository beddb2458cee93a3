"""What a folder holds decides how it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from survdash.errors import ClinicalError
from survdash.sources.importing import ImportRequest, gather
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


def test_a_study_folder_is_imported_like_any_table(study: Path) -> None:
    made = gather(ImportRequest(table=study, name="mine"))
    assert (len(made.patients), made.patients["event"].sum(), made.lines) == (20, 10, 20)
    assert made.genes is not None
    assert list(made.genes) == ["TP53_cnv"]
    assert made.folds is not None
    assert any("samples are told apart by the first 12 characters" in note for note in made.notes)


def test_of_a_portals_genes_those_of_the_users_own_groups_are_kept(study: Path, tmp_path: Path) -> None:
    (study / "data_cna.txt").write_text(COPIES + "MYGENE" + "\t2" * 20 + "\n")
    groups = tmp_path / "groups.csv"
    groups.write_text("Mine,Others\nMYGENE,TP53\n")
    made = gather(ImportRequest(table=study, name="mine", gene_groups=groups))
    assert made.genes is not None
    assert list(made.genes) == ["MYGENE_cnv", "TP53_cnv"]
    assert set(made.gene_groups) == {"Mine", "Others"}


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
