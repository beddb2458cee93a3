from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from survdash.settings import Settings, settings

README = Path(__file__).parents[1] / "README.md"


def test_every_setting_has_its_row_in_the_readme():
    rows = [line for line in README.read_text().splitlines() if line.startswith("| `SURVDASH_")]
    documented = [row.split("`")[1].removeprefix("SURVDASH_").lower() for row in rows]
    assert sorted(documented) == sorted(Settings.model_fields)


def test_the_environment_is_read_and_nothing_changes_afterwards(monkeypatch, tmp_path):
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("SURVDASH_MAX_SLIDE_GB", "2.5")
    settings.cache_clear()
    assert settings().data_dir == tmp_path / "elsewhere"
    assert settings().max_slide_gb == 2.5
    with pytest.raises(ValidationError):
        settings().max_slide_gb = 3


@pytest.mark.parametrize(("name", "value"), [("DEVICE", "tpu"), ("MAX_SLIDE_GB", "0"), ("KEEP_UPLOAD_HOURS", "soon")])
def test_an_impossible_value_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(f"SURVDASH_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_a_misspelt_setting_in_the_env_file_is_refused(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("SURVDASH_DEVISE=cpu\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValidationError, match="devise"):
        Settings()


def test_by_default_nothing_is_written_into_the_repository(monkeypatch):
    monkeypatch.delenv("SURVDASH_DATA_DIR")
    assert README.parent not in Settings().data_dir.parents
