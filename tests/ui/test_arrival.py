"""A file that comes in pieces is there whole or not at all, with its hash, and leaves nothing when refused."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from collections import namedtuple

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from survdash.errors import SlideError, UnknownNameError
from survdash.ui import arrival
from survdash.ui.upload import new_identifier, open_upload, uploads_folder

HEAD = b"II*\0"


def send(identifier, part, content, *, name="a.svs", size=None, ends=()):
    """Send in pieces that end at ``ends``; return the last taker."""
    offset = arrival.begin(identifier, part, name=name, size=size or len(content), mark="m")
    for end in (*[one for one in ends if one > offset], len(content)):
        with arrival.taking(identifier, part, offset=offset) as taker:
            taker.write(content[offset:end])
        offset = taker.offset
    return taker


def left_over():
    return sorted(path.name for path in uploads_folder().rglob("*"))


@limits(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300), ends=st.lists(st.integers(1, 300), max_size=5))
def test_any_pieces_make_the_file_with_the_hash_of_its_bytes(data_dir, body, ends):
    content, identifier = HEAD + body, new_identifier()
    ends = sorted({end for end in ends if end < len(content)})
    taker = send(identifier, "slide", content, ends=ends)
    upload = open_upload(identifier)
    assert taker.is_done
    assert upload.files["slide"].read_bytes() == content
    assert upload.hashes == {"slide": hashlib.sha256(content).hexdigest()}
    assert upload.names == {"slide": "a.svs"}
    assert stat.S_IMODE(upload.files["slide"].stat().st_mode) == 0o600
    assert not arrival.arriving(upload.folder)


def test_it_goes_on_where_it_ended_also_after_the_hash_was_lost(data_dir):
    identifier, content = new_identifier(), HEAD + os.urandom(5000)
    arrival.begin(identifier, "slide", name="a.svs", size=len(content), mark="m")
    with arrival.taking(identifier, "slide", offset=0) as taker:
        taker.write(content[:1234])
    arrival._hashers._kept.clear()  # as a restart of the server does
    assert open_upload(identifier).files == {}, "half a file is none"
    assert arrival.begin(identifier, "slide", name="a.svs", size=len(content), mark="m") == 1234
    send(identifier, "slide", content)
    assert open_upload(identifier).hashes["slide"] == hashlib.sha256(content).hexdigest()


def test_another_file_is_never_put_behind_the_first_half_of_one(data_dir):
    identifier = new_identifier()
    arrival.begin(identifier, "slide", name="a.svs", size=100, mark="of a")
    with arrival.taking(identifier, "slide", offset=0) as taker:
        taker.write(HEAD + b"a" * 40)
    assert arrival.begin(identifier, "slide", name="a.svs", size=100, mark="of another") == 0
    assert arrival.find_arrival(open_upload(identifier).folder, "slide").offset == 0


@pytest.mark.parametrize("offset", [0, 3, 45, 1000, -1])
def test_a_piece_that_does_not_fit_is_not_taken(data_dir, offset):
    identifier = new_identifier()
    arrival.begin(identifier, "slide", name="a.svs", size=100, mark="m")
    with arrival.taking(identifier, "slide", offset=0) as taker:
        taker.write(HEAD + b"a" * 40)
    with pytest.raises(arrival.ArrivalError), arrival.taking(identifier, "slide", offset=offset):
        pass
    assert arrival.find_arrival(open_upload(identifier).folder, "slide").offset == 44


def test_two_pieces_at_once_are_not_mixed_but_two_files_come_side_by_side(data_dir):
    identifier = new_identifier()
    for part in ("slide", "slide2"):
        arrival.begin(identifier, part, name="a.svs", size=8, mark="m")
    with arrival.taking(identifier, "slide", offset=0) as one, arrival.taking(identifier, "slide2", offset=0) as two:
        with pytest.raises(arrival.ArrivalError), arrival.taking(identifier, "slide", offset=0):
            pass
        one.write(HEAD + b"1111")
        two.write(HEAD + b"2222")
    assert [path.read_bytes()[4:] for path in open_upload(identifier).slides.values()] == [b"1111", b"2222"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("a.svs", b"This is a letter.", "is no slide"), ("a.svs", b"\x89PNG\r\n\x1a\n....", "picture of another kind"),
     ("a.png", HEAD + b"....", "picture of another kind"), ("a.svs", b"MZ\x90\0....", "no slide"),
     ("a.exe", HEAD, "not a kind of file"), ("a.mrxs", HEAD, "one of the many files"),
     ("a.svs", b"", "a.svs is empty")],
)  # fmt: skip
def test_what_is_no_slide_is_refused_by_its_first_bytes_and_leaves_nothing(data_dir, name, content, words):
    with pytest.raises(SlideError, match=words):
        send(new_identifier(), "slide", content, name=name)
    assert left_over() == []


@pytest.mark.parametrize("head", [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"])
def test_every_tiff_is_taken(data_dir, head):
    assert send(new_identifier(), "slide", head + b"x", name="a.ndpi").is_done


def test_more_than_was_said_is_refused(data_dir):
    with pytest.raises(SlideError, match="larger than it was said"):
        send(new_identifier(), "slide", HEAD + b"x" * 100, size=50)
    assert left_over() == []


def test_too_large_and_no_room_are_told_before_anything_is_sent(data_dir, monkeypatch):
    with pytest.raises(SlideError, match=r"5\.0 GB; this server takes 4\.0 GB"):
        arrival.begin(new_identifier(), "slide", name="a.svs", size=5_000_000_000, mark="m")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**10, 0, 3 * 10**9))
    arrival.begin(new_identifier(), "slide", name="a.svs", size=1_500_000_000, mark="m")
    with pytest.raises(SlideError, match=r"no room for b\.svs"):  # the first has a claim to what is free
        arrival.begin(new_identifier(), "slide", name="b.svs", size=1_500_000_000, mark="m")
    assert len(list(uploads_folder().iterdir())) == 1


def test_a_disk_that_fills_up_meanwhile_ends_it(data_dir, monkeypatch):
    identifier = new_identifier()
    arrival.begin(identifier, "slide", name="a.svs", size=100, mark="m")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**10, 10**10, 1000))
    with (
        pytest.raises(SlideError, match="disk of this server is full"),
        arrival.taking(identifier, "slide", offset=0) as taker,
    ):
        taker.write(HEAD)
    assert left_over() == []


def test_cancelled_and_forgotten_ones_go_and_whole_ones_stay(data_dir):
    gone, stale, whole = (new_identifier() for _ in range(3))
    for identifier in (gone, stale):
        arrival.begin(identifier, "slide", name="a.svs", size=100, mark="m")
    send(whole, "slide", HEAD)
    arrival.cancel(gone, "slide")
    assert arrival.sweep_arrivals() == 0
    assert arrival.sweep_arrivals(now=time.time() + arrival.STALE_SECONDS + 1) == 1
    assert [folder.name for folder in uploads_folder().iterdir()] == [whole]


@pytest.mark.parametrize("identifier", ["../../etc", "", "x" * 32, "0" * 31])
def test_only_a_number_is_a_folder(data_dir, identifier):
    with pytest.raises(UnknownNameError):
        arrival.begin(identifier, "slide", name="a.svs", size=100, mark="m")
