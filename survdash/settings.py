"""One frozen settings object, read from the environment (``SURVDASH_*``) and ``.env``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

SHIPPED_MODELS = Path(__file__).resolve().parents[1] / "models"


class Settings(BaseSettings):
    """Every setting of survdash; README.md documents each in one row."""

    model_config = SettingsConfigDict(env_prefix="SURVDASH_", env_file=".env", frozen=True, extra="forbid")

    data_dir: Path = Field(default_factory=lambda: user_data_path("survdash"))
    device: Literal["auto", "cpu", "cuda"] = "auto"
    max_slide_gb: float = Field(default=4.0, gt=0)
    max_table_mb: float = Field(default=500.0, gt=0)
    keep_upload_hours: float = Field(default=24.0, gt=0)
    start_worker: bool = True


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
