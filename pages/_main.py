"""Frame of every page: language, navigation, banner, start-up work; run by ``app.py`` before the page itself.

Nothing that can fail stands before ``st.navigation``.
"""

from __future__ import annotations

import streamlit as st

from survdash.language import tr
from survdash.ui.language_switch import settle_language

settle_language()
page = st.navigation(
    [
        st.Page("home.py", title=tr("Home"), icon=":material/home:", default=True),
        st.Page("cohort.py", title=tr("Cohort"), icon=":material/groups:"),
        st.Page("patient.py", title=tr("Patient"), icon=":material/person:"),
        st.Page("new_case.py", title=tr("New case"), icon=":material/add_circle:"),
        st.Page("compare.py", title=tr("Compare"), icon=":material/leaderboard:"),
        st.Page("models.py", title=tr("Models & data"), icon=":material/inventory_2:"),
        st.Page("import_cohort.py", title=tr("Import"), icon=":material/upload_file:"),
        st.Page("help.py", title=tr("Help"), icon=":material/help:"),
        # Reached from a cohort's card; the menu names what one starts with.
        st.Page("contents.py", title=tr("What is in a cohort"), icon=":material/fact_check:", visibility="hidden"),
    ],
    position="top",
)
st.set_page_config(page_title=f"{page.title} · survdash", page_icon=":material/monitoring:", layout="wide")

from survdash.ui.banner import show_banner  # noqa: E402  after st.navigation, see above
from survdash.ui.error_box import error_box  # noqa: E402
from survdash.ui.sign_in import may_enter  # noqa: E402
from survdash.ui.startup import start_once  # noqa: E402

show_banner()
with error_box():
    start_once()
if may_enter():
    page.run()
