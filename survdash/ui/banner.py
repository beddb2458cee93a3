"""The line that stands on every page."""

from __future__ import annotations

import streamlit as st

from survdash.artefact import INTENDED_USE


def show_banner() -> None:
    """Say on every page what this program is not for."""
    with st.container(key="banner"):
        st.caption(f":material/science: **{INTENDED_USE}**")


def show_simulated(*, simulated: bool, label: str = "Simulated patients") -> None:
    """Mark a cohort, or a model trained on it, of patients that never lived; nothing for real ones."""
    if simulated:
        st.badge(label, icon=":material/robot_2:", color="orange",
                 help="Drawn by a program to try the dashboard. No person stands behind any of these numbers.")
