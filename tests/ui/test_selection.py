"""Which cohort and model: simulated ones are named so, none at all is told with what to do."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from survdash.ui import caching
from survdash.ui.selection import model_help


def script():
    import streamlit as st

    from survdash.ui.error_box import error_box
    from survdash.ui.selection import pick_cohort, pick_run

    with error_box():
        cohort = pick_cohort(page="p")
        st.text(cohort.name)
        st.text(pick_run(cohort, page="p").name)


def test_the_demo_is_offered_as_simulated_with_the_recommended_model_first(demo):
    page = AppTest.from_function(script).run()
    assert [text.value for text in page.text] == [demo, caching.runs(demo)[0].name]
    assert "simulated" in page.selectbox[0].options[0].lower()


def test_the_help_says_that_the_recommended_model_may_not_be_the_best(demo):
    runs = caching.runs(demo)
    best = max(runs, key=lambda run: run.cindex_mean)
    words = model_help(runs)
    assert "not necessarily the best" in words
    assert (f"{best.cindex_mean:.2f}" in words) == (best is not runs[0])
    assert AppTest.from_function(script).run().selectbox[1].help == words


@pytest.mark.parametrize(("loader", "words"), [("cohorts", "No cohort is on this"), ("runs", "No model has been")])
def test_an_empty_shelf_says_how_to_fill_it(demo, monkeypatch, loader, words):
    monkeypatch.setattr(caching, loader, lambda *_: [])
    st.cache_resource.clear()
    (box,) = AppTest.from_function(script).run().error
    assert words in box.value
    assert "survdash crossval" in box.value.replace("\\", "") or "Page 'Import'" in box.value
