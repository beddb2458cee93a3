"""Several patients at once: a table of cases, checked whole before any work; their files lie in the inbox folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.errors import InputError
from survdash.language import tr
from survdash.retelling import retell
from survdash.ui import caching
from survdash.ui.case_checks import show_line
from survdash.ui.inbox import inbox_folder, inbox_names, inbox_path
from survdash.ui.selection import pick_cohort
from survdash.ui.upload import GENE_SUFFIXES, SLIDE_SUFFIXES, delete_upload, new_upload

KEPT = 8
MAX_MB = 2


def show_batch_form(*, page: str) -> tuple[usecases.PredictRequest, ...]:
    """Ask for a table and show its checks; return its cases once the user starts them, nothing before."""
    st.markdown(tr("Give a **table** with one line a patient. Their slides and gene tables lie in the inbox folder of "
                   "this server (`inbox` in its data folder), so nothing large is uploaded."))  # fmt: skip
    with st.columns(2)[0]:
        cohort = pick_cohort(page=page)
    runs = {run.name: run for run in caching.runs(cohort.name) if run.can_predict}
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        file = st.file_uploader(tr("Table of patients"), ["csv", "tsv"], key=f"{page}.manifest", max_upload_size=MAX_MB)
        st.download_button(tr("Template"), usecases.MANIFEST_TEMPLATE, "patients.csv", "text/csv",
                           key=f"{page}.template", icon=":material/download:", on_click="ignore",
                           help=tr("Columns: {columns}. Several slides of a patient stand in one cell, between "
                                   "semicolons.", columns=", ".join(usecases.MANIFEST_COLUMNS)))  # fmt: skip
        names = inbox_names((*SLIDE_SUFFIXES, *GENE_SUFFIXES))
        with st.expander(tr("{count} files in the inbox folder", count=len(names)), icon=":material/inbox:"):
            st.dataframe(pd.DataFrame({tr("Name as it stands in the table"): names}), hide_index=True,
                         key=f"{page}.inbox_list", alt=tr("Names of the files in the inbox folder."))  # fmt: skip
    with right.container(border=True, height="stretch"):
        run = st.selectbox(tr("Model"), ["default", *runs], key=f"{page}.batch_run",
                           format_func=lambda name: tr("the one that fits what each patient has") if name == "default"
                           else retell(runs[name].title))  # fmt: skip
        even_if_unlike = not cohort.simulated and st.checkbox(
            tr("Answer even if a case is nothing like the patients the model learnt from"), key=f"{page}.batch_unlike"
        )
    if file is None:
        return ()
    manifest = _check(file.getvalue(), file.name, cohort.name, str(run), even_if_unlike=bool(even_if_unlike))
    _show_checks(manifest, page=page)
    ready = bool(manifest.requests) and not manifest.faults
    words = tr("Predict {count} patients", count=len(manifest.requests)) if ready else tr("Predict survival")
    clicked = st.button(words, type="primary", disabled=not ready, key=f"{page}.batch", icon=":material/monitoring:")
    return manifest.requests if clicked and ready else ()


def inbox_file(name: str) -> Path:
    """Where a file that a table names lies.

    Raises
    ------
    InputError
        If it is not in the inbox folder.
    """
    path = inbox_path(name)
    if not path.is_file():
        raise InputError(f"{name[:80]!r} is not in the inbox folder.", hint="Put it there, or mend the name.")
    return path


def _show_checks(manifest: usecases.Manifest, *, page: str) -> None:
    if not manifest.faults:
        with_slide = sum(bool(one.slides) for one in manifest.requests)
        with_genes = sum(one.genes is not None for one in manifest.requests)
        show_line("good", tr("Table"), tr("{count} patients, {slides} with slides, {genes} with genes; every file "
                                          "opens", count=len(manifest.requests), slides=with_slide,
                                          genes=with_genes))  # fmt: skip
        return
    show_line("warn", tr("Table"), tr("{count} faults. Mend all of them and give the table again; nothing was started.",
                                      count=len(manifest.faults)))  # fmt: skip
    rows = [(tr("whole table") if one.row == 0 else str(one.row), one.column, retell(one.message))
            for one in manifest.faults]  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows, columns=[tr("Row"), tr("Column"), tr("What is wrong")]), hide_index=True,
        key=f"{page}.faults", alt=tr("Row, column and fault of the table."),
    )  # fmt: skip


def _check(content: bytes, name: str, cohort: str, run: str, *, even_if_unlike: bool) -> usecases.Manifest:
    inbox = tuple(
        (one, path.stat().st_size, path.stat().st_mtime_ns)
        for one in inbox_names((*SLIDE_SUFFIXES, *GENE_SUFFIXES))
        if (path := inbox_folder() / one).is_file()
    )
    with st.spinner(tr("Checking all patients of the table …")):
        return _checked(content, hashlib.sha256(content).hexdigest(), inbox, cohort, run, even_if_unlike)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _checked(
    _content: bytes, sha256: str, inbox: tuple[tuple[str, int, int], ...], cohort: str, run: str, even: object
) -> usecases.Manifest:
    """``inbox`` is what lies there, so that a file that comes or changes is looked at again."""
    upload = new_upload()
    try:
        path = upload.folder / "manifest.csv"
        path.write_bytes(_content)
        return usecases.read_manifest(path, find=inbox_file, cohort=cohort, run=run, even_if_unlike=bool(even))
    finally:
        delete_upload(upload)
