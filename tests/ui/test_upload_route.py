"""The upload's address: only who was granted, only from the own page; what is refused says why."""

from __future__ import annotations

import json

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from survdash.session_token import make_grant
from survdash.ui import upload_route as door
from survdash.ui.upload import new_identifier, open_upload, uploads_folder

HEAD = b"II*\0"


@pytest.fixture
def client(data_dir):
    return TestClient(Starlette(routes=[door.upload_route("/dash/")]), base_url="http://survdash.test")


def ask(client, method, content=b"", *, grant, **headers):
    return client.request(method, "/dash/take_in", content=content, headers={"X-Survdash-Grant": grant, **headers})


def announce(client, grant, size, name="a.svs"):
    return ask(client, "POST", json.dumps({"name": name, "size": size, "mark": "m"}).encode(), grant=grant)


def test_a_file_comes_in_pieces_and_every_answer_renews_the_grant(client):
    identifier = new_identifier()
    grant = door.grant_for(identifier, "slide2")
    content = HEAD + bytes(range(256)) * 20_000  # more than is gathered before the disk is asked
    begun = announce(client, grant, len(content)).json()
    assert (begun["offset"], begun["done"]) == (0, False)
    assert begun["grant"] != grant
    offset = 0
    while offset < len(content):
        piece = content[offset : offset + 2_000_000]
        answer = ask(client, "PUT", piece, grant=begun["grant"], **{"X-Survdash-Offset": str(offset)})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        offset = answer.json()["offset"]
    assert answer.json()["done"]
    assert open_upload(identifier).files["slide2"].read_bytes() == content


@pytest.mark.parametrize(
    "grant", ["", "nonsense", "made for tiles", "ended"],
)  # fmt: skip
def test_without_a_grant_nothing_is_written(client, grant):
    made = {"made for tiles": make_grant("tiles", "x/slide"),
            "ended": make_grant(door.PURPOSE, f"{new_identifier()}/slide", seconds=-1)}  # fmt: skip
    for method in ("POST", "PUT", "DELETE"):
        answer = ask(client, method, b"{}", grant=made.get(grant, grant))
        assert answer.status_code == 403
        assert answer.json()["hint"]
    assert list(uploads_folder().iterdir()) == []


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_is_refused_even_with_a_grant(client, headers):
    grant = door.grant_for(new_identifier(), "slide")
    said = json.dumps({"name": "a.svs", "size": 10, "mark": "m"}).encode()
    assert ask(client, "POST", said, grant=grant, **headers).status_code == 403
    assert ask(client, "POST", said, grant=grant, Origin="http://survdash.test").status_code == 200


@pytest.mark.parametrize("said", [b"", b"[]", b"{}", b"{" * 5000, b'{"name":"a.svs","size":"x","mark":""}',
                                  b'{"name":"a.svs","size":1e999,"mark":""}'])  # fmt: skip
def test_what_is_no_announcement_is_told(client, said):
    answer = ask(client, "POST", said, grant=door.grant_for(new_identifier(), "slide"))
    assert answer.status_code == 422
    assert list(uploads_folder().iterdir()) == []


def test_a_piece_out_of_place_is_told_to_ask_and_a_refused_file_is_gone(client):
    identifier = new_identifier()
    grant = door.grant_for(identifier, "slide")
    assert ask(client, "PUT", HEAD, grant=grant, **{"X-Survdash-Offset": "0"}).status_code == 422  # nothing was said
    announce(client, grant, 100)
    assert ask(client, "PUT", HEAD, grant=grant, **{"X-Survdash-Offset": "7"}).status_code == 409
    assert ask(client, "PUT", HEAD, grant=grant).status_code == 422
    answer = ask(client, "PUT", b"<html>", grant=grant, **{"X-Survdash-Offset": "0"})
    assert (answer.status_code, answer.json()["message"][:17]) == (422, "a.svs is no slide")
    assert list(uploads_folder().iterdir()) == []


def test_cancel_deletes_what_has_come(client):
    identifier = new_identifier()
    grant = door.grant_for(identifier, "slide")
    announce(client, grant, 100)
    ask(client, "PUT", HEAD, grant=grant, **{"X-Survdash-Offset": "0"})
    assert ask(client, "DELETE", grant=grant).status_code == 200
    assert list(uploads_folder().iterdir()) == []


@pytest.mark.parametrize(("path", "found"), [("", ""), ("/", ""), ("dash", "/dash"), ("/a/b/", "/a/b")])
def test_the_base_path(path, found):
    assert door.base(path) == found
