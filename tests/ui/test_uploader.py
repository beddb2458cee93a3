"""What the browser is handed: where to send, what for, and the words; sending itself: ``tests/browser``."""

from __future__ import annotations

import json

from survdash.session_token import read_grant
from survdash.ui import arrival
from survdash.ui.upload import new_upload
from survdash.ui.upload_route import PURPOSE
from tests.page_drawing import app_of


def script(identifier):
    from survdash.ui.upload import open_upload
    from survdash.ui.uploader import show_uploader

    upload = open_upload(identifier) if identifier else None
    show_uploader(upload, ("slide", "slide2"), key="one")


def handed(page):
    (element,) = page.get("bidi_component")
    return json.loads(element.proto.json)


def test_each_free_part_has_a_grant_of_its_own(data_dir):
    data = handed(app_of(script, args=("",)).run())
    subjects = [read_grant(slot["grant"], purpose=PURPOSE) for slot in data["slots"]]
    assert [subject.split("/")[1] for subject in subjects] == ["slide", "slide2"]
    assert len({subject.partition("/")[0] for subject in subjects}) == 1
    assert data["address"] == "/take_in"
    assert data["limit"] == 4e9
    assert data["resume"] == ""


def test_half_a_file_is_named_so_that_it_can_be_gone_on_with(data_dir):
    upload = new_upload()
    arrival.begin(upload.identifier, "slide", name="<b>.svs", size=2_000_000, mark="m")
    data = handed(app_of(script, args=(upload.identifier,)).run())
    assert "0 bytes of 2.0 MB of <b>.svs are here" in data["resume"]
