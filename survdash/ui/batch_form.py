"""Several patients at once: a table of cases, checked whole before any work; their files come too, or lie here.

What has come is kept in a folder of its own, whose number is in the address: the form can be left and come back to.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.errors import InputError
from survdash.language import tr
from survdash.retelling import retell
from survdash.ui import caching
from survdash.ui.case_form import current_upload, show_part
from survdash.ui.checklist import Check, show_line
from survdash.ui.inbox import inbox_folder, inbox_names, inbox_path
from survdash.ui.prose import data_size
from survdash.ui.selection import pick_cohort
from survdash.ui.untrained import need_model
from survdash.ui.upload import BATCH_PARTS, GENE_SUFFIXES, SLIDE_SUFFIXES, Upload, drop_part, name_part, open_upload
from survdash.ui.uploader import show_uploader

KEPT = 8
KINDS = (*SLIDE_SUFFIXES, *GENE_SUFFIXES)
Batch = tuple[tuple[usecases.PredictRequest, ...], Upload]


def show_batch_form(*, page: str) -> Batch | None:
    """Ask for a table and its files and show the checks; return the cases once the user starts them, None before."""
    upload = current_upload()
    st.markdown(tr("Give a **table** with one line a patient, and the **slides and gene tables** that it names: upload "
                   "them here, or put them into the inbox folder of this server."))  # fmt: skip
    with st.columns(2)[0]:
        cohort = pick_cohort(page=page)
    need_model(cohort)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.markdown(tr(":material/table: **Table of patients**"))
        table = show_part(upload, "table", wanted=True)
        st.download_button(tr("Template"), usecases.MANIFEST_TEMPLATE, "patients.csv", "text/csv",
                           key=f"{page}.template", icon=":material/download:", on_click="ignore",
                           help=tr("Columns: {columns}. Several slides of a patient stand in one cell, between "
                                   "semicolons.", columns=", ".join(usecases.MANIFEST_COLUMNS)))  # fmt: skip
    with right.container(border=True, height="stretch"):
        st.markdown(tr(":material/folder_open: **Files that it names**"))
        _show_files(upload, page=page)
    run, even_if_unlike = _ask_model(cohort, page=page)
    if upload is None or table is None:
        return None
    manifest, look = _check(upload, table, cohort.name, run, even_if_unlike=even_if_unlike)
    _show_checks(manifest, upload, page=page)
    _show_privacy(look, upload, page=page)
    ready = bool(manifest.requests) and not manifest.faults
    words = tr("Predict {count} patients", count=len(manifest.requests)) if ready else tr("Predict survival")
    clicked = st.button(words, type="primary", disabled=not ready, key=f"{page}.batch", icon=":material/monitoring:")
    return (manifest.requests, upload) if clicked and ready else None


def find_file(upload: Upload, name: str) -> Path:
    """Where a file that a table names lies: it came with the table, or lies in the inbox folder.

    Raises
    ------
    InputError
        If it is in neither, or came twice.
    """
    came = [path for part, path in upload.batch.items() if upload.names[part] == name]
    if len(came) > 1:
        raise InputError(f"{name[:80]!r} was uploaded twice.", hint="Remove one of the two.")
    path = came[0] if came else inbox_path(name)
    if not path.is_file():
        raise InputError(f"{name[:80]!r} was not uploaded and is not in the inbox folder.",
                         hint="Upload it, or mend the name.")  # fmt: skip
    return path


def _ask_model(cohort: usecases.CohortEntry, *, page: str) -> tuple[str, bool]:
    runs = {run.name: run for run in caching.runs(cohort.name) if run.can_predict}
    left, right = st.columns(2, vertical_alignment="bottom")
    run = left.selectbox(tr("Model"), ["default", *runs], key=f"{page}.batch_run",
                         format_func=lambda name: tr("the one that fits what each patient has") if name == "default"
                         else retell(runs[name].title))  # fmt: skip
    even_if_unlike = not cohort.simulated and right.checkbox(
        tr("Answer even if a case is nothing like the patients the model learnt from"), key=f"{page}.batch_unlike"
    )
    return str(run), bool(even_if_unlike)


def _show_files(upload: Upload | None, *, page: str) -> None:
    """The two doors of the files: straight to disk from the browser, or the server's inbox folder; what is there."""
    came = {} if upload is None else upload.batch
    show_uploader(upload, tuple(part for part in BATCH_PARTS if part not in came), key=f"{page}.files")
    if upload is not None and came:
        rows = {tr("Name"): [upload.names[part] for part in came],
                tr("Size"): [data_size(path.stat().st_size) for path in came.values()]}  # fmt: skip
        st.dataframe(pd.DataFrame(rows), hide_index=True, key=f"{page}.came", alt=tr("Names of the files that came."))
        if st.button(tr("Remove these files"), key=f"{page}.remove_files", icon=":material/delete:", type="tertiary"):
            for part in came:
                drop_part(upload, part)
            st.rerun()
    names = inbox_names(KINDS)
    if names:
        with st.expander(tr("{count} files in the inbox folder", count=len(names)), icon=":material/inbox:"):
            st.dataframe(pd.DataFrame({tr("Name as it stands in the table"): names}), hide_index=True,
                         key=f"{page}.inbox_list", alt=tr("Names of the files in the inbox folder."))  # fmt: skip


