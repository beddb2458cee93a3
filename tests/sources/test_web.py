"""What every request keeps to; the faults of servers are in the tests of their clients."""

from __future__ import annotations

import email.utils
import threading
import time

import httpx
import pytest
from werkzeug import Request, Response

from survdash.errors import Cancelled, DownloadError
from survdash.sources import web
from tests.sources.gdc_server import Gdc


def _busy(**headers: str) -> httpx.Response:
    return httpx.Response(429, headers={key.replace("_", "-"): value for key, value in headers.items()},
                          request=httpx.Request("GET", "https://gdc.example/files"))  # fmt: skip


def test_a_date_to_come_back_is_understood_like_seconds() -> None:
    for value in ("86400", email.utils.formatdate(time.time() + 86_400, usegmt=True)):
        with pytest.raises(DownloadError, match=r"gdc\.example answered 429 .* for 14(40|39) minutes"):
            web.check_busy(_busy(Retry_After=value), cancel=None, step="x")


@pytest.mark.parametrize("value", ["", "soon", "-5", email.utils.formatdate(0, usegmt=True)])
def test_a_time_that_says_nothing_costs_none(value: str) -> None:
    stopped = threading.Event()
    stopped.set()  # would be noticed by whoever waits
    with pytest.raises(web.BusyServerError):
        web.check_busy(_busy(Retry_After=value), cancel=stopped, step="x")


def test_other_answers_pass() -> None:
    for status in (200, 206, 404):
        web.check_busy(httpx.Response(status), cancel=None, step="x")


def test_a_request_says_who_asks_and_a_header_is_read(gdc: Gdc) -> None:
    seen: list[str] = []

    def note(request: Request) -> Response:
        seen.append(request.headers["User-Agent"])
        return Response(headers={"X-Count": "7"})

    gdc.fail("/status", note)
    with web.JsonServer("X", gdc.url, setting="S") as server:
        assert server.header("/status", "x-count", params={"a": 1}) == "7"
        assert server.header("/status", "none", params={}) == ""
    assert seen[0].startswith("survdash/")


def test_a_number_that_is_none_is_missing(gdc: Gdc) -> None:
    gdc.fail("/status", Response('{"a": NaN, "b": [Infinity, 1]}', content_type="application/json"))
    with web.JsonServer("X", gdc.url, setting="S") as server:
        assert server.get("/status") == {"a": None, "b": [None, 1]}


def test_an_endless_answer_is_stopped(gdc: Gdc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MOST_ANSWER_BYTES", 1_000_000)
    gdc.fail("/status", Response((b"x" * 100_000 for _ in range(10**6)), content_type="application/json"))
    with web.JsonServer("X", gdc.url, setting="S") as server, pytest.raises(DownloadError, match="more than 1 MB"):
        server.get("/status")


def test_an_answer_that_trickles_can_be_stopped(gdc: Gdc) -> None:
    def trickle() -> object:
        for _ in range(1000):
            yield b" "
            time.sleep(0.05)

    gdc.fail("/status", Response(trickle(), content_type="application/json"))  # type: ignore[arg-type]
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    start = time.monotonic()
    with web.JsonServer("X", gdc.url, setting="S", cancel=stop) as server, pytest.raises(Cancelled):
        server.get("/status")
    assert time.monotonic() - start < 10
