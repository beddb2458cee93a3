"""What all tests share: a data folder of their own, and the way to real data where it lies beside the repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small tensors: threads cost more than they give

import pytest

from survdash.settings import settings

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public data beside the repository; tests that need it skip where it is absent."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"no public data at {folder.name}/ beside the repository")
    return folder


@pytest.fixture(autouse=True)
def data_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty data folder for each test; what the tests write never reaches the user's own."""
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()
