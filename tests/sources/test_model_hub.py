"""A model hub on this machine that answers as the real one documents: redirects, gates, tokens, nothing there."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from survdash.errors import DownloadError
from survdash.settings import settings
from survdash.sources.model_hub import fetch_model

WEIGHTS = bytes(range(256)) * 400
CONFIG = json.dumps({"architecture": "test_vit"}).encode()
TOKEN = "hf_made_for_this_test"


class Hub(ThreadingHTTPServer):
    """``files`` of each model; large ones lie on ``store``. Gated models want TOKEN, some are closed to it too."""

    daemon_threads = True
    files: dict[str, dict[str, bytes]]
    gated: dict[str, int]
    store: Hub | None = None
    asked: list[tuple[str, str, str | None]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, token = self.server, self.headers.get("Authorization")
        hub.asked.append((self.command, self.path, token))
        if hub.store is None:  # the place of the bytes
            self.answer(200, WEIGHTS)
            return
        owner, name, _, _, file = self.path.strip("/").split("/")
        repo = f"{owner}/{name}"
        if repo == "old/name":
            self.answer(307, b"", Location=self.path.replace("old/name", "open/model"))
        elif repo not in hub.files:
            self.answer(401, b"", **{"X-Error-Code": "RepoNotFound"})
        elif repo in hub.gated and (token != f"Bearer {TOKEN}" or hub.gated[repo] == 403):
            self.answer(403 if token else 401, b"", **{"X-Error-Code": "GatedRepo"})
        elif file not in hub.files[repo]:
            self.answer(404, b"", **{"X-Error-Code": "EntryNotFound"})
        elif file == "config.json":
            self.answer(200, hub.files[repo][file], ETag='"0123456789abcdef0123456789abcdef01234567"')
        else:
            stated = hashlib.sha256(hub.files[repo][file]).hexdigest()
            where = f"{hub.store.url}/bytes/{file}"
            self.answer(302, b"", Location=where, **{"X-Linked-ETag": f'"{stated}"', "X-Linked-Size": "1"})

    def answer(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


def _running(server: Hub) -> Iterator[Hub]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store() -> Iterator[Hub]:
    server = Hub(("127.0.0.1", 0), Handler)
    server.asked = []
    yield from _running(server)


@pytest.fixture
def hub(store: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    server = Hub(("127.0.0.1", 0), Handler)
    server.store, server.asked = store, []
    whole = {"config.json": CONFIG, "model.safetensors": WEIGHTS}
    server.files = {
        "open/model": whole, "gated/model": whole, "closed/model": whole, "empty/model": {"config.json": CONFIG},
        "bin/model": {"config.json": CONFIG, "pytorch_model.bin": WEIGHTS},
        "text/model": {"model.safetensors": WEIGHTS},
        "other/model": {"config.json": CONFIG, "model.safetensors": b"not what lies there"},
    }  # fmt: skip
    server.gated = {"gated/model": 401, "closed/model": 403}
    monkeypatch.setenv("SURVDASH_HUB_URL", server.url)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no token"))  # not the machine's own
    settings.cache_clear()
    yield from _running(server)


@pytest.mark.parametrize(("repo", "name"), [("open/model", "model.safetensors"), ("bin/model", "pytorch_model.bin"),
                                            ("old/name", "model.safetensors")])  # fmt: skip
def test_an_open_model_is_fetched_once(hub: Hub, tmp_path: Path, repo: str, name: str) -> None:
    path = fetch_model(repo, tmp_path / "a")
    assert path == tmp_path / "a" / name
    assert path.read_bytes() == WEIGHTS
    assert (tmp_path / "a" / "config.json").read_bytes() == CONFIG
    asked = len(hub.asked)
    assert fetch_model(repo, tmp_path / "a") == path
    assert len(hub.asked) == asked


def test_the_revision_is_asked_for(hub: Hub, tmp_path: Path) -> None:
    fetch_model("open/model", tmp_path, revision="refs/pr/1")
    assert hub.asked[0][1] == "/open/model/resolve/refs%2Fpr%2F1/config.json"


def test_a_token_opens_a_gate_and_is_shown_to_the_hub_alone(
    hub: Hub, store: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert fetch_model("gated/model", tmp_path).read_bytes() == WEIGHTS
    assert {token for _, _, token in hub.asked} == {f"Bearer {TOKEN}"}
    assert {token for _, _, token in store.asked} == {None}


def test_gates_say_where_to_ask(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DownloadError, match="no token was given") as caught:
        fetch_model("gated/model", tmp_path / "a")
    assert f"{hub.url}/gated/model" in caught.value.hint
    assert "HF_TOKEN" in caught.value.hint
    with pytest.raises(DownloadError, match="there is no such model"):
        fetch_model("no/model", tmp_path / "b")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(DownloadError, match="has to be asked for and granted") as caught:
        fetch_model("closed/model", tmp_path / "c")
    assert f"{hub.url}/closed/model" in caught.value.hint
    assert TOKEN not in str(caught.value)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_what_is_no_model_says_so(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="no vision model"):
        fetch_model("text/model", tmp_path / "a")
    with pytest.raises(DownloadError, match=r"neither model\.safetensors nor pytorch_model\.bin"):
        fetch_model("empty/model", tmp_path / "b")


def test_bytes_that_are_not_those_the_hub_states_are_refused(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="SHA-256"):
        fetch_model("other/model", tmp_path)
    assert not (tmp_path / "model.safetensors").exists()


def test_without_network_the_message_says_where_to_put_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURVDASH_HUB_URL", "http://127.0.0.1:9")  # nobody listens on port 9
    settings.cache_clear()
    with pytest.raises(DownloadError, match="could not be fetched") as caught:
        fetch_model("open/model", tmp_path / "a")
    assert str(tmp_path / "a") in caught.value.hint
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "config.json").write_bytes(CONFIG)
    (tmp_path / "a" / "model.safetensors").write_bytes(WEIGHTS)
    assert fetch_model("open/model", tmp_path / "a").read_bytes() == WEIGHTS


def test_a_token_is_never_sent_over_a_plain_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    from survdash.sources.model_hub import _token

    monkeypatch.setenv("HF_TOKEN", TOKEN)
    for address, sent in (("http://hub.example.org", ""), ("https://hub.example.org", TOKEN)):
        monkeypatch.setenv("SURVDASH_HUB_URL", address)
        settings.cache_clear()
        assert _token() == sent
