"""The files of an import: uploaded to a private folder, or chosen from the server's inbox folder.

An upload keeps its name, made harmless, because the report of an import names its files. Folders (bags, studies) and
what is too large for a browser lie in ``inbox`` of the data folder, where whoever runs the server puts them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

import streamlit as st

from survdash.erase import remove
from survdash.errors import InputError, SurvdashError
from survdash.language import later, tr
from survdash.settings import settings
from survdash.ui.error_box import show_error
from survdash.ui.inbox import inbox_names, inbox_path
from survdash.ui.prose import data_size, escape
from survdash.ui.upload import Upload, copy_private, new_upload, uploads_folder
from survdash.ui.upload_address import name_upload, named_upload, open_named

PAGE = "import"
TABLES = ("csv", "tsv", "txt", "xlsx", "zip", "gz", "parquet")
BAGS = ("h5", "hdf5", "pt", "pth", "npy", "npz")
NAMELESS = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that an import can be given: its files' endings, and whether it may be a folder, or several files."""

    label: str
    suffixes: tuple[str, ...]
    help: str
    folder: bool = False
    several: bool = False


PARTS = {
    "table": Part(label=later("Patients"), suffixes=TABLES, help=later("The table with follow-up and outcome.")),
    "study": Part(label=later("Study folder"), suffixes=(), folder=True,
                  help=later("A study of cBioPortal or Xena as it was unpacked, in the inbox folder.")),
    "mapping": Part(label=later("Column mapping"), suffixes=("yaml", "yml"),
                    help=later("Of an earlier import of the same kind of table.")),
    "clinical": Part(label=later("Clinical table"), suffixes=TABLES,
                     help=later("Stage, age and others by case number, where the first table lacks them.")),
    "genes": Part(label=later("Gene table"), suffixes=TABLES,
                  help=later("One line a patient: a column case_id, and genes named SYMBOL_rnaseq, SYMBOL_cnv, "
                             "SYMBOL_mut.")),
    "groups": Part(label=later("Gene groups"), suffixes=TABLES,
                   help=later("One column a group with its genes below, in place of the paper's six.")),
    "slide_map": Part(label=later("Whose slides they are"), suffixes=TABLES,
                      help=later("Columns slide_id and case_id, for bags that are not named by TCGA barcodes.")),
    "features": Part(label=later("Slide features"), suffixes=(*TABLES, *BAGS), folder=True,
                     help=later("A table with one line a slide, a bag file, or (inbox) a folder of bags.")),
    "folds": Part(label=later("Folds"), suffixes=("csv",), folder=True, several=True,
                  help=later("splits_0.csv, splits_1.csv and so on, with the columns train and val.")),
    "archive": Part(label=later("Archive"), suffixes=("zip",),
                    help=later("What 'export-cohort' wrote on another machine.")),
}  # fmt: skip


def list_inbox(part: str) -> list[str]:
    """Names of what may be this part in the inbox folder: files by their endings, folders where they may be it."""
    wanted = PARTS[part]
    return inbox_names(() if wanted.several else wanted.suffixes, folders=wanted.folder)


def harmless_name(name: str) -> str:
    r"""A file's name without anything that is not a letter, a digit or one of ``. _ -`` and without any folder.

    Examples
    --------
    >>> harmless_name("../Müller\\patients (2).csv")
    'patients__2_.csv'
    """
    last = PurePosixPath(PureWindowsPath(name).name).name
    return re.sub(r"[^A-Za-z0-9._-]", "_", last).lstrip("._-")[-80:].lstrip("._-") or NAMELESS


def keep_file(upload: Upload, part: str, *, name: str, file: BinaryIO) -> Path:
    """Copy an uploaded file into the private folder; a refused one leaves nothing there.

    Raises
    ------
    InputError
        If the kind is not known, or the file is empty or too large.
    """
    shown, wanted = harmless_name(name), PARTS[part]
    if _ending(shown) not in wanted.suffixes:
        raise InputError(f"{shown} is not a kind of file that can be it.",
                         hint=f"Known endings: {', '.join(wanted.suffixes)}.")
    folder = upload.folder / part
    if not wanted.several:
        drop_files(upload, part)
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        copy_private(file, folder / shown, limit=largest_bytes(part), shown=shown)
    except InputError:
        if not any(folder.iterdir()):
            folder.rmdir()
        raise
    return folder / shown


