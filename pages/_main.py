"""Frame of every page: navigation, banner, start-up work; run by ``app.py`` before the page itself.

Nothing that can fail stands before ``st.navigation``.
"""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="survdash", page_icon=":material/monitoring:", layout="wide")
page = st.navigation(
    [
        st.Page("home.py", title="Home", icon=":material/home:", default=True),
        st.Page("cohort.py", title="Cohort", icon=":material/groups:"),
        st.Page("patient.py", title="Patient", icon=":material/person:"),
        st.Page("new_case.py", title="New case", icon=":material/add_circle:"),
        st.Page("compare.py", title="Compare", icon=":material/leaderboard:"),
        st.Page("models.py", title="Models & data", icon=":material/inventory_2:"),
        st.Page("import_cohort.py", title="Import", icon=":material/upload_file:"),
        # Reached from a cohort's card; the menu names what one starts with.
        st.Page("contents.py", title="What is in a cohort", icon=":material/fact_check:", visibility="hidden"),
    ],
    position="top",
)

from survdash.ui.banner import show_banner  # noqa: E402  after st.navigation, see above
from survdash.ui.error_box import error_box  # noqa: E402
from survdash.ui.startup import start_once  # noqa: E402

show_banner()
with error_box():
    start_once()
page.run()
