"""What works on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from survdash.settings import settings
from survdash.usecases.doctor import examine


def test_a_sound_machine_has_no_problem_and_its_facts_are_told() -> None:
    found = examine()
    assert found["problems"] == []
    assert "efficientnet-lite0" in found["encoders_ready"]  # type: ignore[operator]
    assert "resnet50" in found["encoders_to_download"]  # type: ignore[operator]
    assert "demo-glg" in found["models"]  # type: ignore[operator]


def test_a_data_folder_that_cannot_be_made_is_a_problem_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(tmp_path / "file" / "data"))
    settings.cache_clear()
    assert "SURVDASH_DATA_DIR" in str(examine()["problems"])


def test_a_damaged_weights_file_is_a_problem(data_dir: Path) -> None:
    path = data_dir / "weights" / "resnet50-0676ba61.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cut short")
    assert "resnet50" in str(examine()["problems"])


def test_a_damaged_model_and_a_damaged_cohort_are_problems(data_dir: Path) -> None:
    folder = data_dir / "cohorts" / "mine"
    (folder / "runs" / "glg").mkdir(parents=True)
    (folder / "cohort.json").write_text("{")
    (folder / "runs" / "glg" / "card.json").write_text("{")
    told = str(examine()["problems"])
    assert "Cohort mine is left out" in told
    assert "Model mine-glg is left out" in told
