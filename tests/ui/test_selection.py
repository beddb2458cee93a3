"""Which cohort and model: simulated ones are named so, none at all is told with what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
import streamlit as st

from survdash import usecases
from survdash.ui import caching
from survdash.ui.selection import leader, leads_where, model_help
from tests.page_drawing import app_of


def script():
    import streamlit as st

    from survdash.ui.error_box import error_box
    from survdash.ui.selection import pick_cohort, pick_run

    with error_box():
        cohort = pick_cohort(page="p")
        st.text(cohort.name)
        st.text(pick_run(cohort, page="p").name)


def test_the_demo_is_offered_as_simulated_with_the_recommended_model_first(demo):
    page = app_of(script).run()
    assert [text.value for text in page.text] == [demo, caching.runs(demo)[0].name]
    assert "simulated" in page.selectbox[0].options[0].lower()


def test_the_help_says_that_the_recommended_model_may_not_be_the_best(demo):
    runs = caching.runs(demo)
    best = max(runs, key=lambda run: run.cindex_mean)
    words = model_help(runs)
    assert "not necessarily the best" in words
    assert (f"{best.cindex_mean:.2f}" in words) == (best is not runs[0])
    assert app_of(script).run().selectbox[1].help == words


def test_who_leads_is_told_among_runs_on_the_same_patients_and_folds(demo):
    first, second, third, *_ = (replace(run, cindex_mean=0.6) for run in caching.runs(demo))
    best = replace(second, cindex_mean=0.7)
    fewer, other_folds = (replace(third, cindex_mean=0.9, judged_on=judged) for judged in ((50,), (200, 5, False, 0)))
    assert leader([first, best]) is best
    assert leads_where([first, best]) == "here"
    for unlike in (fewer, other_folds):
        assert leader([first, unlike, best]) is best
        assert "on the same patients and folds" in model_help([first, unlike, best])
        assert leader([unlike, first, best]) is unlike


def test_runs_on_made_folds_are_not_judged_as_those_on_the_given(demo, data_dir):
    given = {run.judged_on for run in usecases.list_runs(demo)}
    cohort = usecases.open_cohort(demo)
    for made in ({"made_folds": 2}, {"made_folds": 2, "by_site": True}, {"made_folds": 3}):
        usecases.crossval(cohort, usecases.make_recipe(cohort, model="cox_clinical", **made))
    assert len(given) == 1
    assert len({run.judged_on for run in usecases.list_runs(demo)}) == 4


@pytest.mark.parametrize(("loader", "words"), [("cohorts", "No cohort is on this"), ("runs", "No model has been")])
def test_an_empty_shelf_says_how_to_fill_it(demo, monkeypatch, loader, words):
    monkeypatch.setattr(caching, loader, lambda *_: [])
    st.cache_resource.clear()
    (box,) = app_of(script).run().error
    assert words in box.value
    assert "survdash crossval" in box.value.replace("\\", "") or "Page 'Import'" in box.value
