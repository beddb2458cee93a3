"""Is this instance well? What a load balancer, an orchestrator and a monitoring system ask; no word of a patient."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from survdash import __version__
from survdash.data_folder import prepare_data_folder
from survdash.errors import SurvdashError
from survdash.jobs import record
from survdash.jobs.worker import is_worker_alive
from survdash.settings import settings

LEAST_FREE_BYTES = 1 << 30


def readiness() -> list[str]:
    """What keeps this instance from doing its work, in words without names or paths; empty when it is ready."""
    try:
        folder = prepare_data_folder()
    except (SurvdashError, OSError):
        return ["the data folder cannot be used"]
    problems = []
    if not os.access(folder, os.W_OK):
        problems.append("the data folder cannot be written")
    if shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
        problems.append("less than 1 GB is free")
    if not settings().start_worker and not is_worker_alive():
        problems.append("no worker is alive")
    return problems


def metrics() -> bytes:
    """The state of this instance in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Instance())
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return generate_latest(registry)


class _Instance(Collector):
    """Read anew at each question from the data folder, so that every web server tells the same."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Numbers of this moment."""
        states: Counter[tuple[str, str]] = Counter()
        oldest = 0.0
        for job_id in record.job_ids():
            try:
                job = record.read(job_id)
            except (SurvdashError, OSError, ValueError, TypeError):  # removed meanwhile, or damaged: doctor names it
                continue
            states[job.state, job.kind] += 1
            if job.state == "queued":
                oldest = max(oldest, time.time() - job.created)
        jobs = GaugeMetricFamily("survdash_jobs", "Jobs on disk", labels=["state", "kind"])
        for (state, kind), count in sorted(states.items()):
            jobs.add_metric([state, kind], count)
        yield jobs
        yield GaugeMetricFamily("survdash_oldest_queued_seconds", "How long the oldest job waits", value=oldest)
        yield GaugeMetricFamily("survdash_worker_alive", "1 while a worker works for this folder",
                                value=float(is_worker_alive()))  # fmt: skip
        yield GaugeMetricFamily("survdash_disk_free_bytes", "Free on the disk of the data folder",
                                value=float(shutil.disk_usage(settings().data_dir).free))  # fmt: skip
        version = GaugeMetricFamily("survdash_info", "Version of survdash", labels=["version"])
        version.add_metric([__version__], 1)
        yield version
