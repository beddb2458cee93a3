"""Many cases: one that fails holds up none, what is done is kept while nothing that made it changes, order stays."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from survdash import usecases
from survdash.errors import Cancelled, InputError, UnknownNameError
from survdash.jobs import record
from survdash.jobs.queue import file_job
from survdash.progress import silent
from survdash.simulation.sample_case import sample_case
from survdash.usecases import PredictRequest
from survdash.usecases.batch import HANDLERS


@pytest.fixture
def requests(tmp_path: Path) -> list[PredictRequest]:
    """Two sound cases of genes alone, and one whose table is a letter."""
    paths = [sample_case(tmp_path / str(number), number=number)[1] for number in range(2)]
    letter = tmp_path / "letter.csv"
    letter.write_text("Dear colleague,\n")
    paths.insert(1, letter)
    return [PredictRequest(genes=path, case_id=f"case {number}") for number, path in enumerate(paths)]


def test_each_case_is_what_it_is_alone_and_a_failure_holds_up_none(requests):
    steps = []
    outcomes = usecases.predict_batch(requests, report=steps.append)
    assert [one.case_id for one in outcomes] == ["case 0", "case 1", "case 2"]
    assert outcomes[1].prediction is None
    assert outcomes[1].message
    assert outcomes[1].hint
    alone = usecases.predict(requests[2])
    assert usecases.prediction_to_json(outcomes[2].prediction) == usecases.prediction_to_json(alone)
    whole = [(one.done, one.total) for one in steps]
    assert whole == sorted(whole)
    assert whole[-1] == (3, 3)
    lines = usecases.batch_export(outcomes).csv.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["case_id", "case 0", "case 2"]
    assert usecases.failures_csv(outcomes).splitlines()[1].startswith("case 1,")


def test_a_second_run_goes_on_and_a_changed_case_is_made_anew(requests, tmp_path):
    folder = tmp_path / "out"
    first = usecases.predict_batch(requests[:1], folder=folder)
    again = usecases.predict_batch(requests, folder=folder)
    assert [one.kept for one in again] == [True, False, False]
    assert usecases.batch_export(first).csv.splitlines()[1] == usecases.batch_export(again).csv.splitlines()[1]
    changed = [replace(requests[0], age_years=70.0), requests[2]]
    assert [one.kept for one in usecases.predict_batch(changed, folder=folder)] == [False, True]
    next(folder.glob("case_2*")).write_text("half")
    assert [one.kept for one in usecases.predict_batch(requests, folder=folder)] == [False, False, False]


def test_names_that_look_alike_do_not_share_a_file(requests, tmp_path):
    pair = [replace(requests[0], case_id=name) for name in ("a/b", "a_b")]
    usecases.predict_batch(pair, folder=tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_cancel_stops_between_cases_and_keeps_what_is_done(requests, tmp_path):
    stop = threading.Event()

    def report(progress):
        if progress.done == 1:
            stop.set()

    with pytest.raises(Cancelled):
        usecases.predict_batch(requests, folder=tmp_path / "out", report=report, cancel=stop)
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_worker_that_was_interrupted_goes_on_at_the_next_case(requests):
    job_id, stop, seen = usecases.file_batch(requests), threading.Event(), []
    payload = record.read_payload(job_id)

    def report(progress):
        seen.append(progress.message)
        if progress.done == 1:
            stop.set()

    with record.running(job_id), pytest.raises(Cancelled):
        HANDLERS["predict_batch"](payload, report, stop)
    seen.clear()
    with record.running(job_id):
        result = HANDLERS["predict_batch"](payload, report, threading.Event())
    assert [values["prediction"] is None for values in result["cases"]] == [False, True, False]
    started = [message for message in seen if message.startswith("Reading genes")]
    assert len(started) == 2, "the first case was kept, so only the letter and the last one were read"
    record.remove(job_id)
    assert record.running_folder() is None


def test_one_case_of_a_batch_is_asked_why(requests):
    job_id = usecases.file_batch(requests)
    why = usecases.file_case_of_batch(job_id, "case 2")
    assert record.read(why).kind == "predict_case"
    assert record.read_payload(why)["case_id"] == "case 2"
    with pytest.raises(UnknownNameError, match="No patient of this table"):
        usecases.file_case_of_batch(job_id, "case 9")
    with pytest.raises(UnknownNameError, match="no batch"):
        usecases.file_case_of_batch(why, "case 2")
    requests[0].genes.unlink()
    with pytest.raises(InputError, match="not here any more"):
        usecases.file_case_of_batch(job_id, "case 0")


def test_a_job_carries_the_batch_there_and_back(requests):
    job_id = usecases.file_batch(requests)
    with pytest.raises(UnknownNameError, match="no finished batch"):
        usecases.job_batch(job_id)
    state = record.read(job_id)
    assert not state.quick, "one patient comes before many"
    result = HANDLERS[state.kind](record.read_payload(job_id), silent, threading.Event())
    record.write_private(record.job_folder(job_id) / "result.json", result)
    record.finish(state, "done")
    outcomes = usecases.job_batch(job_id)
    assert [one.prediction is None for one in outcomes] == [False, True, False]
    with pytest.raises(UnknownNameError):
        usecases.job_batch(file_job("predict_case", {}))
