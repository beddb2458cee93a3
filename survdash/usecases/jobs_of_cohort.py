"""Which jobs wait or run for a cohort: what would be lost if it were deleted or replaced now."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType

from survdash.errors import CohortError
from survdash.jobs.queue import Job, cancel_job, read_job, unfinished_jobs

WORDS: Mapping[str, str] = MappingProxyType({
    "train_models": "training", "predict_case": "prediction", "explain_patient": "explanation",
    "import_cohort": "import", "fetch_cohort": "download",
})  # fmt: skip
STOP_SECONDS = 90.0  # a training stops after its batch, an import after its table
POLL_SECONDS = 0.2


def jobs_of(cohort: str) -> list[Job]:
    """Jobs that wait or run and name a cohort, the oldest first."""
    found = [job for job, asked in unfinished_jobs() if cohort in (asked.get("cohort"), asked.get("name"))]
    return sorted(found, key=lambda job: job.created)


def name_jobs(jobs: list[Job]) -> str:
    """Jobs in words, by the first digits of their numbers: the whole number is the key to a job.

    Examples
    --------
    >>> name_jobs([])
    ''
    """
    states = {"queued": "waits", "running": "runs"}
    return ", ".join(
        f"{WORDS.get(job.kind, 'job')} {job.id[:8]} ({states.get(job.state, job.state)})" for job in jobs
    )


def stop_jobs(jobs: list[Job], *, patience_s: float = STOP_SECONDS) -> None:
    """Cancel jobs and wait until they have ended.

    Raises
    ------
    CohortError
        If one goes on for longer than ``patience_s``.
    """
    for job in jobs:
        cancel_job(job.id)
    until = time.monotonic() + patience_s
    while still := [job for job in jobs if not read_job(job.id).is_finished]:
        if time.monotonic() > until:
            raise CohortError(f"Not stopped yet: {name_jobs(still)}.", hint="They were told to stop; try again soon.")
        time.sleep(POLL_SECONDS)
