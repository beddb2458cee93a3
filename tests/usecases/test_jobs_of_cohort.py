"""What waits or runs for a cohort, and that it is stopped before the cohort is deleted: with the real worker."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from survdash import usecases
from survdash.errors import CohortError
from survdash.jobs import record
from survdash.jobs.queue import cancel_job, read_job
from survdash.usecases.jobs_of_cohort import WORDS, jobs_of, name_jobs, stop_jobs
from tests.conftest import REPOSITORY


@pytest.fixture
def mine(tmp_path: Path) -> str:
    rng = np.random.default_rng(0)
    rows = [f"P{i:03d},{1 + 30 * rng.random():.3f},{i % 2},{','.join(f'{x:.4f}' for x in rng.normal(size=6))}"
            for i in range(200)]  # fmt: skip
    genes = ",".join(f"{name}_rnaseq" for name in ("TP53", "MYC", "EGFR", "KRAS", "JUN", "IL6"))
    table = tmp_path / "t.csv"
    table.write_text("\n".join([f"case_id,survival_months,censorship,{genes}", *rows]))
    usecases.import_cohort(table, name="mine")
    return "mine"


def test_jobs_are_named_by_what_they_do_and_not_by_their_key(mine: str) -> None:
    assert set(WORDS) <= set(usecases.HANDLERS)
    job = usecases.file_training(mine, ["cox_ridge"])
    found = jobs_of(mine)
    assert [one.id for one in found] == [job]
    assert name_jobs(found) == f"training {job[:8]} (waits)"
    assert job not in name_jobs(found)
    assert jobs_of("min") == []
    cancel_job(job)
    assert jobs_of(mine) == []


def test_a_cohort_in_use_is_not_deleted_unless_its_work_is_to_be_stopped(mine: str, data_dir: Path) -> None:
    job = usecases.file_training(mine, ["cox_ridge"])
    with pytest.raises(CohortError, match=rf"in use: training {job[:8]} \(waits\)"):
        usecases.delete_cohort(mine)
    assert usecases.open_cohort(mine).name == mine
    usecases.delete_cohort(mine, stop=True)
    assert read_job(job).state == "cancelled"
    assert not (data_dir / "cohorts" / mine).exists()


@pytest.mark.slow  # three processes start one after the other
def test_a_training_that_runs_is_stopped_and_leaves_nothing(mine: str, data_dir: Path) -> None:
    job = usecases.file_training(mine, ["glg", "snn"])
    worker = subprocess.Popen([sys.executable, "-m", "survdash", "worker"], cwd=REPOSITORY, env=os.environ.copy(),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        until = time.monotonic() + 90
        while not (read_job(job).state == "running" and read_job(job).step) and time.monotonic() < until:
            time.sleep(0.05)
        asked = [sys.executable, "-m", "survdash", "delete-cohort", mine, "--yes"]
        refused = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=REPOSITORY)
        assert refused.returncode == 2
        assert f"in use: training {job[:8]} (runs)" in refused.stderr
        done = subprocess.run([*asked, "--stop-jobs"], capture_output=True, text=True, check=False, cwd=REPOSITORY)
        assert done.returncode == 0, done.stderr
        assert read_job(job).state == "cancelled"
        assert not [path for path in (data_dir / "cohorts").iterdir() if not path.name.startswith(".")]
        assert usecases.list_problems() == []
    finally:
        worker.terminate()
        worker.wait(30)


def test_one_that_does_not_stop_is_told(mine: str) -> None:
    job = usecases.file_training(mine, ["cox_ridge"])
    with (
        record.held(job),  # as by a worker that does not look
        pytest.raises(CohortError, match=rf"Not stopped yet: training {job[:8]}"),
    ):
        stop_jobs(jobs_of(mine), patience_s=0.3)
