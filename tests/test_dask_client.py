from __future__ import annotations

import pytest
from distributed import LocalCluster, get_client

from survdash import dask_client
from survdash.dask_client import connected
from survdash.errors import InputError


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(dask_client, "CONNECT_SECONDS", 1.0)


def test_a_scheduler_without_workers_says_how_to_start_one(quick):
    with LocalCluster(n_workers=0, protocol="tcp", host="127.0.0.1", dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        with pytest.raises(InputError, match="has no worker") as fault, connected(address):
            pass
    assert f"dask worker {address}" in fault.value.hint


@pytest.mark.parametrize("as_default", [True, False])
def test_only_who_asks_becomes_the_client_of_this_process(as_default):
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=None
        ) as cluster,
        connected(cluster.scheduler_address, as_default=as_default) as client,
    ):
        assert client.submit(sum, [1, 2]).result() == 3
        if as_default:
            assert get_client() is client
