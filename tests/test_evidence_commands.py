from __future__ import annotations

from pathlib import Path

import pytest

from survdash.__main__ import main


def test_a_folder_without_tables_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ship-models", str(tmp_path), "--out", str(tmp_path / "models"), "--cohorts", "ucec"]) == 2
    assert "ucec_mut_cnv.csv.zip" in capsys.readouterr().err


def test_evidence_of_nothing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, told in ((["--seeds", "0"], "0 seeds"), (["nobody"], "nobody"), (["--page", str(tmp_path)], "not there"),
                        (["blca", "--tables", str(tmp_path)], "blca_rnaseq_cnv")):  # fmt: skip
        assert main(["evidence", *words]) == 2
        assert told in capsys.readouterr().err
