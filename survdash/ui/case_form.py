"""The parts of a new case: slides and a gene table, given once, checked before any work starts.

Slides go straight to disk (``uploader``) or are chosen from the inbox folder; small tables and masks come by
Streamlit's own uploader, which is not drawn again once a file is on disk: it would keep, and copy, the whole file in
memory with every run of the page. A file that fails its check is deleted at once, and the form says why.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, NoReturn

import streamlit as st

from survdash import usecases
from survdash.errors import SurvdashError
from survdash.language import later, tr
from survdash.ui.arrival import arriving
from survdash.ui.error_box import show_error
from survdash.ui.inbox import inbox_names
from survdash.ui.prose import data_size, escape
from survdash.ui.upload import (
    AREA_PARTS,
    MANY_FILES,
    SLIDE_PARTS,
    SUFFIXES,
    Upload,
    areas_of,
    choose_part,
    delete_upload,
    drop_part,
    largest_bytes,
    name_part,
    open_upload,
    save_part,
)
from survdash.ui.upload_address import forget_upload, name_upload, named_upload, open_named
from survdash.ui.uploader import (
    begin_upload,
    came_to_nothing,
    coming_has_begun,
    has_come,
    show_uploader,
    take_coming,
)

PAGE = "new_case"
WORDS = {"slide": later("slide"), "genes": later("gene table"), "areas": later("mask"),
         "table": later("table of patients")}  # fmt: skip
SAMPLE_SUFFIXES = {"slide": ".tiff", "genes": ".csv"}


def current_upload() -> Upload | None:
    """The upload that the address names; None when none has begun.

    Raises
    ------
    UnknownNameError
        If the address names one that is not here any more.
    """
    identifier = named_upload(PAGE) or coming_has_begun()
    if identifier is None:
        return None
    upload = None if came_to_nothing(identifier) else open_named(identifier, page=PAGE)
    if upload is None:
        forget_upload(PAGE)
        return None
    take_coming(identifier)
    if upload.files:
        has_come(identifier)
    return upload


def show_part(upload: Upload | None, part: str, *, wanted: bool) -> Path | None:
    """Draw the uploader of one part, or the file that has come with a button to remove it.

    Parameters
    ----------
    upload : Upload or None
    part : str
        One of ``survdash.ui.upload.PARTS``.
    wanted : bool
        False when no model of the cohort looks at it: then that is said in place of the uploader.

    Returns
    -------
    Path or None
        The file, once it is there.
    """
    path = None if upload is None else upload.files.get(part)
    if upload is None or path is None:
        if wanted:
            _show_uploader(upload, part)
        else:
            st.caption(tr("No model of this cohort looks at this: {what}.", what=tr(_word(part))))
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        name = upload.names[part]
        st.markdown(f":material/description: **{escape(name)}** ({data_size(path.stat().st_size)})", width="content")
        if part in upload.chosen:
            st.caption(tr("from the inbox folder, where it stays"), width="content")
        if st.button(tr("Remove"), key=f"new_case.remove_{part}", icon=":material/delete:", type="tertiary"):
            remove_part(upload, part)
    return path


def show_slides(upload: Upload | None, *, wanted: bool) -> Iterator[str]:
    """Draw each slide that has come and give its part, to be checked below it; then how to give one more."""
    here = () if upload is None else tuple(upload.slides)
    for part in here:
        st.session_state.pop(_refusal_key(part), None)  # another file has come in place of a refused one
        show_part(upload, part, wanted=wanted)
        yield part
    free = tuple(part for part in SLIDE_PARTS if part not in here)
    if not wanted:
        if not here:
            show_part(upload, SLIDE_PARTS[0], wanted=False)
        return
    for part in SLIDE_PARTS:
        if refusal := refusal_of(part):
            show_error(*refusal)
    if free:
        if here:
            st.caption(tr("Another slide of this patient"))
        _give_slides(upload, free)


def _give_slides(upload: Upload | None, free: tuple[str, ...]) -> None:
    """The two doors of a slide: straight to disk from the browser, or the server's inbox folder."""
    show_uploader(upload, free, key="new_case.slides")
    st.caption(tr("MRXS, VMS and DICOM slides are many files and cannot come this way."), help=tr(MANY_FILES))
    names = inbox_names(SUFFIXES[free[0]])
    if not names:
        return
    chosen = st.selectbox(
        tr("From the inbox folder of this server"), names, index=None, key=f"new_case.inbox_{free[0]}",
        placeholder=tr("or choose from the inbox folder"), label_visibility="collapsed",
    )  # fmt: skip
    if chosen is not None:
        _forget_refusals()
        upload = upload or begin_upload()
        choose_part(upload, free[0], chosen)
        name_upload(upload.identifier, page=PAGE)
        st.rerun()


