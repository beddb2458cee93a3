"""A network that is cut or hangs in the middle: a download goes on where it ended, and no job is lost or done twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from survdash.jobs.queue import file_job, read_job
from survdash.settings import settings
from survdash.usecases.verify import verify
from tests.faults.conftest import Run
from tests.faults.wire import Wire
from tests.jobs.conftest import start_worker, wait_for_fixture, worker_log  # noqa: F401, fixtures
from tests.jobs.test_lanes import Redis, redis  # noqa: F401, a fixture
from tests.sources.gdc_server import Gdc, star_counts

pytestmark = pytest.mark.slow
SLIDE = bytes(range(256)) * 4_000  # 1 MB


@pytest.fixture
def wire() -> Iterator[Callable[..., Wire]]:
    made: list[Wire] = []

    def lay(address: str, **options: int) -> Wire:
        parts = urlsplit(address)
        made.append(Wire((str(parts.hostname), int(parts.port or 0)), **options))
        return made[-1]

    yield lay
    for one in made:
        one.close()


def test_a_download_whose_network_is_cut_goes_on_where_it_ended(
    run: Run, gdc: Gdc, wire: Callable[..., Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    gdc.add_case("TCGA-2F-0000", demographic={"vital_status": "Dead", "days_to_death": 100})
    gdc.add_genes("TCGA-2F-0000-01A", star_counts({"TP53": 1.0}))
    gdc.add_slide("TCGA-2F-0000-01Z-00-DX1.AAAA.svs", SLIDE)
    network = wire(gdc.url, cut_after=len(SLIDE) // 2)
    monkeypatch.setenv("SURVDASH_GDC_URL", f"http://127.0.0.1:{network.port}")
    data = settings().data_dir
    words = ("fetch-cohort", "BLCA", "--what", "clinical,genes,slides", "--json")
    stopped = run(*words, data=data, impatient=True)
    _, said = stopped.communicate()
    assert stopped.returncode == 2, said
    assert "Traceback" not in said
    assert verify().faults == ()
    (part,) = (data / "downloads").rglob("*.svs.part")
    assert 0 < (had := part.stat().st_size) < len(SLIDE)
    assert not list((data / "downloads").rglob("*.svs"))

    network.set("whole")
    gdc.asked.clear()
    again = run(*words, data=data)
    _, said = again.communicate()
    assert again.returncode == 0, said
    (slide,) = (data / "downloads").rglob("*.svs")
    assert slide.read_bytes() == SLIDE
    assert f"bytes={had}-" in [asked for _, asked in gdc.asked if isinstance(asked, str)] or not part.exists()
    assert verify().faults == ()


@pytest.mark.parametrize("fault", ["cut", "dead"])
def test_redis_behind_a_network_that_fails_loses_no_job_and_runs_none_twice(
    redis: Redis, wire: Callable[..., Wire], start_worker: Callable[..., object], wait_for: Callable,  # noqa: F811
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str,
) -> None:  # fmt: skip
    network = wire(redis.url)
    monkeypatch.setenv("SURVDASH_REDIS_URL", f"redis://127.0.0.1:{network.port}/0")
    settings.cache_clear()
    ran = tmp_path / "ran"
    start_worker()
    waits = file_job("wait", {"until": str(tmp_path / "go")})
    wait_for(waits, lambda job: job.state == "running")
    jobs = [file_job("add", {"a": number, "b": 0, "ran": str(ran)}) for number in range(4)]
    network.set(fault)  # type: ignore[arg-type]
    began = time.monotonic()
    jobs.append(file_job("add", {"a": 4, "b": 0, "ran": str(ran)}))
    assert time.monotonic() - began < 20, "whoever asks is not kept waiting for a queue that does not answer"
    (tmp_path / "go").touch()
    wait_for(waits, lambda job: job.state == "done")
    assert {read_job(one).state for one in jobs} == {"queued"}
    network.set("whole")
    for one in jobs:
        wait_for(one, lambda job: job.state == "done")
    assert sorted(int(line) for line in ran.read_text().split()) == list(range(5))
    assert verify().faults == ()
