"""Files that a visitor takes away: offered to those who may export, and noted when they are taken."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from survdash.access import acting_for, current
from survdash.audit import note
from survdash.language import in_this_language

Made = str | bytes


def offer(
    label: str,
    data: Made | Callable[[], Made],
    file_name: str,
    mime: str,
    *,
    key: str,
    cohort: str,
    case: str = "",
    primary: bool = False,
    icon: str = ":material/download:",
    help: str | None = None,
    disabled: bool = False,
) -> None:
    """Draw a download button, if whoever looks may export this cohort; a click needs no new run of the page.

    Parameters
    ----------
    label : str
    data : str, bytes or callable
        The file, or what makes it when the button is clicked.
    file_name, mime : str
    key : str
        Of the button.
    cohort, case : str
        Whose data it is, for the audit log.
    primary : bool
        The one that most people want.
    icon, help, disabled
        As Streamlit knows them.
    """
    visitor = current()
    if not visitor.may("export", cohort or None):
        return

    def taken() -> Made:
        note("export", cohort=cohort, case=case, detail=file_name)
        return data() if callable(data) else data

    # It is made on a thread of its own, which knows neither who asked nor in which language.
    st.download_button(
        label, acting_for(visitor, in_this_language(taken)), file_name, mime, key=key, icon=icon, help=help,
        type="primary" if primary else "secondary", on_click="ignore", disabled=disabled,
    )  # fmt: skip
