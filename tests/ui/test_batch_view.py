"""A finished batch: one case by the address, and a safe table (the whole page: ``tests/pages/test_new_case.py``)."""

from __future__ import annotations

import pytest

from survdash import usecases
from survdash.simulation.sample_case import sample_case
from tests.page_drawing import app_of


def script(genes, case):
    from pathlib import Path

    import streamlit as st

    from survdash import usecases
    from survdash.ui.batch_view import case_of_address
    from survdash.ui.error_box import error_box

    if case:
        st.query_params["case"] = case
    made = usecases.predict(usecases.PredictRequest(genes=Path(genes), case_id="=B"))
    failed = usecases.CaseOutcome(case_id="C", message="C is broken.", hint="Mend it.")
    outcomes = [usecases.CaseOutcome(case_id="=B", prediction=made), failed]
    with error_box():
        chosen = case_of_address(outcomes)
        st.text("none" if chosen is None else chosen.case_id)


@pytest.fixture
def open_view(demo, tmp_path):
    genes = str(sample_case(tmp_path)[1])
    return lambda case: app_of(script, args=(genes, case)).run()


def test_an_address_opens_the_case_it_names_and_no_other(open_view):
    assert open_view("C").text[0].value == "C"
    page = open_view("<b>")
    assert "No patient of this table is called '<b>'" in page.error[0].value.replace("\\", "")


def test_the_export_is_safe_for_a_spreadsheet(tmp_path):
    made = usecases.predict(usecases.PredictRequest(genes=sample_case(tmp_path)[1], case_id="=B"))
    outcomes = [usecases.CaseOutcome(case_id="=B", prediction=made)]
    assert usecases.batch_export(outcomes).csv.splitlines()[1].startswith("'=B,")
