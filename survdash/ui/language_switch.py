"""The visitor's language: from the address, an earlier choice, or the browser; and the switch on every page."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from survdash.language import ENGLISH, LANGUAGES, TAGS, ask_for_language, language, tr, use_language
from survdash.ui.browser_memory import recall, remember_script, run_script

PARAMETER = "lang"
WIDGET = "ui.language"
MEMORY = "ui.last.language"  # the widget's own state is lost where it is not drawn
CHOSEN = "ui.language_chosen"  # by the visitor, so that the browser may keep it


def settle_language() -> None:
    """Find out which language this run of the page speaks, and speak it.

    ``?lang=zh`` counts most, then what was chosen in this window, what the browser kept, and what it asks for.
    """
    asked = st.query_params.get(PARAMETER)
    if asked in LANGUAGES:
        st.session_state[MEMORY], st.session_state[CHOSEN] = asked, True
    elif MEMORY not in st.session_state:
        st.session_state[MEMORY] = _first_guess()
    use_language(st.session_state[MEMORY])


def show_switch() -> None:
    """Draw the switch."""
    st.session_state[WIDGET] = language()
    st.segmented_control(tr("Language"), list(LANGUAGES), format_func=LANGUAGES.__getitem__, key=WIDGET,
                         label_visibility="collapsed", required=True, on_change=_choose)


def tell_browser(*, also: str = "") -> None:
    """Name the page's language, by which a screen reader chooses its voice, and let the browser keep a choice.

    ``also`` is a script of ours that runs beside it.
    """
    script = f"document.documentElement.lang = '{TAGS[language()]}';"
    if st.session_state.get(CHOSEN):
        script += remember_script("language", language())
    run_script(script + also)


def _choose() -> None:
    chosen = st.session_state[WIDGET]
    st.session_state[MEMORY], st.session_state[CHOSEN] = chosen, True
    st.query_params.pop(PARAMETER, None)  # it would count more than the switch


def _first_guess() -> str:
    kept = recall("language")
    if kept in LANGUAGES:
        return str(kept)
    wanted = (st.context.locale or ENGLISH).partition("-")[0].lower()
    return wanted if wanted in LANGUAGES else ENGLISH


def _of_session() -> str:
    if get_script_run_ctx(suppress_warning=True) is None:
        return ENGLISH
    return str(st.session_state.get(MEMORY, ENGLISH))


ask_for_language(_of_session)
