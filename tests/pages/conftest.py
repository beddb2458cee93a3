"""The pages as a session sees them, over the shipped demo cohort; no browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from survdash.settings import SHIPPED_MODELS
from tests.conftest import REPOSITORY
from tests.page_drawing import app_in

Open = Callable[..., AppTest]


@pytest.fixture
def demo_is_here() -> None:
    """Skip where the shipped cohort is not."""
    if not (SHIPPED_MODELS / "demo" / "cohort.json").is_file():
        pytest.skip("the demo cohort is not here; make it: python -m survdash make-demo")


@pytest.fixture
def open_page(demo_is_here: None, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page as its address would; the queue has no worker, so that a test sees what a page files."""
    monkeypatch.setenv("SURVDASH_START_WORKER", "false")
    monkeypatch.chdir(REPOSITORY)
    st.cache_resource.clear()

    def open_page(name: str, **address: str) -> AppTest:
        page = app_in(REPOSITORY / "pages" / "_main.py")
        page.query_params.update(address)
        if name != "home":
            page.switch_page(f"{name}.py")
        return page.run()

    return open_page
