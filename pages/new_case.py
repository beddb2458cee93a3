"""New case page: give a slide, a gene table or both; see the checks; let the worker predict; come back any time."""

from __future__ import annotations

import streamlit as st

from survdash import usecases
from survdash.jobs.queue import Job, read_job
from survdash.settings import settings
from survdash.ui import caching
from survdash.ui.case_checks import check_genes, check_slide
from survdash.ui.case_form import PARAMETER, current_upload, sample_buttons, show_part
from survdash.ui.error_box import error_box, show_error
from survdash.ui.job_view import show_progress
from survdash.ui.prediction_view import show_prediction
from survdash.ui.selection import pick_cohort, pick_run
from survdash.ui.startup import wake_worker
from survdash.ui.upload import Upload, delete_upload, note_job, upload_of_job

PAGE = "new_case"
SEXES = {"": "not given", "female": "female", "male": "male"}


def show_form() -> None:
    """What the user gives, what was found in it, and the button."""
    left, right = st.columns(2)
    with left:
        cohort = pick_cohort(page=PAGE)
    with right:
        run = pick_run(cohort, page=PAGE)
    upload = current_upload()
    if upload is None:
        sample_buttons()
    left, right = st.columns(2)
    slide_ready = genes_ready = True
    mpp = None
    with left.container(border=True, height="stretch"):
        st.markdown(":material/biotech: **Tissue slide**")
        if "slide" not in run.modalities:
            st.caption("The chosen model does not look at slides.")
        elif show_part(upload, "slide") and upload is not None:
            mpp, slide_ready = check_slide(upload)
    with right.container(border=True, height="stretch"):
        st.markdown(":material/genetics: **Gene table**")
        if "genes" not in run.modalities:
            st.caption("The chosen model does not read genes.")
        elif show_part(upload, "genes") and upload is not None:
            genes_ready = check_genes(upload, cohort.name, run.name)
    age, sex = ask_patient()
    if upload is None or not (slide_ready and genes_ready):
        st.button("Predict survival", type="primary", disabled=True, key="new_case.predict_not_yet",
                  help="Give a slide or a gene table first, and answer what is asked about it.")
        return
    if st.button("Predict survival", type="primary", key="new_case.predict", icon=":material/monitoring:"):
        file_case(upload, cohort.name, run.name, mpp=mpp, age=age, sex=sex)


def ask_patient() -> tuple[float | None, str | None]:
    """Age and sex, both optional."""
    left, right = st.columns(2)
    age = left.number_input("Age in years (optional)", 0.0, 120.0, None, 1.0, key="new_case.age", format="%.0f")
    sex = right.selectbox("Sex (optional)", list(SEXES), format_func=SEXES.__getitem__, key="new_case.sex")
    return age, sex or None


def file_case(upload: Upload, cohort: str, run: str, *, mpp: float | None, age: float | None, sex: str | None) -> None:
    """Hand the case to the worker; from here on its number is the page's address."""
    request = usecases.PredictRequest(
        cohort=cohort, run=run, slides=() if upload.slide is None else (upload.slide,), genes=upload.genes, mpp=mpp,
        age_years=age, sex=sex,
    )
    job_id = usecases.file_prediction(request)
    note_job(upload, job_id)
    wake_worker()
    st.query_params.from_dict({"job": job_id})
    st.rerun()


def show_job(job: Job) -> None:
    """A case that was handed in: running, ended badly, or the answer."""
    if not job.is_finished:
        wake_worker()
        st.header("Working on this case", anchor=False)
        st.markdown("You can close this page: the work goes on, and this address shows the answer.")
        show_progress(job.id, page=PAGE)
        return
    if job.state == "done":
        prediction = usecases.job_prediction(job.id)
        show_prediction(prediction, page=PAGE, curves=caching.analysis(prediction.cohort, prediction.model).curves)
    elif job.state == "failed":
        show_error(job.message, job.hint)
    else:
        st.info("This case was cancelled.", icon=":material/cancel:")
    show_ends(job)


def show_ends(job: Job) -> None:
    """Another case, and what becomes of the files."""
    upload = upload_of_job(job.id)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Another case", key="new_case.another", icon=":material/add_circle:"):
            st.query_params.clear()
            st.rerun()
        if upload is not None:
            if job.state != "done" and st.button("Change and try again", key="new_case.again", icon=":material/edit:"):
                st.query_params.from_dict({PARAMETER: upload.identifier})
                st.rerun()
            if st.button("Delete the uploaded files now", key="new_case.delete", icon=":material/delete:"):
                delete_upload(upload)
                st.rerun()
            st.caption(f"They are deleted {settings().keep_upload_hours:g} hours after they came.", width="content")
        else:
            st.caption("The uploaded files of this case are deleted.", width="content")


st.title("New case", anchor=False)
with error_box():
    if job_id := st.query_params.get("job"):
        show_job(read_job(job_id))
    else:
        show_form()
