"""The box: a user's fault is explained, ours is numbered, nothing of the data is shown or logged."""

from __future__ import annotations

import logging
import re

from tests.page_drawing import app_of

SECRET = "patient Jane Doe, row 7"


def script(kind, secret):
    import streamlit as st

    from survdash.errors import Cancelled, GeneError
    from survdash.ui.error_box import error_box

    with error_box():
        if kind == "ours":
            raise ValueError(secret)
        if kind == "theirs":
            raise GeneError("Column *TP53_x* is :red[unknown].", hint="Rename it.")
        if kind == "stopped":
            raise Cancelled("Stopped at tile 7.")
        if kind == "rerun" and not st.session_state.get("again"):
            st.session_state["again"] = True
            st.rerun()
    st.text("the rest of the page")


def run(kind):
    page = app_of(script, args=(kind, SECRET)).run()
    assert not page.exception
    assert page.text[0].value == "the rest of the page"
    return page


def test_a_mistake_of_the_user_is_explained_letter_by_letter():
    (box,) = run("theirs").error
    assert re.sub(r"\\(.)", r"\1", box.value) == "Column *TP53_x* is :red[unknown].\n\nRename it."
    assert "\\*TP53" in box.value  # no markup from a file


def test_our_own_mistake_shows_a_number_that_stands_in_the_log_and_no_data(caplog):
    with caplog.at_level(logging.ERROR):
        (box,) = run("ours").error
    entry = re.search(r"log entry ([0-9a-f]{8})", box.value.replace("\\", ""))
    assert entry is not None
    assert entry[1] in caplog.text
    assert "in script" in caplog.text  # the place
    assert "Jane" not in box.value + caplog.text


def test_a_cancelled_job_is_no_fault():
    page = run("stopped")
    assert not page.error
    assert page.info[0].value == "Stopped at tile 7\\."


def test_streamlits_own_signals_pass():
    assert not run("rerun").error
