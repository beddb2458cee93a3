"""What the rooms of the pages' shared parts need: the demo cohort."""

from __future__ import annotations

import pytest
import streamlit as st

from survdash.settings import SHIPPED_MODELS
from survdash.ui import upload_address


@pytest.fixture
def demo() -> str:
    """Name of the shipped cohort."""
    if not (SHIPPED_MODELS / "demo" / "cohort.json").is_file():
        pytest.skip("the demo cohort is not here; make it: python -m survdash make-demo")
    st.cache_resource.clear()
    return "demo"


@pytest.fixture(autouse=True)
def patient_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address counts as new for as long as a test takes: a busy machine must not fail it."""
    monkeypatch.setattr(upload_address, "SETTLE_SECONDS", 600.0)
