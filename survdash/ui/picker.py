"""Pickers whose choice stands in the page's address, so that a page can be bookmarked and sent.

``st.selectbox(bind="query-params")`` drops an unknown name from the address without a word; here the reader of a stale
bookmark is told. The choice goes along when another page is opened from the menu, which drops the address's parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from survdash.errors import UnknownNameError
from survdash.language import tr


def pick(
    label: str,
    names: Sequence[str],
    *,
    page: str,
    parameter: str,
    title: Callable[[str], str] = str,
    unknown: str = "",
    default: str | None = None,
    drops: tuple[str, ...] = (),
    help: str | None = None,
) -> str:
    """Draw a select box and return its choice.

    Parameters
    ----------
    label : str
    names : sequence of str
        What can be chosen; at least one.
    page : str
        First half of the widget's key.
    parameter : str
        Name in the address, also the second half of the key.
    title : callable, optional
        How a name is shown.
    unknown : str, optional
        How a name that is not there is called in the message, for instance "cohort".
    default : str, optional
        Chosen when neither the address nor an earlier page says anything; the first name by default.
    drops : tuple of str, optional
        Parameters that lose their meaning when this choice changes, for instance the case of another cohort.
    help : str, optional

    Raises
    ------
    UnknownNameError
        If the address asks for a name that is not there; the box is drawn, empty, before.
    """
    key, memory = f"{page}.{parameter}", f"ui.last.{parameter}"
    asked = st.query_params.get(parameter)
    wanted = asked if asked is not None else st.session_state.get(memory)
    if asked is None and wanted not in names:
        wanted = default if default is not None else names[0]
    if st.session_state.get(key) != wanted:
        st.session_state[key] = wanted if wanted in names else None
    chosen = st.selectbox(
        label, names, key=key, format_func=title, help=help, index=0 if wanted in names else None, placeholder=tr(
                "Choose"),
        on_change=_tell_address, args=(key, parameter, drops),
    )
    if chosen is None:
        word = unknown or parameter
        raise UnknownNameError(f"There is no {word} called {asked!r} here.", hint=f"Choose another {word} above.")
    st.session_state[memory] = chosen
    st.query_params[parameter] = chosen
    return chosen


def _tell_address(key: str, parameter: str, drops: tuple[str, ...]) -> None:
    # Before the rerun, so that the address and the box never disagree in it.
    choice = st.session_state[key]
    for name in drops:
        st.query_params.pop(name, None)
    if choice is None:
        st.query_params.pop(parameter, None)
    else:
        st.query_params[parameter] = choice
