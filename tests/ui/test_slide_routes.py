"""The viewer's addresses on a real server: who gets a tile, and who does not."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import uvicorn
from PIL import Image
from starlette.applications import Starlette

from survdash.session_token import make_grant
from survdash.settings import SHIPPED_MODELS
from survdash.slide.deep_zoom import Pyramid
from survdash.slide.reader import open_slide
from survdash.ui.slide_routes import address_root, viewer_routes
from survdash.usecases.slide_access import PURPOSE, grant_slide

SAMPLE = SHIPPED_MODELS / "demo" / "sample_1" / "slide.tiff"
SHA = "c" * 64


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The routes alone, as uvicorn serves them, below a base path too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = Starlette(routes=[*viewer_routes(), *viewer_routes("/inner/path/")])
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)


@pytest.fixture
def granted() -> str:
    if not SAMPLE.is_file():
        pytest.skip("the demo cohort is not here; make it: python -m survdash make-demo")
    return grant_slide(SHA, SAMPLE)


def test_a_good_grant_gets_the_pixels_of_the_slide(server, granted):
    with open_slide(SAMPLE) as slide:
        last = Pyramid(slide.width, slide.height).last_level
        expected = slide.read_tile(512, 512, level0_px=512, tile_px=512)
    for root in ("slide_view", "inner/path/slide_view"):
        answer = httpx.get(f"{server}/{root}/{granted}/tile/{last}/1_1.jpeg")
        assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    found = np.asarray(Image.open(io.BytesIO(answer.content))).astype(int)
    assert np.abs(found - expected).mean() < 3  # of 255: JPEG at 88 % of a textured picture
    crop = httpx.get(f"{server}/slide_view/{granted}/crop/512_512_256.jpeg")
    part = np.asarray(Image.open(io.BytesIO(crop.content))).astype(int)
    assert np.abs(part - expected[:256, :256]).mean() < 3


def test_the_program_is_served_to_anybody(server):
    answer = httpx.get(f"{server}/slide_view/openseadragon.js")
    assert answer.status_code == 200
    assert b"openseadragon 6." in answer.content[:100]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_missing_a_forged_an_old_and_anothers_grant_are_refused(server, granted):
    body, signature = granted.split(".")
    other = grant_slide("d" * 64, SAMPLE)
    forged = f"{body}.{signature[:-2]}{'A' if signature[-2] != 'A' else 'B'}{signature[-1]}"
    old = grant_slide(SHA, SAMPLE, now=1_000_000_000)
    crossed = f"{other.split('.')[0]}.{signature}"
    for shown in (forged, old, crossed, make_grant("upload", SHA), body, f"{body}.", "x" * 3000, SHA):
        for address in ("tile/0/0_0.jpeg", "crop/0_0_256.jpeg"):
            answer = httpx.get(f"{server}/slide_view/{shown}/{address}")
            assert answer.status_code == 403, shown
            assert answer.content == b""
            assert answer.headers["cache-control"] == "no-store"
    assert httpx.get(f"{server}/slide_view/tile/0/0_0.jpeg").status_code == 404


@pytest.mark.parametrize("address", [
    "tile/99/0_0.jpeg", "tile/0/1_0.jpeg", f"tile/11/{2**31}_0.jpeg", f"tile/{'9' * 300}/0_0.jpeg",
    f"tile/11/{'9' * 4000}_0.jpeg", "tile/-1/0_0.jpeg", "tile/11/0_0.png", "tile/11/a_b.jpeg", "tile/11/0x1_0.jpeg",
    "tile/11/1.5_0.jpeg", "crop/0_0_99999.jpeg", "crop/99999999_0_256.jpeg", "crop/0_0_0.jpeg", "label", "macro",
    "../../../../etc/passwd", "tile/..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/session.key", "tile/0/0_0.jpeg/../..",
])  # fmt: skip
def test_what_is_no_tile_is_not_found(server, granted, address):
    with socket.create_connection(server.removeprefix("http://").split(":")) as raw:  # httpx would tidy the address
        raw.sendall(f"GET /slide_view/{granted}/{address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert int(answer.split(b" ", 2)[1]) in (400, 403, 404)
    assert b"root:" not in answer


def test_a_good_grant_of_a_slide_that_is_gone_finds_nothing(server, tmp_path):
    for shown in (grant_slide("e" * 64, tmp_path / "gone.tiff"), make_grant(PURPOSE, "f" * 64)):
        assert httpx.get(f"{server}/slide_view/{shown}/tile/0/0_0.jpeg").status_code == 404


def test_many_at_once_all_get_their_tile(server, granted):
    with httpx.Client() as client:
        threads, codes = [], []

        def ask(number: int) -> None:
            codes.append(
                client.get(f"{server}/slide_view/{granted}/tile/11/{number % 3}_{number // 3 % 3}.jpeg").status_code
            )

        for number in range(24):
            threads.append(threading.Thread(target=ask, args=(number,)))
            threads[-1].start()
        for thread in threads:
            thread.join(30)
    assert codes == [200] * 24


def test_only_get_is_answered(server, granted):
    for method in ("POST", "PUT", "DELETE"):
        assert httpx.request(method, f"{server}/slide_view/{granted}/tile/0/0_0.jpeg").status_code == 405


def test_addresses_begin_with_the_servers_base():
    assert address_root("") == "/slide_view"
    assert address_root("/a/b/") == "/a/b/slide_view"
