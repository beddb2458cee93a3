"""Start of the dashboard: page frame, start-up work, navigation; nothing else.

Run with ``streamlit run app.py``. Nothing that can fail stands before ``st.navigation``: without it Streamlit would
list the files of ``pages/`` by itself.
"""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="survdash", page_icon=":material/monitoring:", layout="wide")
page = st.navigation(
    [
        st.Page("pages/home.py", title="Home", icon=":material/home:", default=True),
        st.Page("pages/cohort.py", title="Cohort", icon=":material/groups:"),
        st.Page("pages/patient.py", title="Patient", icon=":material/person:"),
        st.Page("pages/new_case.py", title="New case", icon=":material/add_circle:"),
        st.Page("pages/compare.py", title="Compare", icon=":material/leaderboard:"),
        st.Page("pages/models.py", title="Models & data", icon=":material/inventory_2:"),
    ]
)

from survdash.ui.banner import show_banner  # noqa: E402  after st.navigation, see above
from survdash.ui.error_box import error_box  # noqa: E402
from survdash.ui.startup import start_once  # noqa: E402

show_banner()
with error_box():
    start_once()
page.run()
