from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from distributed import LocalCluster

from survdash import dask_client
from survdash.errors import InputError, NotEnoughDataError
from survdash.settings import settings
from survdash.spread import spread
from tests.dask_workers import until


def work(*, number, fail=False):
    if fail:
        raise NotEnoughDataError("no death", hint="more")
    return number, os.getpid()


PIECES = [{"number": number} for number in range(5)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_pieces(jobs):
    numbers, processes = zip(*spread(work, PIECES, jobs=jobs), strict=True)
    assert numbers == (0, 1, 2, 3, 4)
    assert (os.getpid() in processes) == (jobs == 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_comes_home_with_its_hint(jobs):
    with pytest.raises(NotEnoughDataError) as fault:
        list(spread(work, [{"number": 0, "fail": True}], jobs=jobs))
    assert fault.value.hint == "more"


@pytest.fixture
def use(monkeypatch):
    def point(address):
        monkeypatch.setenv("SURVDASH_DASK", address)
        settings.cache_clear()

    return point


def test_a_dask_cluster_does_the_work_when_it_is_named(use):
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1",
                      dashboard_address=None) as cluster:
        use(cluster.scheduler_address)
        assert [number for number, _ in spread(work, PIECES, jobs=2)] == [0, 1, 2, 3, 4]


def test_workers_of_several_threads_are_refused(use):
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", host="127.0.0.1",
                      dashboard_address=None) as cluster:
        use(cluster.scheduler_address)
        with pytest.raises(InputError, match="2 threads"):
            list(spread(work, PIECES, jobs=2))


def test_a_scheduler_that_is_not_there_is_a_message(use, monkeypatch):
    monkeypatch.setattr(dask_client, "CONNECT_SECONDS", 1.0)
    use("tcp://127.0.0.1:9")
    with pytest.raises(InputError, match=r"127\.0\.0\.1:9"):
        list(spread(work, PIECES, jobs=2))


@pytest.mark.slow
def test_answers_that_went_with_their_worker_are_made_anew_and_without_any_worker_it_is_said(dask, monkeypatch):
    first = dask.add_worker()
    found = spread(work, PIECES, jobs=2)
    assert next(found) == (0, first)
    until(lambda: not any(dask.client.processing().values()))  # the others lie with the worker, not fetched yet
    second = dask.add_worker()
    os.kill(first, signal.SIGKILL)
    assert [*found] == [(number, second) for number in range(1, 5)]
    os.kill(second, signal.SIGSTOP)
    monkeypatch.setattr(dask_client, "ALONE_SECONDS", 0.3)
    monkeypatch.setattr(dask_client, "LOOK_SECONDS", 0.1)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: list(spread(work, PIECES, jobs=2)))
        until(lambda: any(dask.client.processing().values()))
        os.kill(second, signal.SIGKILL)
        with pytest.raises(InputError, match="No Dask worker has been there"):
            future.result(timeout=60)
