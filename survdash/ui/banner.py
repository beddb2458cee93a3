"""The line that stands on every page."""

from __future__ import annotations

import streamlit as st

from survdash.artefact import INTENDED_USE
from survdash.language import tr
from survdash.ui.job_memory import keep_jobs_script
from survdash.ui.language_switch import show_switch, tell_browser

# Links show no focus by themselves, and the colours of code and JSON are too pale for small letters.
SEEN_BY_ALL = """<style>
a:focus-visible { outline: 3px solid currentColor !important; outline-offset: 2px; border-radius: 4px; }
[data-testid="stHeading"] h1 { padding: 0 0 0.5rem; }
[class*="_checks"] ul { list-style: none; padding-left: 0; margin: 0 0 1rem; }
[class*="_checks"] li { margin: 0 0 0.4rem; padding: 0; }
[class*="_finding"] h2 { font-size: 1.75rem; padding: 0.5rem 0; }
[data-testid="stCode"] .token, [data-testid="stJson"] .variable-value * { color: inherit !important; }
</style>"""
# Streamlit writes white on the primary colour: 3 to 1 on the light blue that stands out from the dark page.
DARK_WORDS = """<style>
[data-testid="stBaseButton-primary"]:not(:disabled), [data-testid="stBaseButton-primaryFormSubmit"]:not(:disabled)
{ color: #080C12; }
</style>"""


def show_banner() -> None:
    """Say on every page what this program is not for, and offer its languages."""
    st.html(SEEN_BY_ALL)
    if st.context.theme.type == "dark":
        st.html(DARK_WORDS)
    with st.container(key="banner", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f":material/science: **{tr(INTENDED_USE)}**", width="content")
        show_switch()
    tell_browser(also=keep_jobs_script())


def show_simulated(*, simulated: bool, label: str = "") -> None:
    """Mark a cohort, or a model trained on it, of patients that never lived; nothing for real ones."""
    if simulated:
        st.badge(label or tr("Simulated patients"), icon=":material/robot_2:", color="orange",
                 help=tr("Drawn by a program to try the dashboard. No person stands behind any of these numbers."))
