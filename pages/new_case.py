"""New case page: give a slide, a gene table or both; see the checks; let the worker predict; come back any time."""

from __future__ import annotations

import streamlit as st

from survdash import usecases
from survdash.access import require
from survdash.erase import how_deleted
from survdash.jobs.queue import Job, read_job
from survdash.language import tr
from survdash.settings import settings
from survdash.ui import caching
from survdash.ui.answer_view import show_answer
from survdash.ui.batch_form import show_batch_form
from survdash.ui.batch_view import show_batch_job
from survdash.ui.case_checks import SlideAnswer, check_genes, check_slide
from survdash.ui.case_facts import Asked, ask_model_and_facts
from survdash.ui.case_form import PAGE, current_upload, sample_buttons, show_part, show_slides
from survdash.ui.case_lines import fact_check, fit_check, gene_checks, slide_checks
from survdash.ui.checklist import show_list
from survdash.ui.error_box import error_box, show_error
from survdash.ui.job_memory import remember_job
from survdash.ui.job_view import go_to_job, show_progress
from survdash.ui.limits import show_limits
from survdash.ui.selection import pick_cohort
from survdash.ui.startup import wake_worker
from survdash.ui.untrained import need_model
from survdash.ui.upload import Upload, delete_upload, note_job, upload_of_job
from survdash.ui.upload_address import PARAMETER


def show_form() -> None:
    """What the user gives, what was found in it, and the button."""
    upload = current_upload()
    st.markdown(tr("Give a **slide**, a **gene table**, or both. Choose whose patients the answer is learnt from."))
    with st.columns(2)[0]:
        cohort = pick_cohort(page=PAGE)
    need_model(cohort)
    reads = {part for run in caching.runs(cohort.name) if run.can_predict for part in run.modalities}
    # The place is kept when the buttons go: were the uploaders to move, one that is at work would lose its file.
    with st.container():
        if upload is None and cohort.simulated:
            sample_buttons()
    said: dict[str, SlideAnswer] = {}
    left, middle, right = st.columns(3)
    with left.container(border=True, height="stretch"):
        st.markdown(tr(":material/biotech: **Tissue slides**"))
        for part in show_slides(upload, wanted="slide" in reads):
            if upload is not None:
                said[part] = check_slide(upload, part)
    genes = None
    with middle.container(border=True, height="stretch"):
        st.markdown(tr(":material/genetics: **Gene table**"))
        path = show_part(upload, "genes", wanted="genes" in reads)
        if upload is not None and path is not None:
            genes = check_genes(upload, path, cohort=cohort.name)
    asked = ask_model_and_facts(cohort, upload, page=PAGE)
    with right.container(border=True, height="stretch"):
        given = () if upload is None else upload.modalities
        show_list([
            *slide_checks(upload, {part: one.checks for part, one in said.items()}, wanted="slide" in reads),
            *gene_checks(upload, genes, wanted="genes" in reads), fact_check(asked.reads, asked.facts),
            fit_check(asked.reads, given),
        ], page=PAGE)  # fmt: skip
    # A model of simulated patients is a demonstration and always answers, so there is nothing to ask for.
    even_if_unlike = not cohort.simulated and st.checkbox(
        tr("Answer even if this case is nothing like the patients the model learnt from"),
        key="new_case.even_if_unlike",
        help=tr("Otherwise withheld where a case is half as far again from the usual as any held-out patient."),
    )
    if upload is None or not given or asked.run is None or not all(one.ready for one in said.values()):
        st.button(tr("Predict survival"), type="primary", disabled=True, key="new_case.predict_not_yet")
        st.caption(tr("Give a slide or a gene table first.") if not given
                   else tr("The list of checks says what is still to do."))  # fmt: skip
    elif st.button(tr("Predict survival"), type="primary", key="new_case.predict", icon=":material/monitoring:"):
        file_case(upload, cohort.name, asked.run, asked, said=list(said.values()), even_if_unlike=even_if_unlike)