def _show_checks(manifest: usecases.Manifest, upload: Upload, *, page: str) -> None:
    if not manifest.faults:
        with_slide = sum(bool(one.slides) for one in manifest.requests)
        with_genes = sum(one.genes is not None for one in manifest.requests)
        words = tr("{count} patients, {slides} with slides, {genes} with genes; every file opens",
                   count=len(manifest.requests), slides=with_slide, genes=with_genes)  # fmt: skip
        show_line(Check(state="good", what=tr("Table"), finding=words))
        return
    show_line(Check(
        state="todo", what=tr("Table"), finding=tr("Faults: {count}", count=len(manifest.faults)),
        to_do=tr("Mend all of them and give the table again; nothing was started."),
    ))  # fmt: skip
    ours = {path.name: upload.names[part] for part, path in upload.batch.items()}

    def told(message: str) -> str:
        for name, theirs in ours.items():
            message = theirs.join(re.split(rf"\b{re.escape(name)}\b", message))
        return retell(message)

    rows = [(tr("whole table") if one.row == 0 else str(one.row), one.column, told(one.message))
            for one in manifest.faults]  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows, columns=[tr("Row"), tr("Column"), tr("What is wrong")]), hide_index=True,
        key=f"{page}.faults", alt=tr("Row, column and fault of the table."),
    )  # fmt: skip


def _show_privacy(look: usecases.HeaderLook, upload: Upload, *, page: str) -> None:
    """Which slides may say who their patients are; it can be taken out of those that were uploaded."""
    places = {path: ", ".join(usecases.told_places(hints)) for path, hints in look.hints}
    places |= dict.fromkeys(look.unread, tr("the header could not be looked at"))
    if not places:
        return
    told = tr("slides that may say who their patients are: {count}", count=len(places))
    show_line(Check(state="look", what=tr("Privacy"), finding=told))
    part_of = {path: part for part, path in upload.batch.items()}
    rows = [(upload.names[part_of[path]] if path in part_of else path.name, where) for path, where in places.items()]
    st.dataframe(
        pd.DataFrame(rows, columns=[tr("Slide"), tr("Where")]), hide_index=True, key=f"{page}.privacy",
        alt=tr("Slides, and where in them somebody may be named."),
    )  # fmt: skip
    ours = [path for path, hints in look.hints if path in part_of and all(hint.can_strip for hint in hints)]
    if ours and st.button(
        tr("Take this out of the uploaded copies"), key=f"{page}.strip", icon=":material/visibility_off:",
        help=tr("Texts and label pictures are overwritten; the tissue is not touched."),
    ):  # fmt: skip
        for path in ours:
            usecases.strip_header(path)
            name_part(upload, part_of[path], upload.names[part_of[path]])  # its hash is another now
        st.rerun()
    if len(ours) < len(places):
        st.caption(tr("Files in the inbox folder, and kinds of files that cannot be changed here, stay as they are. "
                      "On the server, `python -m survdash deidentify` writes a copy without these, where that can be "
                      "done."))  # fmt: skip


def _check(
    upload: Upload, table: Path, cohort: str, run: str, *, even_if_unlike: bool
) -> tuple[usecases.Manifest, usecases.HeaderLook]:
    inbox = [(name, inbox_folder() / name) for name in inbox_names(KINDS)]
    came = [(upload.names[part], path) for part, path in upload.batch.items()]
    files = tuple((name, path.stat().st_size, path.stat().st_mtime_ns) for name, path in [*inbox, *came, ("", table)]
                  if path.is_file())  # fmt: skip
    with st.spinner(tr("Checking all patients of the table …")):
        return _checked(upload.identifier, files, cohort, run, even_if_unlike)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _checked(
    identifier: str, files: tuple[tuple[str, int, int], ...], cohort: str, run: str, even: object
) -> tuple[usecases.Manifest, usecases.HeaderLook]:
    """``files`` is what is there, so that a file that comes or changes is looked at again."""
    upload = open_upload(identifier)
    manifest = usecases.read_manifest(
        upload.files["table"], find=partial(find_file, upload), cohort=cohort, run=run, even_if_unlike=bool(even)
    )
    return manifest, usecases.look_at_headers(slide for request in manifest.requests for slide in request.slides)
