"""A part of the page that fails leaves the others standing."""

from __future__ import annotations

from tests.page_drawing import app_of

SCRIPT = """
import streamlit as st
from survdash import usecases
from survdash.errors import SlideError
from survdash.ui.patient_view import SeenPatient, show_patient

def fail():
    raise SlideError("This part fails.", hint="On purpose.")

show_patient(SeenPatient(
    prediction=usecases.stored_prediction("demo", "{run}", "SIM-0001"), run="{run}", model_title="A model",
    analysis=usecases.analyse_cohort("demo", "{run}"), glance=None, explanation=None, explain=fail, slides=fail,
), page="test")
"""


def test_an_explanation_that_fails_leaves_answer_what_if_and_inputs(demo: str) -> None:
    page = app_of(SCRIPT.format(run="glg-genes")).run()
    assert not page.exception
    (box,) = page.error
    assert "This part fails" in box.value
    assert "Of 100 patients" in " ".join(one.value for one in page.header)
    headers = [one.value for one in page.header]
    assert headers[1:] == ["Tissue and genes", "What if"]
    assert any(one.label == "Everything that went in" for one in page.expander)
