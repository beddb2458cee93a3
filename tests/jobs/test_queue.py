from __future__ import annotations

import sqlite3
import threading

import pytest

from survdash.errors import UnknownNameError
from survdash.jobs import record
from survdash.jobs.queue import cancel_job, file_job, list_jobs, open_queue, read_job, remove_jobs


def test_jobs_come_out_in_the_order_they_were_filed_and_once():
    filed = [file_job("add", {"a": number}) for number in range(3)]
    with open_queue() as queue:
        assert queue.offered() == set(filed)
        assert [queue.take() for _ in range(4)] == [*filed, None]


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


def test_the_list_has_every_job_newest_first():
    assert list_jobs() == []
    filed = [file_job("add", {"a": number}) for number in range(3)]
    assert [job.id for job in list_jobs()] == filed[::-1]


def test_old_jobs_are_removed_with_what_was_asked_but_never_one_that_waits():
    ended, waits = file_job("add", {"patient": "Jane Roe"}), file_job("add", {})
    cancel_job(ended)
    assert remove_jobs(older_than_hours=1) == 0
    assert remove_jobs(older_than_hours=0) == 1
    assert record.job_ids() == [waits]
