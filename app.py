"""Start of the dashboard: ``streamlit run app.py``.

The frame of the pages is ``pages/_main.py`` and not this file: beside a script Streamlit takes a folder ``pages/`` for
its own old kind of pages, and the first visitor of a new server who opens an address other than ``/`` would get the
page without frame, banner and start-up.
"""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from survdash.ui.early_files import EarlyFiles
from survdash.ui.probe_routes import probe_routes
from survdash.ui.sign_in import guarded
from survdash.ui.slide_routes import viewer_routes
from survdash.ui.startup import warm_up
from survdash.ui.upload_route import upload_route

BASE = st.get_option("server.baseUrlPath") or ""

app = st.App("pages/_main.py", routes=[*probe_routes(), *guarded([upload_route(BASE), *viewer_routes(BASE)])],
             middleware=[Middleware(EarlyFiles)])  # fmt: skip
warm_up()
