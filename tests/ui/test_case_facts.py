"""The model and the facts of a new case: only models that the files suffice for, the stage only where it is read."""

from __future__ import annotations

from tests.page_drawing import app_of


def script(given):
    from pathlib import Path

    import streamlit as st

    from survdash import usecases
    from survdash.ui.case_facts import ask_model_and_facts
    from survdash.ui.upload import Upload

    cohort = next(one for one in usecases.list_cohorts() if one.name == "blca")
    files = {part: Path(part) for part in given}
    upload = Upload(folder=Path(), files=files, names={}, job="") if given else None
    asked = ask_model_and_facts(cohort, upload, page="new_case")
    st.text(f"{asked.run} {asked.reads} {asked.facts}")


def shown(*given):
    return app_of(script, args=(given,)).run()


def test_the_facts_that_are_given_are_handed_on(data_dir):
    page = shown("genes")
    page.number_input(key="new_case.age").set_value(61.0)
    page.selectbox(key="new_case.sex").select("female")
    page.selectbox(key="new_case.stage").select("II").run()
    assert page.text[0].value == "glg_linear ('genes', 'clinical') {'age': 61.0, 'sex': 'female', 'stage': 'II'}"


def test_no_model_is_offered_that_the_files_do_not_suffice_for(data_dir):
    page = shown("slide")
    assert page.selectbox(key="new_case.run_slide").options == ["Clinical Cox"]
    assert shown().selectbox(key="new_case.run_").options[1:]
