"""The number of an upload between the page that writes it into the address and the browser that learns of it."""

from __future__ import annotations

from survdash.ui import upload_address
from survdash.ui.upload import new_upload
from tests.page_drawing import app_of


def script(number):
    import streamlit as st

    from survdash.ui.upload_address import forget_upload, name_upload, named_upload

    if st.button("name"):
        name_upload(number, page="one")
    if st.button("forget"):
        forget_upload("one")
    st.text(f"{named_upload('one')} {named_upload('two')}")


def test_what_was_named_a_moment_ago_counts_for_its_own_form_until_the_browser_must_know(monkeypatch):
    number = new_upload().identifier
    page = app_of(script, args=(number,)).run()
    assert page.text[0].value == "None None"
    page.button[0].click().run()
    assert page.query_params["upload"] == number
    del page.query_params["upload"]  # as the browser's next event has it, which was on its way
    assert page.run().text[0].value == f"{number} None"
    page.query_params["upload"] = "another"  # an address that has one is what counts
    assert page.run().text[0].value == "another another"
    del page.query_params["upload"]
    monkeypatch.setattr(upload_address, "SETTLE_SECONDS", 0.0)
    assert page.run().text[0].value == "None None"


def test_what_is_forgotten_is_not_remembered():
    page = app_of(script, args=(new_upload().identifier,)).run()
    page.button[0].click().run()
    page.button[1].click().run()
    assert "upload" not in page.query_params
    assert page.text[0].value == "None None"
