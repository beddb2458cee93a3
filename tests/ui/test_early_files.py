"""What a page needs late is named with the page, as files that are really there."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from streamlit.file_util import get_static_dir

from survdash.ui.early_files import NAMES, EarlyFiles


def served(folder: Path) -> TestClient:
    static = StaticFiles(directory=get_static_dir(), html=True)
    return TestClient(Starlette(routes=[Mount("/", static)], middleware=[Middleware(EarlyFiles, folder=folder)]))


def test_a_page_names_files_of_this_streamlit_and_other_answers_name_none():
    client = served(Path(get_static_dir()))
    link = client.get("/").headers["link"]
    addresses = re.findall(r"<\.(/static/js/[^>]+)>; rel=modulepreload", link)
    assert [Path(address).name.split(".")[0] for address in addresses] == list(NAMES)
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200
        assert "link" not in answer.headers


def test_a_streamlit_that_is_built_otherwise_is_served_as_it_is(tmp_path):
    answer = served(tmp_path).get("/")
    assert answer.status_code == 200
    assert "link" not in answer.headers
