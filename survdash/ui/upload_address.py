"""Which upload a form is about: its number stands in the address, and is remembered until the browser must know that.

What a page writes into its address reaches the browser later. What the browser sends meanwhile, that a file has come or
that a control was moved, still carries the address of before: by that alone the form would lose its files.
"""

from __future__ import annotations

import time

import streamlit as st

from survdash.errors import UnknownNameError
from survdash.ui.upload import Upload, open_upload

PARAMETER = "upload"
SETTLE_SECONDS = 10.0


def named_upload(page: str) -> str | None:
    """The number that the address has, or was given a moment ago; None where nothing was uploaded.

    Parameters
    ----------
    page : str
        Whose form it is.
    """
    if PARAMETER in st.query_params:
        return str(st.query_params[PARAMETER])
    number, written = st.session_state.get(_memory(page), (None, 0.0))
    return number if number and time.monotonic() - written < SETTLE_SECONDS else None


def name_upload(number: str, *, page: str) -> None:
    """Write a number into the address."""
    # First of the two, because a waiting event may end this run at the line after.
    st.session_state[_memory(page)] = number, time.monotonic()
    st.query_params[PARAMETER] = number


def forget_upload(page: str) -> None:
    """Take the number out of the address."""
    st.session_state.pop(_memory(page), None)
    st.query_params.pop(PARAMETER, None)


def open_named(number: str, *, page: str) -> Upload | None:
    """The upload with the number of ``named_upload``, which the address has from here on.

    Returns
    -------
    Upload or None
        None where the address had no number and the upload is gone, or was handed in: the form is another one's.

    Raises
    ------
    UnknownNameError
        If the address had the number, and it is not here any more.
    """
    if PARAMETER in st.query_params:
        return open_upload(number)
    try:
        upload = open_upload(number)
    except UnknownNameError:
        return None
    if upload.job:
        return None
    name_upload(number, page=page)
    return upload


def _memory(page: str) -> str:
    return f"{page}.named_upload"
