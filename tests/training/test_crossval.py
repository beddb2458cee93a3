from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from survdash.case import Survival
from survdash.errors import Cancelled, NotEnoughDataError
from survdash.training.crossval import crossval, fold_models, work_folder
from survdash.training.data import model_data
from survdash.training.evaluation import evaluate
from survdash.training.recipe import Recipe
from tests.dask_workers import until

COX = Recipe(model="cox_ridge", modalities=("genes", "slide"))
SNN = Recipe(model="snn", modalities=("genes",), options={"width": 16}, epochs=3)


@pytest.fixture(scope="module")
def data(cohort):
    return model_data(cohort, ("genes", "slide"))


def test_every_patient_is_predicted_once_by_a_model_that_did_not_see_him_or_her(data):
    result = crossval(data, COX)
    table = result.predictions
    assert table["case_id"].tolist() == data.case_ids.tolist()
    np.testing.assert_array_equal(table["fold"], data.folds)
    for number, model in enumerate(fold_models(result)):
        members = np.flatnonzero(data.folds == number)
        # In blocks of other sizes the same sums are taken in another order.
        np.testing.assert_allclose(
            table["risk"].to_numpy()[members], model.score(data.inputs(members), result.months).risk
        )
    assert all(len(curve) == len(result.months) for curve in table["survival"])


def test_the_planted_truth_is_found(data):
    # Of 1,770 pairs a guess gets half, with a standard error of about .04.
    found = evaluate(crossval(data, COX).predictions, data.survival)
    assert found["mean"] > 0.7
    assert found["low"] < found["mean"] < found["high"]
    assert len(found["folds"]) == 3


@pytest.mark.parametrize(
    ("recipe", "calibration"),
    [(COX, "inner folds"), (Recipe(model="glg_linear", modalities=("genes",), options={"width": 8}, epochs=1),
                            "inner folds"), (SNN, "other folds")],
    ids=lambda value: getattr(value, "model", value),
)  # fmt: skip
def test_what_became_of_the_held_out_patients_says_nothing_of_their_curves(data, recipe, calibration):
    """Not by way of the other folds' models either, which have seen them; a network alone is known to fail this."""
    fates = data.survival
    turned = np.where(data.folds == 0, np.roll(fates.event, 7), fates.event)
    other = replace(data, survival=Survival(time_months=fates.time_months, event=turned))
    one, two = crossval(data, recipe), crossval(other, recipe)
    assert one.calibration == calibration
    curves = [np.stack(found.predictions.loc[data.folds == 0, "survival"]) for found in (one, two)]
    assert np.array_equal(*curves) == (calibration == "inner folds")


def test_cancel_is_seen(data):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        crossval(data, SNN, cancel=cancel)


def test_one_fold_is_no_crossvalidation(data):
    with pytest.raises(NotEnoughDataError, match="two folds"):
        crossval(replace(data, folds=np.zeros(data.size, int)), COX)


def test_spreading_folds_and_seeds_changes_nothing(data):
    recipe = replace(SNN, seeds=2)
    alone, spread = crossval(data, recipe), crossval(data, recipe, jobs=2)
    pd.testing.assert_frame_equal(alone.predictions, spread.predictions, check_exact=True)
    assert [len(model.networks) for model in fold_models(spread)] == [2, 2, 2]
    assert alone.parameters == 2 * crossval(data, SNN).parameters
    width = np.stack(alone.predictions["high"]) - np.stack(alone.predictions["low"])
    assert width.max() > 0


def test_a_run_that_was_stopped_goes_on_at_its_finished_folds(data, tmp_path):
    class AfterTheSecondFold:
        def is_set(self):
            return len(list(folder.glob("*.safetensors"))) == 2

    whole = crossval(data, SNN)
    folder = work_folder(tmp_path, data, SNN)
    with pytest.raises(Cancelled):
        crossval(data, SNN, work=tmp_path, cancel=AfterTheSecondFold())
    times = {path.name: path.stat().st_mtime_ns for path in folder.glob("fold_?_seed_?.safetensors")}
    assert len(times) == 2
    again = crossval(data, SNN, work=tmp_path)
    pd.testing.assert_frame_equal(again.predictions, whole.predictions, check_exact=True)
    assert [one.curves for one in again.folds] == [one.curves for one in whole.folds]
    assert {name: (folder / name).stat().st_mtime_ns for name in times} == times


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_dask_worker_that_is_killed_in_a_fold_changes_nothing(data, tmp_path, dask):
    recipe, work = replace(SNN, epochs=60), tmp_path / "work"
    alone, folder = crossval(data, recipe), work_folder(work, data, recipe)
    victim = dask.add_worker()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(crossval, data, recipe, jobs=2, work=work)
        until(lambda: future.done() or list(folder.glob("*.safetensors")), seconds=120)
        os.kill(victim, signal.SIGSTOP)  # in its second fold; it alone has the data, and the answer of the first
        assert not future.done()
        assert dask.at_work()
        kept = {path: path.stat().st_mtime_ns for path in folder.glob("*.safetensors")}
        assert len(kept) < 3
        dask.add_worker()
        os.kill(victim, signal.SIGKILL)
        spread = future.result(timeout=120)
    pd.testing.assert_frame_equal(alone.predictions, spread.predictions, check_exact=True)
    assert [one.curves for one in spread.folds] == [one.curves for one in alone.folds]
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "the other took the finished fold as it lay there"
