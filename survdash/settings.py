"""One frozen settings object, read from the environment (``SURVDASH_*``) and ``.env``."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, SettingsConfigDict

from survdash.errors import InputError

SHIPPED_MODELS = Path(__file__).resolve().parents[1] / "models"
PREFIX = "SURVDASH_"


class Settings(BaseSettings):
    """Every setting of survdash; README.md documents each in one row."""

    # Other programs keep lines in .env too: those are ignored. A name of ours that is no setting is refused below.
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    data_dir: Path = Field(default_factory=lambda: user_data_path("survdash"))
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["fp32", "fp16", "bf16"] = "fp32"
    threads: int | None = Field(default=None, ge=1, le=1024)
    hub_url: str = Field(default="https://huggingface.co", pattern=r"^https?://[^\s/@?#]+$")
    gdc_url: str = Field(default="https://api.gdc.cancer.gov", pattern=r"^https?://[^\s@?#]*[^\s/@?#]$")
    cbioportal_url: str = Field(default="https://www.cbioportal.org/api", pattern=r"^https?://[^\s@?#]*[^\s/@?#]$")
    max_slide_gb: float = Field(default=4.0, gt=0, allow_inf_nan=False)
    max_table_mb: float = Field(default=500.0, gt=0, allow_inf_nan=False)
    overwrite_deleted: bool = True
    keep_upload_hours: float = Field(default=24.0, gt=0, allow_inf_nan=False)
    start_worker: bool = True
    dask: str = ""
    access_file: Path | None = None
    open_access: bool = False
    redis_url: str = Field(default="", pattern=r"^$|^(rediss?|unix)://\S+$")
    log_format: Literal["text", "json"] = "text"
    jobs_a_person: int = Field(default=20, ge=1)

    @field_validator("dask")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"(tcp|tls)://[^/\s]+:\d+", value):
            raise ValueError("not the address of a Dask scheduler, as tcp://host:8786")
        return value


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises
    ------
    InputError
        If a value cannot be, a name that begins with ``SURVDASH_`` is no setting, or ``.env`` cannot be read.
    """
    where = "Mend it in the environment or in .env."
    try:
        unknown = _unknown_names()
        if unknown:
            known = ", ".join(_variable(name) for name in Settings.model_fields)
            raise InputError(f"{', '.join(unknown)}: no such setting.", hint=f"There are: {known}. {where}")
        return Settings()
    except ValidationError as error:
        faults = [f"{_variable(str(one['loc'][0]))} is {one['input']!r}: {one['msg']}" for one in error.errors()]
        raise InputError(f"{'; '.join(faults)}.", hint=where) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f".env cannot be read: {error}.", hint="Save it as UTF-8, one NAME=value a line.") from error


def _variable(name: str) -> str:
    return f"{PREFIX}{name}".upper()


def _unknown_names() -> list[str]:
    """Names in the environment and ``.env`` that look like settings and are none."""
    given = {*EnvSettingsSource(Settings).env_vars, *DotEnvSettingsSource(Settings).env_vars}
    known = {_variable(name) for name in Settings.model_fields}
    return sorted(name.upper() for name in given if name.upper().startswith(PREFIX) and name.upper() not in known)