def file_case(
    upload: Upload, cohort: str, run: str, asked: Asked, *, said: list[SlideAnswer], even_if_unlike: bool
) -> None:
    """Hand the case to the worker; from here on its number is the page's address."""
    request = usecases.PredictRequest(
        cohort=cohort, run=run, slides=tuple(upload.slides.values()), genes=upload.genes,
        mpp=tuple(one.mpp for one in said), tissue=tuple(one.tissue for one in said),
        tiles=tuple(one.tiles for one in said), areas=tuple(one.areas for one in said), age_years=asked.age,
        sex=asked.sex, stage=asked.stage, even_if_unlike=even_if_unlike,
    )
    job_id = usecases.file_prediction(request)
    note_job(upload, job_id)
    go_to_job(job_id)


def show_forms() -> None:
    """One patient, or a table of them."""
    require("predict")
    upload = current_upload()
    several = st.segmented_control(
        tr("How many"), [False, True], default=upload is not None and bool(upload.files) and not upload.modalities,
        required=True, key="new_case.several",
        format_func=lambda many: tr("Several patients, by a table") if many else tr("One patient"),
        label_visibility="collapsed",
    )
    if not several:
        show_form()
    elif (batch := show_batch_form(page=PAGE)) is not None:
        requests, upload = batch
        job_id = usecases.file_batch(requests)
        note_job(upload, job_id)
        go_to_job(job_id)


def show_job(job: Job) -> None:
    """A case that was handed in: running, ended badly, or the answer."""
    remember_job(job.id)  # after a reload, the address alone brings the session back to it
    if not job.is_finished:
        wake_worker()
        st.header(tr("Working on these patients") if job.kind == usecases.BATCH else tr("Working on this case"),
                  anchor=False)
        st.markdown(tr("You can close this page: the work goes on, and this address shows the answer."))
        show_progress(job.id, page=PAGE)
        return
    if job.state == "done" and job.kind == usecases.BATCH:
        show_batch_job(job.id, page=PAGE)
    elif job.state == "done":
        show_answer(usecases.job_prediction(job.id), usecases.job_explanation(job.id), page=PAGE, job=job.id)
        show_limits("patient")
    elif job.state == "failed":
        show_error(job.message, job.hint)
    else:
        st.info(tr("This case was cancelled."), icon=":material/cancel:")
    show_ends(job)


def show_ends(job: Job) -> None:
    """Another case, and what becomes of the files."""
    upload = upload_of_job(job.id)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(tr("Another case"), key="new_case.another", icon=":material/add_circle:"):
            st.query_params.clear()
            st.rerun()
        if upload is not None:
            if job.state != "done" and st.button(tr("Change and try again"), key="new_case.again",
                                                   icon=":material/edit:"):  # fmt: skip
                st.query_params.from_dict({PARAMETER: upload.identifier})
                st.rerun()
            if st.button(tr("Delete the uploaded files now"), key="new_case.delete", icon=":material/delete:"):
                delete_upload(upload)
                st.rerun()
            st.caption(tr("They are deleted {hours:g} hours after they came.",
                          hours=settings().keep_upload_hours), width="content", help=tr(how_deleted()))
        elif job.kind != usecases.BATCH:
            st.caption(tr("The uploaded files of this case are deleted."), width="content")
    st.caption(tr("This answer is deleted too, {hours:g} hours after it was given.",
                  hours=settings().keep_upload_hours))


def start_anew() -> None:
    """The way on from an address of which nothing is left."""
    if {"job", PARAMETER} & {*st.query_params}:
        st.page_link("new_case.py", label=tr("Start a new case"), icon=":material/add_circle:")


st.title(tr("New case"), anchor=False)
with error_box(way_out=start_anew):
    if job_id := st.query_params.get("job"):
        show_job(read_job(job_id))
    else:
        show_forms()
