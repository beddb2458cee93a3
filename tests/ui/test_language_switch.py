"""The language comes from the address, an earlier choice, the browser's memory, or what the browser asks for."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from survdash.ui import language_switch
from survdash.ui.language_switch import MEMORY, PARAMETER, WIDGET
from tests.page_drawing import app_of


def script():
    import streamlit as st

    from survdash.language import language
    from survdash.ui.language_switch import settle_language, show_switch

    settle_language()
    show_switch()
    st.text(language())

    @st.fragment
    def later():
        st.button("again")
        st.text(language())

    later()


def spoken(page: AppTest) -> list[str]:
    return [text.value for text in page.text]


def test_english_without_a_wish():
    assert spoken(app_of(script).run()) == ["en", "en"]


def test_the_address_counts_and_the_choice_stays_without_it():
    page = app_of(script)
    page.query_params[PARAMETER] = "zh"
    assert spoken(page.run()) == ["zh", "zh"]
    page.query_params.clear()
    assert spoken(page.run()) == ["zh", "zh"]


def test_an_unknown_language_in_the_address_is_passed_over():
    page = app_of(script)
    page.query_params[PARAMETER] = "'; alert(1); '"
    assert spoken(page.run()) == ["en", "en"]
    assert not page.exception


def test_the_switch_counts_more_than_an_old_address():
    page = app_of(script)
    page.query_params[PARAMETER] = "zh"
    page.run()
    page.button_group(key=WIDGET).set_value("en").run()
    assert spoken(page) == ["en", "en"]
    assert PARAMETER not in page.query_params


@pytest.mark.parametrize(("locale", "kept", "wanted"), [
    ("zh-CN", None, "zh"), ("zh-TW", "en", "en"), ("en-US", "zh", "zh"), ("de-DE", "xx", "en"), (None, None, "en"),
])
def test_the_first_guess_is_the_browsers(monkeypatch, locale, kept, wanted):
    class Context:
        pass

    Context.locale = locale
    monkeypatch.setattr(language_switch.st, "context", Context)
    monkeypatch.setattr(language_switch, "recall", lambda name: kept)
    assert language_switch._first_guess() == wanted


def test_without_a_session_it_is_english():
    assert language_switch._of_session() == "en"
    assert MEMORY not in language_switch.st.session_state
