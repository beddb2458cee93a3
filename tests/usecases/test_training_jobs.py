"""Training by the worker: what can be asked for, what comes of it, and that a stop keeps what is done."""

from __future__ import annotations

import threading

import pytest

from survdash.cohort import Cohort
from survdash.errors import Cancelled, InputError, NotEnoughDataError, UnknownNameError
from survdash.jobs import record
from survdash.jobs.queue import read_job
from survdash.nets.registry import MODELS
from survdash.progress import Progress, silent
from survdash.sources.cohort_folder import write_cohort
from survdash.usecases import HANDLERS
from survdash.usecases.library import cohort_folder, list_runs
from survdash.usecases.training_jobs import TRAINING, file_training, list_methods


@pytest.fixture
def small(cohort: Cohort) -> str:
    """Genes alone, and nothing clinical is known."""
    patients = cohort.patients.assign(age=float("nan"), sex=None, stage=None)
    write_cohort(
        cohort_folder("small"), name="small", title="Small", simulated=True, endpoint="overall survival",
        patients=patients.astype({"sex": "str", "stage": "str"}), genes=cohort.genes, gene_groups=cohort.gene_groups,
        slides={}, folds=cohort.folds, source={}, bags=None, bag_origin=None,
    )  # fmt: skip
    return "small"


def test_every_method_is_listed_with_what_it_needs_and_what_is_here(small: str) -> None:
    states = {one.name: one for one in list_methods("demo")}
    assert set(states) == set(MODELS)
    assert states["glg"].runs == ("glg", "glg-genes", "glg-slide")
    assert (states["mcat"].runs, states["mcat"].reads) == ((), ("genes", "slide"))
    here = {one.name: one for one in list_methods(small)}
    assert here["snn"].reads == ("genes",)
    assert (here["attnmil"].reads, here["attnmil"].needs) == ((), "slide")
    assert "AttnMIL needs slide" in here["attnmil"].lacks
    assert not here["cox_clinical"].reads
    assert here["cox_clinical"].lacks


def test_a_job_trains_what_it_names_and_tells_which_it_is_at(small: str) -> None:
    job = file_training(small, ["cox_ridge", "coxnet", "cox_ridge"])
    assert (read_job(job).kind, read_job(job).state) == (TRAINING, "queued")
    steps: list[Progress] = []
    done = HANDLERS[TRAINING](record.read_payload(job), steps.append, threading.Event())
    assert [one["model"] for one in done["outcomes"]] == ["cox_ridge", "coxnet"]
    assert {one["state"] for one in done["outcomes"]} == {"trained"}
    assert {run.name for run in list_runs(small)} == {"cox_ridge", "coxnet"}
    assert steps[0].step.startswith("Ridge Cox (1 of 2): ")
    assert steps[-1].step.startswith("Elastic-net Cox (2 of 2): ")
    again = HANDLERS[TRAINING](record.read_payload(job), silent, threading.Event())
    assert {one["state"] for one in again["outcomes"]} == {"was there"}


def test_a_stop_keeps_what_is_finished(small: str) -> None:
    cancel = threading.Event()

    def stop_at_second(progress: Progress) -> None:
        if "(2 of 2)" in progress.step:
            cancel.set()

    with pytest.raises(Cancelled):
        HANDLERS[TRAINING]({"cohort": small, "models": ["cox_ridge", "snn"]}, stop_at_second, cancel)
    assert [run.name for run in list_runs(small)] == ["cox_ridge"]


@pytest.mark.parametrize(
    ("name", "models", "error"),
    [("nope", ["snn"], UnknownNameError), ("small", ["nope"], UnknownNameError), ("small", [], InputError),
     ("small", ["snn", "mcat"], NotEnoughDataError)],
)
def test_what_cannot_be_trained_is_never_filed(small: str, name: str, models: list[str], error: type) -> None:
    with pytest.raises(error):
        file_training(name, models)
    assert not record.job_ids()
