"""What monitoring is told: true, and no word of a patient."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from survdash.data_folder import NOTE
from survdash.jobs.queue import cancel_job, file_job
from survdash.settings import settings
from survdash.usecases import health
from survdash.usecases.health import metrics, readiness


def numbers() -> dict[tuple[str, ...], float]:
    return {(sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(metrics().decode()) for sample in family.samples}  # fmt: skip


def test_jobs_are_counted_by_state_and_kind(data_dir: Path) -> None:
    file_job("predict", {"slide": "/slides/MEIER_ANNA.svs", "age": 71})
    cancel_job(file_job("predict", {}))
    file_job("train", {})
    found = numbers()
    assert found["survdash_jobs", "predict", "queued"] == 1
    assert found["survdash_jobs", "cancelled", "predict"] == 1
    assert found["survdash_jobs", "queued", "train"] == 1
    assert found["survdash_worker_alive",] == 0
    assert b"MEIER" not in metrics()


def test_a_damaged_job_hides_no_other(data_dir: Path) -> None:
    (data_dir / "jobs" / file_job("predict", {}) / "job.json").write_text("{")
    file_job("train", {})
    assert numbers()["survdash_jobs", "queued", "train"] == 1


def test_ready_until_the_disk_is_full_or_the_worker_is_missing(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert readiness() == []
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 1 << 60)
    assert readiness() == ["less than 1 GB is free"]
    monkeypatch.undo()
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SURVDASH_START_WORKER", "false")
    settings.cache_clear()
    assert readiness() == ["no worker is alive"]


def test_a_folder_of_a_newer_survdash_is_not_ready(data_dir: Path) -> None:
    (data_dir / NOTE).write_text('{"layout": 99}')
    assert readiness() == ["the data folder cannot be used"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_not_ready(data_dir: Path) -> None:
    readiness()
    data_dir.chmod(0o500)
    try:
        assert "the data folder cannot be written" in readiness()
    finally:
        data_dir.chmod(0o700)