def _forget_refusals() -> None:
    for part in SLIDE_PARTS:
        st.session_state.pop(_refusal_key(part), None)


def refuse(upload: Upload, part: str, error: SurvdashError) -> NoReturn:
    """Delete a file that failed its check, remember why for the next run, and draw the form anew."""
    ours, theirs = upload.files.get(part), upload.names.get(part, "")
    message = error.message if ours is None else error.message.replace(ours.name, theirs)
    remove_part(upload, part, refusal=(message, error.hint))


def remove_part(upload: Upload, part: str, *, refusal: tuple[str, str] | None = None) -> NoReturn:
    """Delete one file, its folder too when nothing is left, and draw the form anew, with what was wrong with it."""
    _forget_refusals()
    st.session_state.pop(_refusal_key(part), None)
    if refusal is not None:
        st.session_state[_refusal_key(part)] = refusal
    drop_part(upload, part)
    if part in SLIDE_PARTS:
        drop_part(upload, areas_of(part))  # drawn on that slide
    left = open_upload(upload.identifier)
    if not left.files and not arriving(left.folder):
        delete_upload(left)
        forget_upload(PAGE)
    st.rerun()


def sample_buttons() -> None:
    """Offer the shipped simulated patient: fill it in here, or take its files away."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(tr("Try it with a sample case"), key="new_case.sample", icon=":material/experiment:"):
            upload = begin_upload()
            slide, genes = usecases.write_sample_case(upload.folder)
            name_part(name_part(upload, "slide", slide.name), "genes", genes.name)
            name_upload(upload.identifier, page=PAGE)
            st.rerun()
        with st.popover(tr("Sample files"), icon=":material/download:"):
            st.caption(tr("A simulated patient who is in no cohort: a small slide and a gene table."))
            for part in SAMPLE_SUFFIXES:
                st.download_button(
                    tr("Sample: {what}", what=tr(WORDS[part])), partial(_sample_bytes, part),
                    f"sample_{part}{SAMPLE_SUFFIXES[part]}", key=f"new_case.sample_{part}", on_click="ignore",
                )


@st.cache_resource(show_spinner=False)
def _sample_bytes(part: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        slide, genes = usecases.write_sample_case(Path(folder))
        return (slide if part == "slide" else genes).read_bytes()


def _show_uploader(upload: Upload | None, part: str) -> None:
    # A new key makes an empty uploader, which lets go of the memory of the file before.
    turn = st.session_state.setdefault(_turn_key(part), 0)
    limit = min(int(largest_bytes(part) / 1e6), int(st.get_option("server.maxUploadSize")) - 1)
    file = st.file_uploader(
        tr("Upload: {what}", what=tr(_word(part))), SUFFIXES[part], key=f"new_case.{part}_{turn}",
        max_upload_size=limit, label_visibility="collapsed",
    )
    if file is not None:
        st.session_state.pop(_refusal_key(part), None)
        _take(upload, part, name=file.name, file=file)
    if refusal := refusal_of(part):
        show_error(*refusal)


def _take(upload: Upload | None, part: str, *, name: str, file: BinaryIO) -> None:
    upload = upload or begin_upload()
    try:
        save_part(upload, part, name=name, file=file)
    except SurvdashError as error:
        _empty_uploader(part)
        refuse(upload, part, error)
    name_upload(upload.identifier, page=PAGE)
    # Last, because another event may end this run at the line before: then the next run takes the file again.
    _empty_uploader(part)
    st.rerun()


def _empty_uploader(part: str) -> None:
    st.session_state[_turn_key(part)] += 1


def _word(part: str) -> str:
    return WORDS[part if part in WORDS else "areas" if part in AREA_PARTS else "slide"]


def _turn_key(part: str) -> str:
    return f"new_case.turn_{part}"


def refusal_of(part: str) -> tuple[str, str] | None:
    """Why the last file of this part was not taken, message and hint; None where none was refused since."""
    return st.session_state.get(_refusal_key(part))


def _refusal_key(part: str) -> str:
    return f"new_case.refusal_{part}"
