"""Where a cohort has no model, the page ends with the ways on; where it has one, it goes on."""

from __future__ import annotations

from dataclasses import replace

from streamlit.testing.v1 import AppTest

from survdash import usecases


def script(entry):
    import streamlit as st

    from survdash.ui.untrained import need_model

    need_model(entry)
    st.text("it goes on")


def test_the_page_ends_only_where_there_is_no_model(demo, data_dir):
    entry = next(one for one in usecases.list_cohorts() if one.name == demo)
    assert AppTest.from_function(script, args=(entry,)).run().text[0].value == "it goes on"
    page = AppTest.from_function(script, args=(replace(entry, name="bare", title="Bare_"),)).run()
    assert not page.text
    assert "No model has been trained on Bare" in page.info[0].value
