"""The parts of a new case: a slide and a gene table, uploaded once, checked before any work starts.

A file that fails its check is deleted at once, and the form says why. The uploader is not drawn again once a file is
on disk: Streamlit would keep, and copy, the whole file in memory with every run of the page.
"""

from __future__ import annotations

import streamlit as st

from survdash import usecases
from survdash.errors import SurvdashError
from survdash.settings import settings
from survdash.ui.error_box import show_error
from survdash.ui.prose import data_size, escape
from survdash.ui.upload import SUFFIXES, Upload, drop_part, new_upload, open_upload, save_part

PARAMETER = "upload"
WORDS = {"slide": "slide", "genes": "gene table"}


def current_upload() -> Upload | None:
    """The upload that the address names; None when none has begun.

    Raises
    ------
    UnknownNameError
        If the address names one that is not here any more.
    """
    identifier = st.query_params.get(PARAMETER)
    return None if identifier is None else open_upload(identifier)


def upload_part(upload: Upload | None, part: str) -> None:
    """Draw the uploader of one part, or the file that has come and a button to remove it."""
    path = None if upload is None else getattr(upload, part)
    if upload is not None and path is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            name = getattr(upload, f"{part}_name")
            st.markdown(f":material/description: **{escape(name)}** ({data_size(path.stat().st_size)})", width="content")
            if st.button("Remove", key=f"new_case.remove_{part}", icon=":material/delete:", type="tertiary"):
                drop_part(upload, part)
                st.rerun()
        return
    # A new key makes an empty uploader, which lets go of the refused file's memory.
    turn = st.session_state.setdefault(f"new_case.turn_{part}", 0)
    limit = settings().max_slide_gb * 1000 if part == "slide" else settings().max_table_mb
    file = st.file_uploader(
        f"Upload a {WORDS[part]}", SUFFIXES[part], key=f"new_case.file_{part}_{turn}", max_upload_size=int(limit),
        label_visibility="collapsed",
    )
    if file is not None:
        _take(upload, part, file)
    if refusal := st.session_state.get(_refusal_key(part)):
        show_error(*refusal)


def refuse(upload: Upload, part: str, error: SurvdashError) -> None:
    """Delete a file that failed its check, remember why, and draw the form anew."""
    drop_part(upload, part)
    st.session_state[_refusal_key(part)] = (error.message, error.hint)
    st.rerun()
