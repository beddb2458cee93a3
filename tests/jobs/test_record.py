from __future__ import annotations

import json
from contextlib import nullcontext

import pytest

from survdash.errors import UnknownNameError
from survdash.jobs import record
from survdash.progress import Progress


def test_a_new_job_waits_and_holds_what_was_asked():
    made = record.create("predict", {"slide": "/slides/ä.svs", "age": 61})
    assert record.read(made.id) == made
    assert made.state == "queued"
    assert record.read_payload(made.id) == {"slide": "/slides/ä.svs", "age": 61}
    assert record.read_progress(made.id) == Progress(step="", done=0, total=0)
    assert record.job_ids() == [made.id]


@pytest.mark.parametrize("job_id", ["", "..", "../../etc", "0" * 31, "0" * 32, "G" * 32, "0" * 32 + "\n"])
def test_anything_but_the_id_of_a_job_is_unknown(job_id):
    # The id comes from the address of a page: it must never lead out of the folder.
    with pytest.raises(UnknownNameError, match="no job"):
        record.read(job_id)


def test_a_payload_that_is_not_json_leaves_no_job_behind():
    with pytest.raises(TypeError):
        record.create("predict", {"slide": object()})
    assert record.job_ids() == []


def test_the_lock_of_a_job_has_one_holder_and_is_free_afterwards():
    job_id = record.create("predict", {}).id
    with record.held(job_id) as first, record.held(job_id) as second:
        assert (first, second) == (True, False)
    with record.held(job_id) as again:
        assert again


def test_a_job_of_another_version_says_so_and_is_not_run():
    made = record.create("predict", {})
    path = record.job_folder(made.id) / "job.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99, "colour": "blue"}))
    assert record.read(made.id).state == "failed"
    assert "Another version" in record.read(made.id).message


def test_the_end_keeps_the_beginning():
    made = record.create("predict", {})
    ended = record.finish(record.change(made, state="running", started=made.created + 1, attempts=1), "done")
    assert record.read(made.id) == ended
    assert (ended.state, ended.created, ended.attempts) == ("done", made.created, 1)
    assert ended.finished is not None
    assert ended.finished >= made.created


@pytest.mark.parametrize("content", [
    b"", b"[1]", b'{"id": "a", "kiod": 1, "format": 1}', b'{"id": "\x80"}', b"[" * 99_999,
])  # fmt: skip
def test_a_torn_file_fails_its_job_and_no_worker_that_finds_it(content):
    torn, sound = record.create("add", {}).id, record.create("add", {}).id
    for name in ("job.json", "progress.json"):
        (record.job_folder(torn) / name).write_bytes(content)
    assert record.read(torn).state == "failed"
    assert "damaged" in record.read(torn).message
    assert record.read_step(torn)[0].total == 0
    (record.job_folder(torn) / "payload.json").write_bytes(content)
    with pytest.raises(record.DamagedJobError) if not content.startswith(b'{"id": "a"') else nullcontext():
        record.read_payload(torn)
    assert record.read(sound).state == "queued"


def test_the_answer_of_a_removed_job_is_overwritten():
    job_id = record.create("predict", {"age": 61}).id
    answer = record.job_folder(job_id) / "result.json"
    record.write_private(answer, {"risk": 0.5})
    with answer.open("rb") as handle:  # a second handle on its bytes, as a thief of the disk has one
        size = answer.stat().st_size
        record.remove(job_id)
        assert handle.read() == bytes(size)
