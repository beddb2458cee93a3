from __future__ import annotations

import pytest
from distributed import LocalCluster, default_client

from survdash import dask_client
from survdash.dask_client import as_done, connected
from survdash.errors import InputError


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(dask_client, "CONNECT_SECONDS", 1.0)


@pytest.fixture
def client():
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=None
        ) as cluster,
        connected(cluster.scheduler_address) as client,
    ):
        yield client


def test_a_scheduler_without_workers_says_how_to_start_one(quick):
    with LocalCluster(n_workers=0, protocol="tcp", host="127.0.0.1", dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        with pytest.raises(InputError, match="has no worker") as fault, connected(address):
            pass
    assert f"dask worker {address}" in fault.value.hint


def test_nobody_else_in_this_process_finds_the_client(client):
    assert client.submit(sum, [1, 2]).result() == 3
    with pytest.raises(ValueError, match="No clients found"):
        default_client()


def test_results_have_the_numbers_of_their_futures_and_a_fault_comes_home(client):
    assert sorted(as_done(client, client.map(abs, [-3, 1, -2]))) == [(0, 3), (1, 1), (2, 2)]
    assert list(as_done(client, [])) == []
    with pytest.raises(ValueError, match="no number"):
        list(as_done(client, [client.submit(int, "no number")]))
