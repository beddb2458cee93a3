"""A day of the queue in fast motion: ten thousand short jobs through the real queue and one real worker.

``python -m benchmarks.job_day [--jobs 10000]``. Each job is a what-if question about a patient of a small simulated
cohort, filed as the patient's page files it. Watched are the worker's memory and open files, the queue's database and
the folder of jobs; at last the sweep of the web server removes what has had its time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.page_speed import make_cohort
from tests.browser.server import REPOSITORY, environment

PATIENTS = 60
WAITING = 100  # jobs that wait at most: a morning's
QUESTIONS = 20  # different ones
IN_A_ROW = 10  # questions about one patient, as somebody moves a slider
WARM = 0.2  # share of the jobs after which a slope is asked for: libraries are loaded and pools are filled by then


class Look(NamedTuple):
    """How things stand after so many jobs."""

    jobs: int
    seconds: float
    memory_mb: float
    files: int
    database_kb: float
    folder_mb: float


def look(worker: int, folder: Path, *, jobs: int, start: float) -> Look:
    """Look at the worker and at what it leaves on disk."""
    pages = int(Path(f"/proc/{worker}/statm").read_text().split()[1])
    used = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # under its first name until it is whole
            used += path.stat().st_blocks * 512
    return Look(
        jobs=jobs, seconds=time.monotonic() - start, memory_mb=pages * resource.getpagesize() / 1e6,
        files=len(list(Path(f"/proc/{worker}/fd").iterdir())),
        database_kb=sum(path.stat().st_size for path in folder.glob("queue.sqlite*")) / 1e3, folder_mb=used / 1e6,
    )  # fmt: skip


def slope(looks: list[Look]) -> tuple[float, float]:
    """Megabytes of the worker a thousand jobs, and two standard errors of that, once it is warm."""
    later = [one for one in looks if one.jobs >= WARM * looks[-1].jobs]
    jobs, memory = np.array([one.jobs for one in later]) / 1000, np.array([one.memory_mb for one in later])
    (rise, _), covariance = np.polyfit(jobs, memory, 1, cov=True)
    return float(rise), 2 * float(np.sqrt(covariance[0, 0]))


def run(cohort: str, count: int, worker: int) -> list[Look]:
    """File so many jobs, never more than ``WAITING`` ahead of the worker; returns what was seen on the way."""
    from survdash import usecases
    from survdash.jobs.queue import open_queue
    from survdash.jobs.record import jobs_folder

    run_name = "cox_ridge"
    cases = usecases.analyse_cohort(cohort, run_name).case_ids.tolist()
    bounds = {case: usecases.what_if_range(cohort, run_name, case).genes for case in cases[:QUESTIONS]}
    column = next(iter(bounds[cases[0]]))
    questions = [
        usecases.WhatIf(cohort=cohort, run=run_name, case_id=case, genes={column: genes[column][2]}, clinical={})
        for case, genes in bounds.items()
    ]
    looks, start, step = [], time.monotonic(), max(1, count // 25)
    with open_queue() as queue:
        for number in range(1, count + 1):
            usecases.file_what_if(questions[number // IN_A_ROW % QUESTIONS])
            if number % 20 == 0:
                while len(queue.offered()) > WAITING:
                    time.sleep(0.05)
            if number % step == 0:
                looks.append(one := look(worker, jobs_folder(), jobs=number, start=start))
                print(f"{one.jobs:>6,} jobs filed {one.seconds:5.0f} s  worker {one.memory_mb:.1f} MB, {one.files} "
                      f"files; queue {one.database_kb:.0f} kB, folder {one.folder_mb:.1f} MB", flush=True)  # fmt: skip
        while queue.offered():
            time.sleep(0.1)
    time.sleep(1)
    return [*looks, look(worker, jobs_folder(), jobs=count, start=start)]


def check(folder: Path, count: int) -> None:
    """All are done, none twice, and equal questions have equal answers."""
    answers: dict[str, set[bytes]] = {}
    done = list(folder.glob("*/job.json"))
    for path in done:
        state = json.loads(path.read_text())
        if (state["state"], state["attempts"]) != ("done", 1):
            raise SystemExit(f"a job ended as {state['state']} after {state['attempts']} starts: {state['message']}")
        question = (path.parent / "payload.json").read_text()
        answers.setdefault(question, set()).add((path.parent / "result.json").read_bytes())
    if len(done) != count or any(len(found) != 1 for found in answers.values()):
        told = [len(found) for found in answers.values()]
        raise SystemExit(f"{len(done)} of {count} jobs; answers to each question: {told}")
    print(f"{count:,} jobs done, each once; {len(answers)} questions, one answer to each", flush=True)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        cohort = make_cohort(PATIENTS, data_dir, Path(folder))
        os.environ |= {"SURVDASH_DATA_DIR": str(data_dir)}
        with (Path(folder) / "worker.log").open("wb") as log:
            worker = subprocess.Popen([sys.executable, "-m", "survdash", "worker"], cwd=REPOSITORY, stdout=log,
                                      stderr=log, env=environment(data_dir))  # fmt: skip
        try:
            looks = run(cohort, given.jobs, worker.pid)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(timeout=60)
        from survdash.jobs.queue import remove_jobs
        from survdash.jobs.record import jobs_folder

        check(jobs_folder(), given.jobs)
        rise, error = slope(looks)
        print(f"worker's memory: {rise:+.3f} ± {error:.3f} MB a thousand jobs, once warm", flush=True)
        start = time.monotonic()
        removed = remove_jobs(older_than_hours=0)
        left = look(os.getpid(), jobs_folder(), jobs=0, start=start)
        print(f"swept: {removed:,} jobs in {left.seconds:.0f} s; queue {left.database_kb:.0f} kB, folder "
              f"{left.folder_mb:.2f} MB left", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
