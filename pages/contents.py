"""What is in a cohort: where it came from, what was left out, columns, genes, folds; take back, carry, delete."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import streamlit as st

from survdash import usecases
from survdash.language import tr
from survdash.retelling import retell
from survdash.statistics.endpoints import ENDPOINTS, endpoint_advice
from survdash.store import folder_bytes
from survdash.ui import caching
from survdash.ui.banner import show_simulated
from survdash.ui.downloads import offer
from survdash.ui.error_box import error_box
from survdash.ui.import_report import show_report
from survdash.ui.piece import facts
from survdash.ui.prose import data_size, escape
from survdash.ui.selection import pick_cohort

PAGE = "contents"
LARGEST_DOWNLOAD = 200e6  # a browser's download passes through the server's memory
ADVICE = {
    "recommended": ("green", tr("recommended")), "with caution": ("orange", tr("with caution")),
    "not recommended": ("red", tr("not recommended")), "not available": ("gray", tr("not available")),
}  # fmt: skip


def show_endpoints(told: usecases.ImportReport) -> None:
    """What TCGA's own resource says of each outcome in this cancer, where the cohort says which it is."""
    cancer = usecases.cancer_of(told)
    st.header(tr("Which outcome to study"), anchor=False)
    st.markdown(tr("This cohort holds **{endpoint}**.", endpoint=escape(retell(told.endpoint))))
    if cancer is None:
        st.caption(tr("The patients' cancer is not one of TCGA's, or is not told: there is no advice."))
        return
    rows = {}
    for name, endpoint in ENDPOINTS.items():
        said = endpoint_advice(cancer, name)
        colour, word = ADVICE.get(said.advice, ("gray", tr(said.advice)))
        rows[f"{name}: {tr(endpoint.title)}"] = f":{colour}-badge[{word}] {escape(retell(said.reason))}"
    facts(rows)
    st.caption(tr("For {cancer}, by the makers of TCGA's clinical resource (Liu et al. 2018, Cell 173:400, table "
                  "3). It is about TCGA's follow-up, not about the cancer: another cohort may allow more or less.",
                  cancer=cancer))


def show_undo(name: str) -> None:
    """What the last import replaced, and the button that brings it back."""
    before = usecases.previous_facts(name)
    st.markdown(tr("**Take the last import back**"))
    if before is None:
        st.caption(tr("Nothing to take back: no earlier state of this cohort is kept."))
        return
    models = escape(", ".join(before.runs)) or tr("no models")
    made = tr(", imported {when}", when=escape(before.made)) if before.made else ""
    st.markdown(tr("Before it stood here a cohort of {cases:,} patients ({events:,} deaths){made}, with {models}.",
                   cases=before.cases, events=before.events, made=made, models=models))
    if jobs := usecases.jobs_of(name):
        st.warning(tr("In use: {jobs}. What a training of it makes is not kept once it is replaced.",
                      jobs=usecases.name_jobs(jobs)), icon=":material/hourglass_top:")  # fmt: skip
    with st.container(horizontal=True):
        if st.button(tr("Bring it back"), key="contents.undo", icon=":material/undo:"):
            usecases.undo_import(name)
            st.toast(tr("It is back. What stood here is kept in its place: the same button exchanges them again."))
            st.rerun()
        if st.button(tr("Forget it ({size})", size=data_size(before.bytes)), key="contents.forget", type="tertiary"):
            usecases.delete_cohort(name, only_previous=True)
            st.rerun()


def show_export(name: str, size: int) -> None:
    """The whole cohort as one file."""
    st.markdown(tr("**Carry it to another machine**"))
    with_runs = st.checkbox(tr("With its trained models"), value=True, key="contents.with_runs")
    if size <= LARGEST_DOWNLOAD:
        offer(tr("Download the archive"), partial(pack, name, with_runs=with_runs), f"{name}.zip", "application/zip",
              key="contents.archive", cohort=name, icon=":material/archive:")
    else:
        st.caption(tr("{size} are too much for a browser. On the server:", size=data_size(size)))
    runs = "" if with_runs else " --without-runs"
    st.code(f"python -m survdash export-cohort {name} --out {name}.zip{runs}", language="shell")


def pack(name: str, *, with_runs: bool) -> bytes:
    """The archive's bytes, made when the button is clicked."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"{name}.zip"
        usecases.export_archive(name, out, with_runs=with_runs)
        return out.read_bytes()


def show_delete(name: str) -> None:
    """Delete, after the name was typed."""
    st.markdown(tr("**Delete**"))
    with st.popover(tr("Delete this cohort"), icon=":material/delete:"):
        st.markdown(tr("The cohort, its models and its earlier state are deleted for good. Type its name to confirm."))
        stop = False
        if jobs := usecases.jobs_of(name):
            st.warning(tr("In use: {jobs}", jobs=usecases.name_jobs(jobs)), icon=":material/hourglass_top:")
            stop = st.checkbox(tr("Stop this work; what it has made so far is lost"), key=f"contents.stop_{name}")
        typed = st.text_input(tr("Name"), key=f"contents.delete_name_{name}", placeholder=name)
        if st.button(tr("Delete for good"), key="contents.delete", type="primary", disabled=typed.strip() != name):
            with st.spinner(tr("Stopping what runs …") if stop else ""):
                usecases.delete_cohort(name, stop=stop)
            st.query_params.pop("cohort", None)
            st.session_state.pop("ui.last.cohort", None)
            st.switch_page("models.py")


st.title(tr("What is in a cohort"), anchor=False)
with error_box():
    with st.columns(2)[0]:
        cohort = pick_cohort(page=PAGE)
    show_simulated(simulated=cohort.simulated)
    told = caching.report(cohort.name)
    show_report(told, caching.curve(cohort.name), page=PAGE)
    show_endpoints(told)
    st.header(tr("Keep, carry, delete"), anchor=False)
    folder = usecases.own_folder(cohort.name)
    if folder is None:
        st.caption(tr("This cohort came with survdash: every machine has it, and it cannot be replaced or deleted."))
    else:
        for column, draw in zip(st.columns(3), (
            partial(show_undo, cohort.name), partial(show_export, cohort.name, folder_bytes(folder)),
            partial(show_delete, cohort.name),
        ), strict=True):  # fmt: skip
            with column, st.container(border=True, height="stretch"):
                draw()
