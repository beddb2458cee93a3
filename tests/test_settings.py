from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

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


@pytest.mark.parametrize(("name", "value"), [("DEVICE", "tpu"), ("MAX_TABLE_MB", "0"), ("MAX_SLIDE_GB", "many")])
def test_values_that_cannot_be_are_refused(monkeypatch, name, value):
    monkeypatch.setenv(f"SURVDASH_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_settings_do_not_change_while_running():
    with pytest.raises(ValidationError):
        settings().device = "cpu"
