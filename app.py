"""Start of the dashboard: ``streamlit run app.py``.

The frame of the pages is ``pages/_main.py`` and not this file: beside a script Streamlit takes a folder ``pages/`` for
its own old kind of pages, and the first visitor of a new server who opens an address other than ``/`` would get the
page without frame, banner and start-up.
"""

from __future__ import annotations

import streamlit as st

# What every page needs is imported before the server says that it is healthy, so that no visitor waits for it.
import survdash.figures.comparison
import survdash.figures.risk
import survdash.ui.prediction_view  # noqa: F401
from survdash.ui.probe_routes import probe_routes
from survdash.ui.sign_in import guarded
from survdash.ui.slide_routes import viewer_routes
from survdash.ui.startup import warm_up
from survdash.ui.upload_route import upload_route

BASE = st.get_option("server.baseUrlPath") or ""

app = st.App("pages/_main.py", routes=[*probe_routes(), *guarded([upload_route(BASE), *viewer_routes(BASE)])])
warm_up()
