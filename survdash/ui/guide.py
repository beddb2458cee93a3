"""The guide for a first visit: four steps on the demo cohort, on one screen, gone once it was sent away."""

from __future__ import annotations

import streamlit as st

from survdash.language import later, tr
from survdash.ui.browser_memory import recall, remember_script, run_script

MEMORY = "guide"
SEEN = "seen"
GONE = "ui.guide_gone"
DEMO = "demo"
STEPS = (  # page, icon, title, what one sees there
    ("cohort.py", "groups", later("Look at the demo cohort"), later(
        "200 simulated patients. Low and high risk part in one figure; below it stand how sure that is, and a table of "
        "all patients.")),
    ("patient.py", "person", later("Open one patient"), later(
        "The predicted curve before the cohort's groups, in words and numbers, and what it rests on.")),
    ("new_case.py", "add_circle", later("Predict a new case"), later(
        "A slide, a gene table, or both. There is a sample case to download and try; you see what is checked before "
        "work starts.")),
    ("compare.py", "leaderboard", later("Compare the models"), later(
        "All methods on the same patients, with what may be chance marked as such.")),
)  # fmt: skip


def show_guide() -> None:
    """Draw the guide unless this browser, or this window, has sent it away."""
    if st.session_state.get(GONE):
        run_script(remember_script(MEMORY, SEEN))
        return
    if recall(MEMORY) == SEEN:
        return
    with st.container(border=True, key="guide"):
        show_steps()
        st.button(tr("Got it, do not show this again"), key="guide.gone", icon=":material/check:", on_click=_send_away)


def show_steps() -> None:
    """Draw the four steps side by side, each with a link into the demo cohort."""
    st.markdown(f"**{tr('New here? Four steps, two minutes, no patient of yours needed.')}**")
    for number, (column, (page, icon, title, words)) in enumerate(zip(st.columns(4), STEPS, strict=True), start=1):
        with column:
            st.page_link(page, label=f"{number}. {tr(title)}", icon=f":material/{icon}:",
                         query_params={"cohort": DEMO})  # fmt: skip
            st.caption(tr(words))


def _send_away() -> None:
    st.session_state[GONE] = True
