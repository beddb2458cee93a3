"""Methods of a cohort: what each needs, which are trained, and the training of others by the worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.errors import UnknownNameError
from survdash.jobs.queue import Job, read_job
from survdash.jobs.record import read_payload
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.ui import caching
from survdash.ui.error_box import show_error
from survdash.ui.job_memory import remember_job
from survdash.ui.job_view import show_progress
from survdash.ui.prose import MODALITIES, escape
from survdash.ui.selection import pick_cohort
from survdash.ui.startup import wake_worker

PARAMETER = "job"
STATES = {
    "trained": (":green[:material/check_circle:]", later("trained")),
    "was there": (":green[:material/check_circle:]", later("was there")),
    "not for it": (":orange[:material/block:]", later("not for this cohort")),
    "failed": (":red[:material/error:]", later("failed")),
}  # fmt: skip


def show_methods(*, page: str) -> None:
    """All methods for a cohort that the user picks, and below them the training of some, or how it stands.

    Parameters
    ----------
    page : str
        First half of the widgets' keys.
    """
    with st.columns(2)[0]:
        cohort = pick_cohort(page=page)
    methods = caching.methods(cohort.name)
    st.dataframe(_for_reading(methods, caching.runs(cohort.name)), hide_index=True, column_config=_columns(),
                 height="content", key=f"{page}.methods",
                 alt=tr("Each method, what it needs, and how it does in this cohort."))
    if job_id := st.query_params.get(PARAMETER):
        _show_job(job_id, page=page)
    else:
        _ask(cohort, methods, page=page)


def _columns() -> dict[str, Any]:
    text = st.column_config.TextColumn
    return {
        "title": text(tr("Method"), pinned=True, width=200),
        "state": text(tr("In this cohort"), width=150, help=tr(
            "C-index ± standard deviation over the folds of its first run; page Compare has all of them.")),
        "reads": text(tr("Reads here"), help=tr("What the method would look at in this cohort.")),
        "needs": text(tr("Needs"), width=240),
        "source": text(tr("Source")),
    }  # fmt: skip


def _for_reading(methods: Sequence[usecases.MethodState], runs: Sequence[usecases.RunEntry]) -> pd.DataFrame:
    told = {run.name: f"{run.cindex_mean:.3f} ± {run.cindex_sd:.3f}" for run in runs}

    def state(one: usecases.MethodState) -> str:
        if not one.runs:
            return retell(one.lacks) or tr("not trained yet")
        return told[one.runs[0]] + (tr(", and {count} more", count=len(one.runs) - 1) if len(one.runs) > 1 else "")

    return pd.DataFrame({
        "title": [retell(one.title) for one in methods],
        "state": [state(one) for one in methods],
        "reads": [" + ".join(tr(MODALITIES.get(name, name)) for name in one.reads) or "–" for one in methods],
        "needs": [retell(one.needs) for one in methods], "source": [retell(one.source) for one in methods],
    })  # fmt: skip


def _ask(cohort: usecases.CohortEntry, methods: Sequence[usecases.MethodState], *, page: str) -> None:
    titles = {one.name: retell(one.title) for one in methods if one.reads}
    untrained = [one.name for one in methods if one.reads and not one.runs]
    chosen = st.multiselect(tr("Train"), list(titles), key=f"{page}.train_{cohort.name}",
                            format_func=titles.__getitem__, placeholder=tr("Methods to train on this cohort"))
    with st.container(horizontal=True):
        if st.button(tr("Train"), type="primary", key=f"{page}.train", disabled=not chosen,
                     icon=":material/model_training:"):
            _file(cohort.name, chosen)
        if st.button(tr("Train all that are not trained"), key=f"{page}.train_all", disabled=not untrained):
            _file(cohort.name, untrained)
    st.caption(tr("On the cohort's folds, with each method's usual settings; other settings have the command "
                  "crossval. It takes from seconds to hours, you may leave the page, and what is stopped goes on "
                  "where it was. Predictions of new cases wait meanwhile. A method that was trained before is "
                  "trained again only if its data, settings or this program changed."))


def _file(cohort: str, models: Sequence[str]) -> None:
    job_id = usecases.file_training(cohort, models)
    remember_job(job_id)
    wake_worker()
    st.query_params[PARAMETER] = job_id
    st.rerun()


def _show_job(job_id: str, *, page: str) -> None:
    job = read_job(job_id)
    if job.kind != usecases.TRAINING:
        raise UnknownNameError("This job trains nothing.", hint="Page 'New case' shows predictions.")
    remember_job(job_id)
    st.markdown(tr("**Training on {cohort}**", cohort=escape(read_payload(job_id)["cohort"])))
    if not job.is_finished:
        wake_worker()
        show_progress(job_id, page=page)
        return
    _tell_end(job)
    if st.button(tr("Train others"), key=f"{page}.train_others"):
        del st.query_params[PARAMETER]
        st.rerun()


def _tell_end(job: Job) -> None:
    if job.state == "cancelled":
        st.info(tr("Stopped. What was finished is kept; started again, the rest goes on where it was."),
                icon=":material/cancel:")
    elif job.result is None:
        show_error(job.message, job.hint)
    else:
        titles = {one["name"]: str(one["title"]) for one in usecases.describe_methods()}
        for one in job.result["outcomes"]:
            why = f": {escape(retell(one['error']))}" if one["error"] else ""
            icon, word = STATES[one["state"]]
            st.markdown(f"{icon} {tr(word)} **{escape(retell(titles[one['model']]))}**{why}")
