"""Uploads: private, under our own names, gone when refused, asked for or old."""

from __future__ import annotations

import io
import os
import stat
import time

import pytest

from survdash.access import LOCAL, ROLES, Role, Visitor, ask_at_the_door
from survdash.errors import GeneError, SlideError, UnknownNameError
from survdash.jobs import record
from survdash.jobs.queue import file_job
from survdash.settings import Settings
from survdash.ui import upload as room


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "settings", lambda: Settings(data_dir=tmp_path, max_table_mb=0.001, keep_upload_hours=2))
    return tmp_path


def files_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["../../etc/passwd.svs", "C:\\slides\\A 1.SVS", "/tmp/x/A.svs", "..svs"])
def test_a_file_lands_under_our_name_whatever_it_was_called(data_dir, name):
    upload = room.save_part(room.new_upload(), "slide", name=name, file=io.BytesIO(b"bytes"))
    assert upload.slides == {"slide": upload.folder / "slide.svs"}
    assert upload.slides["slide"].read_bytes() == b"bytes"
    assert not set("/\\") & set(upload.names["slide"])
    assert files_below(data_dir) == [f"uploads/{upload.identifier}/{name}" for name in ("about.json", "slide.svs")]


def test_only_this_user_can_read_an_upload(data_dir):
    upload = room.save_part(room.new_upload(), "genes", name="g.csv", file=io.BytesIO(b"a,b"))
    assert stat.S_IMODE(upload.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(upload.genes.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("part", "name", "content", "error"),
    [("slide", "slide.exe", b"x", SlideError), ("slide", "slide", b"x", SlideError),
     ("slide", "a.svs", b"", SlideError),
     ("genes", "genes.csv", b"", GeneError), ("genes", "genes.csv", b"x" * 1001, GeneError)],
)
def test_a_refused_file_leaves_nothing(data_dir, part, name, content, error):
    upload = room.new_upload()
    with pytest.raises(error):
        room.save_part(upload, part, name=name, file=io.BytesIO(content))
    assert files_below(data_dir) == []


@pytest.mark.parametrize("name", ["a.mrxs", "a.DCM", "a.vms", "a.zip", "Slidedat.ini", "slide.tar.gz"])
def test_a_slide_of_many_files_is_refused_with_what_to_do(data_dir, name):
    with pytest.raises(SlideError, match="one of the many files") as caught:
        room.save_part(room.new_upload(), "slide", name=name, file=io.BytesIO(b"x"))
    assert "pyramidal TIFF" in caught.value.hint
    assert files_below(data_dir) == []


def test_a_second_file_takes_the_place_of_the_first(data_dir):
    upload = room.save_part(room.new_upload(), "genes", name="one.csv", file=io.BytesIO(b"1"))
    upload = room.save_part(upload, "genes", name="two.tsv", file=io.BytesIO(b"2"))
    assert upload.genes.name == "genes.tsv"
    assert upload.names["genes"] == "two.tsv"
    assert list(upload.folder.glob("genes.*")) == [upload.genes]


@pytest.mark.parametrize("identifier", ["", "..", "../jobs", "0" * 32, "A" * 32, "0" * 31 + "/"])
def test_an_address_opens_no_other_folder(data_dir, identifier):
    with pytest.raises(UnknownNameError):
        room.open_upload(identifier)


def test_the_upload_of_a_job_is_found_until_it_is_deleted(data_dir):
    upload = room.new_upload()
    room.note_job(upload, "f" * 32)
    found = room.upload_of_job("f" * 32)
    assert found is not None
    assert found.folder == upload.folder
    room.delete_upload(found)
    assert room.upload_of_job("f" * 32) is None


def test_the_sweep_takes_old_uploads_only(data_dir):
    upload = room.new_upload()
    made = upload.folder.stat().st_mtime
    assert room.sweep_uploads(now=made + 1.9 * 3600) == 0
    assert room.sweep_uploads(now=made + 2.1 * 3600) == 1
    assert not upload.folder.exists()


def test_several_slides_lie_side_by_side_and_go_one_by_one(data_dir):
    upload = room.new_upload()
    for part, name in (("slide", "a.svs"), ("slide2", "b.tiff"), ("slide3", "c.svs")):
        upload = room.save_part(upload, part, name=name, file=io.BytesIO(name.encode()))
    assert [path.read_bytes() for path in upload.slides.values()] == [b"a.svs", b"b.tiff", b"c.svs"]
    assert upload.modalities == ("slide",)
    room.drop_part(upload, "slide")
    left = room.open_upload(upload.identifier)
    assert dict(left.names) == {"slide2": "b.tiff", "slide3": "c.svs"}


def test_each_slide_has_a_mask_of_its_own(data_dir):
    upload = room.new_upload()
    for part in ("slide", "slide2", room.areas_of("slide"), room.areas_of("slide2")):
        upload = room.save_part(upload, part, name=f"a.{room.SUFFIXES[part][0]}", file=io.BytesIO(part.encode()))
    room.drop_part(upload, room.areas_of("slide"))
    left = room.open_upload(upload.identifier)
    assert set(left.files) == {"slide", "slide2", "areas2"}
    assert left.files["areas2"].read_bytes() == b"areas2"
    assert len({room.areas_of(part) for part in room.SLIDE_PARTS}) == len(room.SLIDE_PARTS)


def test_nobody_opens_anothers_upload_but_an_administrator() -> None:
    def ask(name: str, role: Role = "analyst") -> None:
        ask_at_the_door(lambda: Visitor(name=name, actions=ROLES[role]))

    try:
        ask("ben")
        upload = room.save_part(room.new_upload(), "genes", name="g.csv", file=io.BytesIO(b"a,b"))
        assert room.open_upload(upload.identifier).genes is not None
        ask("eve")
        with pytest.raises(UnknownNameError, match="not here any more"):
            room.open_upload(upload.identifier)
        ask("anna", "admin")
        assert room.open_upload(upload.identifier).files == upload.files
    finally:
        ask_at_the_door(lambda: LOCAL)


def test_an_upload_that_a_job_waits_for_is_kept_and_one_from_the_future_begins_anew() -> None:
    waits, done, ahead = room.new_upload(), room.new_upload(), room.new_upload()
    for upload, state in ((waits, "queued"), (done, "done")):
        job = file_job("predict", {})
        room.note_job(upload, job)
        record.change(record.read(job), state=state, finished=None if state == "queued" else time.time())
    long_ago, to_come = time.time() - 400 * 86_400, time.time() + 400 * 86_400
    for upload, when in ((waits, long_ago), (done, long_ago), (ahead, to_come)):
        os.utime(upload.folder, (when, when))
    assert room.sweep_uploads() == 1
    assert [waits.folder.exists(), done.folder.exists(), ahead.folder.exists()] == [True, False, True]
    assert abs(ahead.folder.stat().st_mtime - time.time()) < 60
