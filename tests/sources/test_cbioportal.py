"""The client of cBioPortal against a server that answers as documented: text values, counts, defaults, empty lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug import Response

from survdash.errors import DownloadError, UnknownNameError
from survdash.settings import settings
from survdash.sources import cbioportal as client
from survdash.sources.study_folder import read_study_folder
from tests.sources.cbioportal_server import STUDY, CBioPortal

CASES = ["TCGA-2F-0000", "TCGA-2F-0001", "TCGA-2F-0002"]


@pytest.fixture
def study(cbioportal: CBioPortal) -> CBioPortal:
    for number, case in enumerate(CASES):
        cbioportal.add_patient(case, status="1:DECEASED", months=10 + number)
    cbioportal.fill(["TP53", "MYC"], rna=lambda case, gene: case + gene + 0.5, cnv=lambda case, gene: case - 1)
    return cbioportal


def _describe() -> client.Study:
    with client.open_cbioportal() as server:
        return client.describe_study(server, STUDY)


def _fetch(folder: Path, samples: list[str] | None = None) -> None:
    with client.open_cbioportal() as server:
        study = client.describe_study(server, STUDY)
        genes = client.fetch_entrez(server, {"TP53", "MYC", "NONE"})
        client.fetch_study(server, study, folder, samples=samples or [f"{case}-01" for case in CASES], genes=genes,
                           fetched="2026-01-01")  # fmt: skip


def test_a_study_is_described_with_patients_samples_and_profiles(study: CBioPortal) -> None:
    found = _describe()
    assert found.profiles == {
        "rna": f"{STUDY}_rna_seq_v2_mrna", "zscores": f"{STUDY}_rna_seq_v2_mrna_median_Zscores",
        "cnv": f"{STUDY}_gistic", "mut": f"{STUDY}_mutations",
    }  # fmt: skip
    assert {row["patientId"] for row in found.patients} == set(CASES)
    assert {row["sampleId"] for row in found.samples} == {f"{case}-01" for case in CASES}
    assert found.sequenced == {f"{CASES[0]}-01", f"{CASES[1]}-01"}
    assert found.imported == "2024-05-01 10:00:00"


def test_pages_are_put_together_and_counted(study: CBioPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _describe()
    monkeypatch.setattr(client, "PAGE", 4)  # twelve values of three patients: three full pages and an empty one
    assert _describe().patients == whole.patients
    study.count_off = 1
    with pytest.raises(DownloadError, match="gave 12 of 13 clinical rows"):
        _describe()


def test_a_study_that_is_not_there_is_told_in_the_servers_words(study: CBioPortal) -> None:
    with client.open_cbioportal() as server, pytest.raises(DownloadError, match=r"Study not found: none \(404\)"):
        client.describe_study(server, "none")


def test_copy_numbers_between_the_deep_ones_come_too(study: CBioPortal, tmp_path: Path) -> None:
    _fetch(tmp_path / STUDY)
    read = read_study_folder(tmp_path / STUDY)
    assert read.genes is not None
    assert read.genes["TP53_cnv"].to_list() == [-1, 0, 1]  # by default the server would send none of these


def test_an_empty_list_is_never_asked_for(study: CBioPortal, tmp_path: Path) -> None:
    _fetch(tmp_path / STUDY, [f"{CASES[2]}-01"])  # it was not sequenced: no sample to ask mutations of
    assert not study.count("mutations/fetch")
    assert read_study_folder(tmp_path / STUDY).patients.index.to_list() == [CASES[2]]


@pytest.mark.parametrize(
    "answer", ['{"rows": []}', "[1]", '[{"sampleId": "other", "entrezGeneId": 1000, "value": 1}]']
)
def test_an_answer_to_another_question_is_refused(study: CBioPortal, tmp_path: Path, answer: str) -> None:
    study.fail(f"/molecular-profiles/{STUDY}_rna", Response(answer, content_type="application/json"))
    with pytest.raises(DownloadError, match="in a form that is not known"):
        _fetch(tmp_path / STUDY)
    assert not (tmp_path / STUDY).exists()


def test_without_network_the_setting_is_named(monkeypatch: pytest.MonkeyPatch, study: CBioPortal) -> None:
    monkeypatch.setenv("SURVDASH_CBIOPORTAL_URL", "http://127.0.0.1:9/api")
    settings.cache_clear()
    with pytest.raises(DownloadError, match="cannot be reached") as caught:
        _describe()
    assert "SURVDASH_CBIOPORTAL_URL" in caught.value.hint


def test_colon_and_rectum_are_one_study() -> None:
    assert client.study_of("coadread") == "coadread_tcga_pan_can_atlas_2018"
    with pytest.raises(UnknownNameError, match="'COAD'"):
        client.study_of("COAD")
    assert len(client.STUDIES) == 32
