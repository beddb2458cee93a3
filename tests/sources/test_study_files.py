"""Rows of cBioPortal's interface as a study folder: what is written is what is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from survdash.errors import DownloadError
from survdash.sources.study_files import StudyTables, write_study
from survdash.sources.study_folder import read_clinical, read_study_folder

STUDY = "blca_tcga_pan_can_atlas_2018"


def _patient(case: str, attribute: str, value: str) -> dict[str, str]:
    return {"patientId": case, "clinicalAttributeId": attribute, "value": value}


TABLES = StudyTables(
    study=STUDY, description="made",
    patients=[
        _patient("TCGA-2F-0001", "OS_STATUS", "1:DECEASED"), _patient("TCGA-2F-0001", "OS_MONTHS", "24.13"),
        _patient("TCGA-2F-0002", "OS_STATUS", "0:LIVING"), _patient("TCGA-2F-0002", "OS_MONTHS", "12"),
        _patient("TCGA-2F-0002", "FREE_TEXT", "two\nlines\tand a tab"),
        _patient("TCGA-2F-0003", "OS_STATUS", "0:LIVING"),
    ],
    samples=[{"patientId": case, "sampleId": f"{case}-01", "clinicalAttributeId": "SAMPLE_TYPE", "value": "Primary"}
             for case in ("TCGA-2F-0001", "TCGA-2F-0002", "TCGA-2F-0003")],
    sequenced=["TCGA-2F-0001-01"],
    values={"rna": [{"sample": "TCGA-2F-0001-01", "gene": 7157, "value": 0.1 + 0.2}], "mut": []},
    genes={7157: "TP53"},
)  # fmt: skip
CHOSEN = ["TCGA-2F-0001-01", "TCGA-2F-0002-01"]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    write_study(tmp_path / STUDY, TABLES, chosen=CHOSEN)
    read = read_study_folder(tmp_path / STUDY)
    assert list(read.patients.index) == ["TCGA-2F-0001", "TCGA-2F-0002"]  # the third was not chosen
    assert read.patients.loc["TCGA-2F-0002", "FREE_TEXT"] == "two lines and a tab"
    assert read.genes is not None
    assert read.genes.loc["TCGA-2F-0001", "TP53_rna"] == np.float32(np.log2(0.1 + 0.2 + 1))
    assert np.isnan(read.genes.loc["TCGA-2F-0002", "TP53_rna"])  # no row: missing
    assert read.source["study"] == STUDY


def test_the_form_is_that_of_the_datahub(tmp_path: Path) -> None:
    write_study(tmp_path / STUDY, TABLES, chosen=CHOSEN)
    lines = (tmp_path / STUDY / "data_clinical_patient.txt").read_text().splitlines()
    assert [line[0] for line in lines[:5]] == ["#", "#", "#", "#", "P"]
    assert lines[4].startswith("PATIENT_ID\t")
    samples = read_clinical(tmp_path / STUDY / "data_clinical_sample.txt")
    assert samples[["SAMPLE_ID", "PATIENT_ID"]].to_numpy().tolist() == [[one, one[:12]] for one in CHOSEN]
    listed = (tmp_path / STUDY / "case_lists" / "cases_sequenced.txt").read_text()
    assert listed == "case_list_ids: TCGA-2F-0001-01\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"patients": [*TABLES.patients, _patient("TCGA-2F-0001", "OS_STATUS", "0:LIVING")]}, "two values of OS_STA"),
        ({"values": {"rna": [{"sample": CHOSEN[0], "gene": 7157, "value": "12"}]}}, "where a number belongs"),
        ({"values": {"rna": [{"sample": CHOSEN[0], "gene": 7157, "value": 1}] * 2}}, "twice"),
        ({"genes": {7157: "TP53\tX"}}, "with a tab"),
    ],
)
def test_what_contradicts_itself_is_refused_and_nothing_is_written(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(DownloadError, match=words):
        write_study(tmp_path / STUDY, replace(TABLES, **change), chosen=CHOSEN)
    assert list(tmp_path.iterdir()) == []
