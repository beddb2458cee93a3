"""Import page: give tables or an archive, look at what they say, then store them as a cohort."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from survdash import usecases
from survdash.jobs.queue import Job, read_job
from survdash.language import tr
from survdash.ui import caching
from survdash.ui.error_box import error_box, show_error
from survdash.ui.fetch_form import FETCH, FETCH_KIND, ask_fetch
from survdash.ui.import_files import PAGE, current_upload
from survdash.ui.import_form import KINDS, ask_request, show_archive
from survdash.ui.import_report import show_report
from survdash.ui.job_memory import remember_job
from survdash.ui.job_view import show_progress
from survdash.ui.prose import escape
from survdash.ui.startup import wake_worker
from survdash.ui.upload import delete_upload, note_job, upload_of_job
from survdash.ui.upload_address import PARAMETER


def show_form() -> None:
    """What there is to import, the files, what they say, and the button."""
    kinds = KINDS | {FETCH: FETCH_KIND}
    kind = st.radio(tr("What do you have?"), list(kinds), format_func=lambda name: tr(kinds[name].title),
                    key="import.kind", captions=[tr(one.words) for one in kinds.values()])
    if kind == FETCH:
        wanted = ask_fetch(page=PAGE)
        if wanted is not None:
            st.caption(tr("Nothing is stored as a cohort yet: once it is here you see what the files say."))
            start(lambda: usecases.file_fetch(wanted), tr("Download"))
        return
    if kind == "archive":
        archive = show_archive(page=PAGE)
        if archive is not None:
            offer(lambda: usecases.file_archive(archive.path), archive.name)
        return
    request = ask_request(kind, page=PAGE)
    if request is not None:
        show_preview(request, caching.preview(request))


def show_preview(request: usecases.ImportRequest, preview: usecases.ImportPreview) -> None:
    """What would be stored, what is odd about it, and the button that stores it."""
    st.header(tr("What would be stored"), anchor=False)
    show_report(preview.report, preview.curve, page=PAGE)
    # Who looked at other warnings, or at another table's, has not looked at these.
    if st.session_state.get("import.doubts") != (str(request.table), preview.report.doubts):
        st.session_state["import.doubts"] = (str(request.table), preview.report.doubts)
        st.session_state["import.looked"] = False
    if preview.report.doubts:
        st.checkbox(tr("I have looked at the warnings above, and they are no mistake"), key="import.looked")
    looked = not preview.report.doubts or bool(st.session_state.get("import.looked"))
    holds_something = bool(preview.report.genes or preview.report.encoder)
    offer(lambda: usecases.file_import(request, seen=preview.report), request.name,
          disabled=not (looked and holds_something))  # fmt: skip


def offer(file: Callable[[], str], name: str, *, disabled: bool = False) -> None:
    """The button that files the import, with what becomes of a cohort of that name."""
    if any(entry.name == name for entry in caching.cohorts()):
        st.info(tr("A cohort {name} is here already. It is replaced, and can be brought back with its models on the "
                   "cohort's own page.", name=escape(name)), icon=":material/history:")
    start(file, tr("Import"), disabled=disabled)


def start(file: Callable[[], str], label: str, *, disabled: bool = False) -> None:
    """The button that files the job; from here on its number is the page's address."""
    if st.button(label, type="primary", key="import.start", icon=":material/download:", disabled=disabled):
        job_id = file()
        if (upload := current_upload()) is not None:
            note_job(upload, job_id)
        remember_job(job_id)
        wake_worker()
        st.query_params.from_dict({"job": job_id})
        st.rerun()


def show_job(job: Job) -> None:
    """An import that was started: running, ended badly, or done."""
    remember_job(job.id)
    if job.kind not in (usecases.IMPORT, usecases.UNPACK, usecases.FETCHING):
        show_error(tr("This job is no import."), tr("Page 'New case' shows predictions."))
    elif not job.is_finished:
        wake_worker()
        st.markdown(tr("You can close this page: the work goes on, and this address shows how it ended."))
        show_progress(job.id, page=PAGE)
        return
    elif job.state == "done" and job.kind == usecases.FETCHING:
        request, preview = usecases.fetched(job.id)
        st.success(tr("The files of cohort {name} are here. Nothing is stored as a cohort yet.",
                      name=escape(request.name)), icon=":material/download_done:")  # fmt: skip
        show_preview(request, preview)
    elif job.state == "done" and job.result is not None:
        name = str(job.result["name"])
        st.success(tr("Cohort {name} is here.", name=escape(name)), icon=":material/check_circle:")
        with st.container(horizontal=True):
            st.page_link("contents.py", label=tr("What is in it"), icon=":material/fact_check:",
                         query_params={"cohort": name})
            st.page_link("models.py", label=tr("Train a model on it"), icon=":material/model_training:",
                         query_params={"cohort": name})
        if (upload := upload_of_job(job.id)) is not None:
            delete_upload(upload)
    elif job.state == "failed":
        show_error(job.message, job.hint)
    else:
        st.info(tr("This was cancelled; no cohort was changed."), icon=":material/cancel:")
    show_ends(job)


def show_ends(job: Job) -> None:
    """Ways on: the same files again where they are still here, or others."""
    upload = upload_of_job(job.id)
    if upload is not None and st.button(tr("Back to these files"), key="import.back", icon=":material/arrow_back:"):
        st.query_params.from_dict({PARAMETER: upload.identifier})
        st.rerun()
    if st.button(tr("Import something else"), key="import.again", icon=":material/add:"):
        st.query_params.clear()
        st.rerun()


st.title(tr("Import a cohort"), anchor=False)
st.markdown(tr("Nothing is stored before you have seen what the files say."))
with error_box():
    job_id = st.query_params.get("job")
    if job_id is None:
        show_form()
    else:
        show_job(read_job(job_id))
