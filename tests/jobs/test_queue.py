from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator

import pytest

from survdash.access import LOCAL, ROLES, Visitor, ask_at_the_door
from survdash.errors import InputError, UnknownNameError
from survdash.jobs import record
from survdash.jobs.queue import cancel_job, file_job, open_queue, own_jobs, read_job, remove_jobs
from survdash.progress import Progress
from survdash.settings import settings


def test_jobs_come_out_in_the_order_they_were_filed_and_once():
    filed = [file_job("add", {"a": number}) for number in range(3)]
    with open_queue() as queue:
        assert queue.offered() == set(filed)
        assert [queue.take() for _ in range(4)] == [*filed, None]


def test_quick_jobs_come_before_all_others_and_alone_where_only_they_are_taken():
    long = [file_job("train", {}) for _ in range(2)]
    quick = [file_job("predict", {}, quick=True) for _ in range(3)]
    with open_queue() as queue:
        assert queue.offered() == {*long, *quick}
        assert queue.offered(quick_only=True) == {*quick}
        assert queue.take() == quick[0]
        assert [queue.take(quick_only=True) for _ in range(3)] == [*quick[1:], None]
        assert [queue.take() for _ in range(3)] == [*long, None]


def test_the_queue_holds_ids_only_and_no_pickle(data_dir):
    job_id = file_job("add", {"patient": "Jane Roe"})
    with sqlite3.connect(data_dir / "jobs" / "queue.sqlite") as connection:
        ((data,),) = connection.execute("select data from task").fetchall()
    assert job_id.encode() in bytes(data)
    assert b"Jane" not in bytes(data)
    assert bytes(data).startswith(b"[")  # JSON; a pickle starts with 0x80


def test_many_sessions_may_file_the_same_thing_at_once():
    filed: list[str] = []
    threads = [threading.Thread(target=lambda: filed.append(file_job("add", {"a": 1}))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(filed)) == 12
    with open_queue() as queue:
        assert sorted(taken for _ in range(13) if (taken := queue.take())) == sorted(filed)


def test_a_job_that_waits_is_cancelled_at_once_and_stays_so():
    job_id = file_job("add", {})
    cancel_job(job_id)
    assert read_job(job_id).state == "cancelled"
    assert read_job(job_id).is_finished
    cancel_job(job_id)
    assert read_job(job_id).state == "cancelled"


def test_cancelling_a_job_that_has_ended_changes_nothing():
    job_id = file_job("add", {})
    record.finish(record.read(job_id), "failed", message="The slide is torn.", hint="Mend it.")
    cancel_job(job_id)
    assert (read_job(job_id).state, read_job(job_id).message) == ("failed", "The slide is torn.")


def test_an_unknown_job_is_said_to_be_unknown():
    with pytest.raises(UnknownNameError):
        read_job("0" * 32)
    with pytest.raises(UnknownNameError):
        cancel_job("../queue.sqlite")


def test_old_jobs_are_removed_with_what_was_asked_but_never_one_that_waits():
    ended, waits = file_job("add", {"patient": "Jane Roe"}), file_job("add", {})
    cancel_job(ended)
    assert remove_jobs(older_than_hours=1) == 0
    assert remove_jobs(older_than_hours=0) == 1
    assert record.job_ids() == [waits]


def test_what_a_killed_removal_left_behind_goes_with_the_next(data_dir):
    left = data_dir / "jobs" / f".{'a' * 32}.removed"
    left.mkdir(parents=True)
    (left / "payload.json").touch()
    remove_jobs(older_than_hours=24)
    assert not left.exists()


def test_nobody_else_on_the_machine_can_read_a_job(data_dir):
    before = os.umask(0o022)  # the usual one, which lets everybody read
    try:
        job_id = file_job("predict", {"age": 61, "slide": "/uploads/1/slide.svs"})
        cancel_job(job_id)
    finally:
        os.umask(before)
    files = [path for path in (data_dir / "jobs").rglob("*") if path.is_file()]
    assert {"payload.json", "job.json", "queue.sqlite", "cancel"} <= {path.name for path in files}
    assert {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in files} == dict.fromkeys(
        [path.name for path in files], "0o600"
    )
    for folder in (data_dir / "jobs", data_dir / "jobs" / job_id):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_of_an_older_version_is_closed(data_dir):
    (data_dir / "jobs").mkdir()
    (data_dir / "jobs").chmod(0o755)
    file_job("predict", {})
    assert stat.S_IMODE((data_dir / "jobs").stat().st_mode) == 0o700


def test_a_job_tells_how_long_its_step_has_taken():
    job_id = file_job("add", {})
    assert read_job(job_id).step_seconds is None
    record.write_progress(job_id, Progress(step="Embedding", done=3, total=12), step_seconds=6.0)
    job = read_job(job_id)
    assert (job.step, job.done, job.total, job.step_seconds) == ("Embedding", 3, 12, 6.0)


@pytest.fixture
def asked_by() -> Iterator[Callable[..., None]]:
    def ask(name: str, *, role: str = "analyst") -> None:
        ask_at_the_door(lambda: Visitor(name=name, actions=ROLES[role]))

    yield ask
    ask_at_the_door(lambda: LOCAL)


def test_where_nobody_signs_in_only_known_jobs_are_listed_or_all():
    first, second = (file_job("add", {"a": 1, "b": number}) for number in range(2))
    assert own_jobs() == []
    assert [job.id for job in own_jobs([first, "0" * 32, "../x"])] == [first]
    assert [job.id for job in own_jobs(everybodys=True)] == [second, first]


def test_nobody_sees_or_stops_anothers_job_but_an_administrator(asked_by):
    asked_by("ben")
    job_id = file_job("add", {"a": 1, "b": 2})
    assert [job.id for job in own_jobs()] == [job_id]
    asked_by("eve")
    assert own_jobs() == []
    for act in (read_job, cancel_job):
        with pytest.raises(UnknownNameError, match="There is no job"):
            act(job_id)
    asked_by("anna", role="admin")
    assert [job.id for job in own_jobs()] == [job_id]
    assert own_jobs(kinds=["other"]) == []
    assert own_jobs(most=0) == []
    cancel_job(job_id)
    asked_by("ben")
    assert read_job(job_id).state == "cancelled"


def test_one_person_may_not_fill_the_queue(asked_by, monkeypatch):
    monkeypatch.setenv("SURVDASH_JOBS_A_PERSON", "3")
    settings.cache_clear()
    asked_by("ben")
    filed = [file_job("add", {"a": 1, "b": 2}) for _ in range(3)]
    with pytest.raises(InputError, match="3 jobs waiting"):
        file_job("add", {"a": 1, "b": 2})
    asked_by("eve")
    file_job("add", {"a": 1, "b": 2})
    asked_by("ben")
    cancel_job(filed[0])
    file_job("add", {"a": 1, "b": 2})


def test_the_folder_is_looked_through_once_however_many_jobs_are_removed(monkeypatch):
    jobs = [record.create("add", {}) for _ in range(12)]
    for one in jobs:
        record.finish(one, "done")
    looks = []
    look = record.sweep_removed
    monkeypatch.setattr(record, "sweep_removed", lambda: looks.append(look()))
    assert remove_jobs(older_than_hours=0) == 12
    assert len(looks) == 1
    assert list(record.jobs_folder().glob("*.removed")) == []
