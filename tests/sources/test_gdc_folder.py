"""A download from the GDC as a folder: what is missing, and lists that were changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from survdash.errors import ClinicalError, DownloadError
from survdash.sources.gdc import GdcFile
from survdash.sources.gdc_folder import file_path, is_gdc_folder, read_gdc_folder, write_lists
from tests.sources.gdc_server import star_counts

CASES = ["TCGA-2F-0001", "TCGA-2F-0002", "TCGA-2F-0003"]
IDS = [f"0000000{number}-0000-0000-0000-000000000000" for number in range(3)]
TABLES = [star_counts({"TP53": 1.0 + 2 * number, "NOGROUP": 5.0}) for number in range(3)]
FILES = [
    GdcFile(kind="genes", file_id=file_id, name="x.tsv", md5=hashlib.md5(table, usedforsecurity=False).hexdigest(),
            size=len(table), case_id=case, sample=f"{case}-01A")
    for file_id, case, table in zip(IDS, CASES, TABLES, strict=True)
]  # fmt: skip
SLIDE = GdcFile(kind="slides", file_id=IDS[0], name="TCGA-2F-0001-01Z-00-DX1.A.svs", md5="0" * 32, size=1,
                case_id=CASES[0], sample="TCGA-2F-0001-01Z")  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    hits: list[dict[str, Any]] = [
        {"submitter_id": case, "demographic": {"vital_status": "Dead", "days_to_death": 100}} for case in CASES
    ]
    write_lists(tmp_path / "a", projects=["TCGA-BLCA"], release="1", fetched="2026-01-01", url="http://x", hits=hits,
                files=[*FILES, SLIDE], cases=CASES[:2], notes=["what was said"])  # fmt: skip
    (tmp_path / "a" / "genes").mkdir()
    for number, one in enumerate(FILES[:2]):
        file_path(tmp_path / "a", one).write_bytes(TABLES[number])
    return tmp_path / "a"


def test_the_chosen_cases_are_read(folder: Path) -> None:
    assert is_gdc_folder(folder)
    read = read_gdc_folder(folder)
    assert list(read.patients.index) == CASES[:2]
    assert read.genes is not None
    assert list(read.genes.columns) == ["TP53_rna"]
    np.testing.assert_array_equal(read.genes["TP53_rna"], np.array([1, 2], np.float32))
    assert read.slides.to_dict() == {"TCGA-2F-0001-01Z-00-DX1.A": CASES[0]}
    assert "what was said" in read.notes
    assert "1 other cases of TCGA-BLCA with an outcome were not fetched." in read.notes


def test_a_gene_table_that_was_cut_off_is_no_patient_without_genes(folder: Path) -> None:
    path = file_path(folder, FILES[1])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DownloadError, match=r"1 gene tables are not what the GDC gave \(TCGA-2F-0002\)"):
        read_gdc_folder(folder)


def test_a_download_that_is_not_finished_is_no_cohort(folder: Path) -> None:
    file_path(folder, FILES[1]).rename(folder / "genes" / "elsewhere")
    with pytest.raises(DownloadError, match=r"1 of 2 gene tables have not arrived \(TCGA-2F-0002\)") as caught:
        read_gdc_folder(folder)
    assert "goes on where it was" in caught.value.hint


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"more": 1}, {"cases": None}, {"files": [{"kind": "genes"}]}],
)
def test_lists_of_another_form_are_refused(folder: Path, change: dict[str, Any]) -> None:
    path = folder / "download.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DownloadError, match=r"cannot be read|another version"):
        read_gdc_folder(folder)


@pytest.mark.parametrize("field", ["file_id", "name"])
def test_a_list_that_leads_out_of_the_folder_is_refused(folder: Path, field: str) -> None:
    path = folder / "download.json"
    content = json.loads(path.read_text())
    content["files"][-1][field] = "../../../etc/passwd"
    path.write_text(json.dumps(content))
    with pytest.raises(DownloadError, match="have been changed"):
        read_gdc_folder(folder)


def test_lists_that_are_lost_or_torn_are_told(folder: Path) -> None:
    (folder / "cases.json").write_text("[{")
    with pytest.raises(DownloadError, match="cannot be read"):
        read_gdc_folder(folder)
    (folder / "cases.json").write_text("[]")
    with pytest.raises(ClinicalError):
        read_gdc_folder(folder)
