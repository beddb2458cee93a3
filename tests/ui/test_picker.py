"""Pickers: the address decides, a change goes into the address, a stale name is told."""

from __future__ import annotations

from tests.page_drawing import app_of


def script():
    import streamlit as st

    from survdash.ui.error_box import error_box
    from survdash.ui.picker import pick

    with error_box():
        cohort = pick("Cohort", ["blca", "demo"], page="p", parameter="cohort", drops=("case",))
        case = pick("Case", [f"{cohort}-1", f"{cohort}-2"], page="p", parameter="case", default=f"{cohort}-2")
        st.text(case)


def run(**address):
    page = app_of(script)
    page.query_params.update(address)
    return page.run()


def test_without_an_address_the_defaults_are_chosen_and_can_be_bookmarked():
    page = run()
    assert page.text[0].value == "blca-2"
    assert page.query_params["cohort"] == "blca"
    assert page.query_params["case"] == "blca-2"


def test_the_address_decides():
    assert run(cohort="demo", case="demo-1").text[0].value == "demo-1"


def test_a_choice_goes_into_the_address_and_drops_what_hung_on_the_old_one():
    page = run(cohort="demo", case="demo-1")
    page.selectbox(key="p.cohort").set_value("blca").run()
    assert page.query_params["cohort"] == "blca"
    assert page.text[0].value == "blca-2"


def test_a_name_that_is_not_there_is_told_and_another_can_be_chosen():
    page = run(cohort="gone")
    assert "There is no cohort called 'gone' here" in page.error[0].value.replace("\\", "")
    assert not page.text
    page.selectbox(key="p.cohort").set_value("demo").run()
    assert not page.error
    assert page.text[0].value == "demo-2"


def test_going_back_in_the_browser_changes_the_choice():
    page = run(cohort="demo")
    page.query_params["cohort"] = "blca"
    page.query_params["case"] = "blca-1"
    assert page.run().text[0].value == "blca-1"
