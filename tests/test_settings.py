from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from survdash.errors import InputError
from survdash.settings import SHIPPED_MODELS, Settings, settings


def test_settings_come_from_the_environment_once(monkeypatch, data_dir):
    assert settings().data_dir == data_dir
    monkeypatch.setenv("SURVDASH_DATA_DIR", "/elsewhere")
    assert settings().data_dir == data_dir
    settings.cache_clear()
    assert settings().data_dir == Path("/elsewhere")


def test_without_an_environment_data_lie_outside_the_repository(monkeypatch):
    monkeypatch.delenv("SURVDASH_DATA_DIR")
    assert SHIPPED_MODELS.parent not in (Settings().data_dir, *Settings().data_dir.parents)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("DEVICE", "gpu", "'auto', 'cpu' or 'cuda'"),
        ("MAX_TABLE_MB", "0", "greater than 0"),
        ("MAX_TABLE_MB", "abc", "valid number"),
        ("MAX_SLIDE_GB", "inf", "finite number"),
        ("START_WORKER", "perhaps", "valid boolean"),
        ("GDC_URL", "api.gdc.cancer.gov", "should match pattern"),
        ("CBIOPORTAL_URL", "https://me@host/api", "should match pattern"),
        ("DASK", "localhost", "as tcp://host:8786"),
    ],
)
def test_values_that_cannot_be_are_refused_by_variable_and_what_may_be(monkeypatch, name, value, allowed):
    monkeypatch.setenv(f"SURVDASH_{name}", value)
    settings.cache_clear()
    with pytest.raises(InputError, match=f"SURVDASH_{name} is '{value}': .*{allowed}"):
        settings()


def test_other_programs_lines_in_dotenv_are_ignored_and_ours_are_read(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("OTHER=1\nSURVDASH_MAX_TABLE_MB=7\n")
    settings.cache_clear()
    assert settings().max_table_mb == 7


@pytest.mark.parametrize("in_file", [True, False])
def test_a_misspelt_setting_is_named(monkeypatch, tmp_path, in_file):
    monkeypatch.chdir(tmp_path)
    if in_file:
        Path(".env").write_text("SURVDASH_DEVISE=cpu\n")
    else:
        monkeypatch.setenv("SURVDASH_DEVISE", "cpu")
    settings.cache_clear()
    with pytest.raises(InputError, match=r"SURVDASH_DEVISE: no such setting.*SURVDASH_DEVICE"):
        settings()


def test_a_dotenv_that_is_no_text_is_a_message(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path(".env").write_bytes(b"\xff\xfe\x00A")
    settings.cache_clear()
    with pytest.raises(InputError, match="cannot be read"):
        settings()


def test_an_empty_value_is_the_default(monkeypatch):
    monkeypatch.setenv("SURVDASH_DEVICE", "")
    settings.cache_clear()
    assert settings().device == "auto"


def test_settings_do_not_change_while_running():
    with pytest.raises(ValidationError):
        settings().device = "cpu"
