"""Folds on two Dask workers with one data folder, one of them killed: the model is what one machine makes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survdash.settings import settings
from survdash.usecases.verify import verify
from tests.faults.conftest import Run
from tests.features.test_cluster import Dask, _until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TRAINING = ("crossval", "mine", "--model", "snn", "--epochs", "60", "--width", "64", "--jobs", "2", "--json")


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    made = Dask(tmp_path)
    yield made
    made.close()


def test_a_killed_worker_costs_its_fold_and_changes_no_number(
    run: Run, dask: Dask, table: Path, tmp_path: Path
) -> None:
    data, alone = settings().data_dir, tmp_path / "alone"
    importing = ("import-cohort", table, "--name", "mine", "--gene-groups", table.with_name("groups.csv"))
    for folder in (data, alone):
        assert run(*importing, data=folder).wait() == 0
    workers = {dask.add_worker(), dask.add_worker()}
    shared = run(*TRAINING, data=data, SURVDASH_DASK=dask.address)
    _until(lambda: any(dask.client.processing().values()), seconds=120)
    victim = dask.numbers()[next(address for address, keys in dask.client.processing().items() if keys)]
    assert victim in workers
    os.kill(victim, signal.SIGKILL)
    out, said = shared.communicate(timeout=240)
    assert shared.returncode == 0, said
    assert verify().faults == ()
    by_itself = run(*TRAINING, data=alone)
    expected, _ = by_itself.communicate(timeout=240)
    assert json.loads(out)["cindex"]["mean"] == pytest.approx(json.loads(expected)["cindex"]["mean"], abs=1e-3)
    one, other = (pd.read_parquet(folder / "cohorts" / "mine" / "runs" / "snn" / "predictions.parquet")
                  for folder in (data, alone))  # fmt: skip
    # Threads of a worker may add up in another order than a process of this machine: float32 over 60 epochs.
    np.testing.assert_allclose(one["risk"], other["risk"], rtol=1e-3, atol=1e-3)
