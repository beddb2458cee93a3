"""Downloads against a real server on this machine: broken transfers, resumed transfers, wrong files, no network."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import stamina

from survdash.errors import Cancelled, DownloadError
from survdash.progress import Progress
from survdash.sources.download import fetch_file

DATA = bytes(range(256)) * 12_000  # 3 MB
SHA256 = hashlib.sha256(DATA).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves DATA; ``stop_at`` breaks the first answer there, ``status`` fails as many requests as ``fails``."""

    daemon_threads = True
    stop_at: int | None = None
    fails: int = 0
    status: int = 503
    ranges: bool = True
    asked: list[str | None]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/weights-{SHA256[:8]}.pth"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        if self.server.fails:
            self.server.fails -= 1
            self.send_error(self.server.status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.ranges else 0
        if start >= len(DATA):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(DATA)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        self.send_header("Content-Length", str(len(DATA) - start))
        self.end_headers()
        end, self.server.stop_at = self.server.stop_at or len(DATA), None
        self.wfile.write(DATA[start:end])

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.asked = []
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_file_arrives_whole_with_progress(server: Server, tmp_path: Path) -> None:
    seen: list[Progress] = []
    path = tmp_path / "new" / "weights.pth"
    fetch_file(server.url, path, sha256_prefix=SHA256[:8], report=seen.append)
    assert path.read_bytes() == DATA
    assert [file.name for file in path.parent.iterdir()] == ["weights.pth"]
    assert {step.step for step in seen} == {"Downloading"}
    assert (seen[-1].done, seen[-1].total) == (len(DATA), len(DATA))
    assert [step.done for step in seen] == sorted(step.done for step in seen)


def test_a_broken_transfer_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.stop_at = 2_000_000
    path = tmp_path / "weights.pth"
    fetch_file(server.url, path, sha256_prefix=SHA256)
    assert path.read_bytes() == DATA
    assert server.asked[0] is None
    assert server.asked[1] not in (None, "bytes=0-")


@pytest.mark.parametrize("ranges", [True, False])
def test_what_an_earlier_run_left_is_used(server: Server, tmp_path: Path, ranges: bool) -> None:
    server.ranges = ranges  # a server that cannot resume sends all again
    path = tmp_path / "weights.pth"
    path.with_name("weights.pth.part").write_bytes(DATA[:1_000_000])
    fetch_file(server.url, path, sha256_prefix=SHA256)
    assert path.read_bytes() == DATA
    assert server.asked == ["bytes=1000000-"]


def test_a_part_that_is_already_whole_is_used(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.with_name("weights.pth.part").write_bytes(DATA)
    fetch_file(server.url, path, sha256_prefix=SHA256)
    assert path.read_bytes() == DATA


def test_a_part_longer_than_the_file_is_started_again(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.with_name("weights.pth.part").write_bytes(DATA + b"more")
    fetch_file(server.url, path, sha256_prefix=SHA256)
    assert path.read_bytes() == DATA


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.fails = 2
    fetch_file(server.url, tmp_path / "weights.pth", sha256_prefix=SHA256)
    assert len(server.asked) == 3


def test_a_missing_file_is_an_error_at_once(server: Server, tmp_path: Path) -> None:
    server.fails, server.status = 9, 404
    with pytest.raises(DownloadError, match="404"):
        fetch_file(server.url, tmp_path / "weights.pth", sha256_prefix=SHA256)
    assert len(server.asked) == 1


def test_another_file_is_refused_and_not_kept(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with pytest.raises(DownloadError, match="another file or damaged"):
        fetch_file(server.url, path, sha256_prefix="0" * 8)
    assert list(tmp_path.iterdir()) == []


def test_a_file_put_there_by_hand_is_verified_and_used_without_network(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(DATA)
    fetch_file("http://127.0.0.1:9/weights.pth", path, sha256_prefix=SHA256[:8])
    with pytest.raises(DownloadError, match="another file or damaged") as caught:
        fetch_file("http://127.0.0.1:9/weights.pth", path, sha256_prefix="0" * 8)
    assert str(path) in caught.value.hint
    assert path.read_bytes() == DATA  # what the user put there is not ours to delete


@pytest.mark.parametrize("prefix", ["", "a", "0123456"])
def test_a_checksum_too_short_to_prove_anything_is_no_checksum(tmp_path: Path, prefix: str) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(DATA)
    with pytest.raises(DownloadError):
        fetch_file("http://127.0.0.1:9/weights.pth", path, sha256_prefix=prefix)


def test_without_network_the_error_says_what_to_put_where(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with pytest.raises(DownloadError, match=r"weights\.pth could not be fetched") as caught:
        fetch_file("http://127.0.0.1:9/weights.pth", path, sha256_prefix=SHA256)  # port 9: nobody listens
    assert "http://127.0.0.1:9/weights.pth" in caught.value.hint
    assert str(path) in caught.value.hint
    assert not path.exists()


def test_a_stopped_download_keeps_its_part_for_the_next_try(server: Server, tmp_path: Path) -> None:
    stop = threading.Event()
    path = tmp_path / "weights.pth"
    with pytest.raises(Cancelled):
        fetch_file(server.url, path, sha256_prefix=SHA256, report=lambda _: stop.set(), cancel=stop)
    assert not path.exists()
    arrived = path.with_name("weights.pth.part").stat().st_size
    assert 0 < arrived < len(DATA)
    fetch_file(server.url, path, sha256_prefix=SHA256)
    assert path.read_bytes() == DATA
    assert server.asked[-1] == f"bytes={arrived}-"


def test_two_at_once_fetch_it_once(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    threads = [
        threading.Thread(target=fetch_file, args=(server.url, path), kwargs={"sha256_prefix": SHA256}) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() == DATA
    assert len(server.asked) == 1


def test_a_retry_is_told_in_the_log_of_those_who_ask_and_not_on_stderr(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.fails = 1
    with caplog.at_level("DEBUG"):
        fetch_file(server.url, tmp_path / "weights.pth", sha256_prefix=SHA256)
    told = [record for record in caplog.records if record.name.startswith(("stamina", "survdash"))]
    assert [record.levelname for record in told] == ["DEBUG"]


MD5 = hashlib.md5(DATA).hexdigest()


def test_what_the_gdc_states_is_held_too(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "slide.svs"
    fetch_file(server.url, path, md5=MD5, size=len(DATA))
    assert path.read_bytes() == DATA
    path.unlink()
    with pytest.raises(DownloadError, match=f"has the MD5 {MD5}, not {'0' * 32}"):
        fetch_file(server.url, path, md5="0" * 32, size=len(DATA))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("size", "words"), [(len(DATA) - 5, "has more than"), (len(DATA) + 5, "3,072,000, not")])
def test_a_file_of_another_size_is_refused_and_not_kept(
    server: Server, tmp_path: Path, size: int, words: str
) -> None:
    with pytest.raises(DownloadError, match=words):
        fetch_file(server.url, tmp_path / "slide.svs", md5=MD5, size=size)
    assert list(tmp_path.iterdir()) == []


def test_a_long_transfer_may_break_more_often_than_a_request_may_fail(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "slide.svs"
    part = path.with_name("slide.svs.part")
    server.stop_at = 1

    def break_again(_: Progress) -> None:  # every answer breaks a little farther on
        server.stop_at = min(len(DATA), part.stat().st_size + 400_000)

    with stamina.set_testing(True, attempts=4, cap=True):
        fetch_file(server.url, path, md5=MD5, report=break_again)
    assert path.read_bytes() == DATA
    assert len(server.asked) > 5
