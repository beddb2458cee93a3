"""What machines ask, and who may."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from survdash.data_folder import NOTE
from survdash.ui.probe_routes import probe_routes


def client(host: str) -> TestClient:
    return TestClient(Starlette(routes=list(probe_routes())), client=(host, 50000))


def test_live_and_ready(data_dir: Path) -> None:
    asked = client("10.0.0.9")
    assert asked.get("/health/live").text == "ok"
    assert asked.get("/health/ready").json() == {"ready": True, "problems": []}
    (data_dir / NOTE).write_text('{"layout": 99}')
    assert asked.get("/health/ready").status_code == 503


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [("127.0.0.1", {}, 200), ("::1", {}, 200), ("10.0.0.9", {}, 403), ("testclient", {}, 403),
     ("127.0.0.1", {"X-Forwarded-For": "10.0.0.9"}, 403), ("127.0.0.1", {"Forwarded": "for=10.0.0.9"}, 403)],
)  # fmt: skip
def test_metrics_are_for_this_machine(data_dir: Path, host: str, headers: dict[str, str], status: int) -> None:
    answer = client(host).get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("survdash_disk_free_bytes" in answer.text) == (status == 200)
