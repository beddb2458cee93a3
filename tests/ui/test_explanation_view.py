"""The section "Why" as a page draws it."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest


def script(run: str) -> str:
    return f"""
from survdash.ui.explanation_view import show_explanation
from survdash.usecases.explaining import explain_patient
show_explanation(explain_patient("demo", "{run}", "SIM-0001"), page="test")
"""


def test_parts_ledger_genes_tiles_and_like_patients_are_drawn(data_dir: Path) -> None:
    page = AppTest.from_string(script("glg"), default_timeout=60).run()
    assert not page.exception
    titles = " ".join(one.value for one in page.markdown)
    for words in ("What the risk is made of", "What each part says alone", "What the gene groups add",
                  "Tissue that carries the answer", "Patients like this one"):  # fmt: skip
        assert words in titles
    group = page.selectbox(key="test.why_group")
    page = group.select(group.options[1]).run()
    assert not page.exception
    assert f"Tissue for {group.options[1]}" in " ".join(one.value for one in page.markdown)


def test_what_is_not_told_is_said(data_dir: Path) -> None:
    page = AppTest.from_string(script("attnmil"), default_timeout=60).run()
    assert not page.exception
    assert any("no tile explanation" in one.value for one in page.caption)
    assert not page.selectbox
