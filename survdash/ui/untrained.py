"""A cohort on which no model has been trained: no fault, so the page says what is there and how to get a model."""

from __future__ import annotations

import streamlit as st

from survdash import usecases
from survdash.language import tr
from survdash.retelling import retell
from survdash.ui import caching
from survdash.ui.prose import escape


def need_model(cohort: usecases.CohortEntry) -> None:
    """End the page here, with the ways on, where the cohort has no model; nothing where it has one."""
    if caching.runs(cohort.name):
        return
    st.info(tr("No model has been trained on {cohort} yet, so nothing can be predicted.",
               cohort=escape(retell(cohort.title))), icon=":material/model_training:")  # fmt: skip
    show_training(cohort)
    st.page_link("contents.py", label=tr("What is in it"), icon=":material/fact_check:",
                 query_params={"cohort": cohort.name})  # fmt: skip
    st.stop()


def show_training(cohort: usecases.CohortEntry) -> None:
    """How a model comes to be: on the page of methods, or by command."""
    st.page_link("models.py", label=tr("Choose a method and train it"), icon=":material/model_training:",
                 query_params={"cohort": cohort.name})  # fmt: skip
    st.code(f"python -m survdash crossval {cohort.name} --model default", language="shell", wrap_lines=True)
