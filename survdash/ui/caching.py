"""Cached loaders: what is stored is read once per content, shared by all visitors, read-only by convention.

Keys are names and digests, never arrays: Streamlit hashes a large array from a sample of it, so two could collide.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.usecases.analysis import Cut

KEPT = 24
LIST_SECONDS = 10.0  # how long a newly imported cohort may stay unseen


@st.cache_resource(ttl=LIST_SECONDS, show_spinner=False)
def cohorts() -> list[usecases.CohortEntry]:
    """The cohorts of this machine."""
    return usecases.list_cohorts()


@st.cache_resource(ttl=LIST_SECONDS, show_spinner=False)
def runs(cohort: str) -> list[usecases.RunEntry]:
    """The models evaluated on a cohort, the recommended one first."""
    return usecases.list_runs(cohort)


@st.cache_resource(max_entries=KEPT, show_spinner="Computing the statistics of this cohort …")
def _analysis(cohort: str, run: str, version: object, cut: Cut) -> usecases.CohortAnalysis:
    return usecases.analyse_cohort(cohort, run, cut=cut)


def analysis(cohort: str, run: str, *, cut: Cut = "maxstat") -> usecases.CohortAnalysis:
    """Statistics of a cohort under one model's out-of-fold risks; computed once for each version of the model."""
    versions = {entry.name: entry.card["version"] for entry in runs(cohort)}
    return _analysis(cohort, run, versions.get(run), cut)


@st.cache_resource(ttl=LIST_SECONDS * 6, show_spinner="Comparing the methods patient by patient …")
def comparison(cohort: str) -> pd.DataFrame:
    """All methods of a cohort side by side."""
    return usecases.compare_models(cohort)


@st.cache_resource(ttl=LIST_SECONDS, show_spinner=False)
def models() -> list[dict[str, Any]]:
    """The cards of all trained models of this machine."""
    return usecases.list_models()