def largest_bytes(part: str) -> float:
    """How large an uploaded file of this part may be."""
    large = part in ("features", "archive")
    return settings().max_slide_gb * 1e9 if large else settings().max_table_mb * 1e6


def files_of(upload: Upload, part: str) -> list[Path]:
    """What was uploaded as this part."""
    folder = upload.folder / part
    return sorted(path for path in folder.iterdir() if path.suffix != ".part") if folder.is_dir() else []


def drop_files(upload: Upload, part: str) -> None:
    """Delete what was uploaded as this part."""
    remove(upload.folder / part, aside=uploads_folder())


def current_upload() -> Upload | None:
    """The private folder that the address names; None when nothing was uploaded.

    Raises
    ------
    UnknownNameError
        If it is not here any more.
    """
    number = named_upload(PAGE)
    return None if number is None else open_named(number, page=PAGE)


def show_part(part: str, *, page: str) -> Path | None:
    """Draw the uploader of one part and the choice from the inbox, or what was given, with a button to remove it.

    Returns
    -------
    Path or None
        The file; of folds, and of what may be a folder, the folder.
    """
    wanted, upload = PARTS[part], current_upload()
    here = [] if upload is None else files_of(upload, part)
    st.markdown(f"**{tr(wanted.label)}**", help=tr(wanted.help))
    if upload is not None and here:
        with st.container(horizontal=True, vertical_alignment="center"):
            size = data_size(sum(path.stat().st_size for path in here))
            names = escape(", ".join(path.name for path in here[:6]) + (" …" if len(here) > 6 else ""))
            st.markdown(f":material/description: {names} ({size})", width="content")
            if st.button(tr("Remove"), key=f"{page}.remove_{part}", icon=":material/delete:", type="tertiary"):
                drop_files(upload, part)
                st.rerun()
        if not wanted.several:
            return here[0]
    if wanted.suffixes:
        _show_uploader(upload, part, page=page)
    if upload is not None and here:
        return upload.folder / part
    return _pick_from_inbox(part, page=page)


def _pick_from_inbox(part: str, *, page: str) -> Path | None:
    names = list_inbox(part)
    if not names:
        if PARTS[part].folder and not PARTS[part].suffixes:
            st.caption(tr("The inbox folder of this server (`inbox` in its data folder) has none."))
        return None
    chosen = st.selectbox(tr("From the inbox folder"), names, index=None, key=f"{page}.inbox_{part}",
                          placeholder=tr("or choose from the inbox folder"), label_visibility="collapsed")
    return None if chosen is None else inbox_path(chosen)


def _show_uploader(upload: Upload | None, part: str, *, page: str) -> None:
    wanted = PARTS[part]
    turn = st.session_state.setdefault(f"{page}.turn_{part}", 0)
    limit = min(int(largest_bytes(part) / 1e6), int(st.get_option("server.maxUploadSize")) - 1)
    given = st.file_uploader(
        tr(wanted.label), wanted.suffixes, key=f"{page}.{part}_{turn}", max_upload_size=limit,
        label_visibility="collapsed", accept_multiple_files=wanted.several,
    )
    files = given if isinstance(given, list) else [given] if given is not None else []
    if files:
        _take(upload, part, files, page=page)
    if refusal := st.session_state.get(f"{page}.refusal_{part}"):
        show_error(*refusal)


def _take(upload: Upload | None, part: str, files: Sequence[BinaryIO], *, page: str) -> None:
    upload = upload or new_upload()
    st.session_state.pop(f"{page}.refusal_{part}", None)
    try:
        for file in files:
            keep_file(upload, part, name=file.name, file=file)
    except SurvdashError as error:
        st.session_state[f"{page}.refusal_{part}"] = (error.message, error.hint)
    name_upload(upload.identifier, page=PAGE)
    # A new key makes an empty uploader, which lets go of the memory of the files.
    st.session_state[f"{page}.turn_{part}"] += 1
    st.rerun()


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()
