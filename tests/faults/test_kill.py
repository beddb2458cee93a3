"""kill -9 in the middle of the work: every file is whole or absent, and the same command then ends well."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from survdash.settings import settings
from survdash.simulation.sample_case import sample_case
from survdash.usecases.verify import verify
from tests.faults.conftest import Run

pytestmark = pytest.mark.slow
PATIENCE_S = 120


def kill_once(process: object, is_at_work: Callable[[], bool]) -> None:
    """Kill the process as soon as it is seen at work; it must not have ended by itself."""
    end = time.monotonic() + PATIENCE_S
    while not is_at_work():
        assert process.poll() is None, "it ended before it could be killed"  # type: ignore[attr-defined]
        assert time.monotonic() < end
        time.sleep(0.002)
    process.kill()  # type: ignore[attr-defined]
    process.wait()  # type: ignore[attr-defined]


def test_import_training_export_archive_embedding_and_backup(run: Run, table: Path, tmp_path: Path) -> None:
    data = settings().data_dir
    sample_case(tmp_path)
    steps: list[tuple[tuple[object, ...], Callable[[], bool]]] = [
        (("import-cohort", table, "--name", "mine", "--gene-groups", table.with_name("groups.csv")),
         lambda: any((data / "cohorts").glob(".mine.*.part/*"))),
        (("crossval", "mine", "--model", "snn", "--epochs", "3", "--width", "32"),
         lambda: any((data / "training").rglob("*.safetensors"))),
        (("export-cohort", "mine", "--out", tmp_path / "mine.zip"), lambda: any(tmp_path.glob(".mine.zip.*"))),
        (("embed", tmp_path / "slide.tiff", "--out", tmp_path / "bag.h5"), lambda: any((data / "bags").rglob("*"))),
        (("backup", "--out", tmp_path / "all.tar"), lambda: any(tmp_path.glob(".all.tar.*"))),
    ]  # fmt: skip
    for words, is_at_work in steps:
        kill_once(run(*words, data=data), is_at_work)
        assert verify().faults == ()
        again = run(*words, data=data)
        _, said = again.communicate()
        assert again.returncode == 0, said
    assert verify().faults == ()
