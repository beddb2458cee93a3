"""What stands behind a model's figures: its data and their terms, where it fails, what an audit found, its sheet."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.figures.words import interval_text, percent_text
from survdash.language import tr
from survdash.retelling import retell
from survdash.ui.job_memory import remember_job
from survdash.ui.job_view import show_progress
from survdash.ui.prose import escape
from survdash.ui.startup import wake_worker

ICONS = {True: ":material/check_circle:", False: ":material/warning:", None: ":material/info:"}


def show_about(card: dict[str, Any], *, patients_here: bool, page: str) -> None:
    """Data, calibration, failures and audit of one model, and its TRIPOD+AI sheet to take along.

    Parameters
    ----------
    card : dict
        As ``usecases.list_models`` gives it.
    patients_here : bool
        Whether the model's cohort can be audited here.
    page : str
        First half of the widgets' keys.
    """
    name, about = card["name"], card["about"]
    _say_opened(card)
    if about:
        data = about["data"]
        st.markdown(f"**{escape(retell(data['title']))}**. {escape(retell(data['taken_from']))}. "
                    f"{escape(retell(data['terms']))} {escape(retell(about['privacy']))}")
        _show_horizons(about["metrics"]["horizons"], key=f"{page}.horizons.{name}")
        st.caption(escape(retell(about["curves"])))
        st.markdown(tr("**Known failures**"))
        st.markdown("\n".join(f"- {escape(retell(words))}" for words in about["known_failures"]))
    _show_audit(card, patients_here=patients_here, page=page)
    st.download_button(
        tr("TRIPOD+AI sheet"), partial(usecases.tripod_html, name), f"{name}_tripod.html", "text/html",
        key=f"{page}.tripod.{name}", icon=":material/checklist:", on_click="ignore",
        help=tr("All 27 items of the reporting guideline, filled as far as it is known here."),
    )


def show_opened(card: dict[str, Any]) -> None:
    """That a cohort's patients are told by weights that came with survdash: which, who, and how well; else nothing."""
    opened = card["about"].get("opened")
    if opened is None:
        return
    title = tr("By the weights of {model} that came with survdash: {held_out:,} patients held out, {new:,} new to it; "
               "their values come from another source", model=opened["model"], held_out=opened["held_out"],
               new=opened["new"])  # fmt: skip
    with st.expander(title, icon=":material/move_to_inbox:"):
        _say_opened(card)


def _say_opened(card: dict[str, Any]) -> None:
    if "opened" in card["about"]:
        st.markdown("\n".join(f"- {escape(retell(words))}" for words in card["about"]["opened"]["words"]))


def _show_horizons(horizons: dict[str, dict[str, Any]], *, key: str) -> None:
    rows = [
        {tr("Months"): month, tr("Predicted deaths"): percent_text(found["predicted"]),
         tr("Seen"): percent_text(found["observed"]),
         tr("Off by (ICI)"): interval_text(found["ici"], found["ici_low"], found["ici_high"]),
         tr("AUC"): interval_text(found["auc"], found["auc_low"], found["auc_high"]),
         tr("Brier score"): f"{found['brier']:.3f}", tr("of everybody's curve"): f"{found['brier_reference']:.3f}"}
        for month, found in horizons.items() if "ici" in found
    ]  # fmt: skip
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, key=key, height="content",
                     alt=tr("Calibration and error of the predictions at 12, 36 and 60 months."))


def _show_audit(card: dict[str, Any], *, patients_here: bool, page: str) -> None:
    name, cohort, recipe = card["name"], card["cohort"], card["recipe"]
    found = usecases.stored_audit(cohort, card["run"])
    st.markdown(tr("**Could it be too good to be true?**"))
    if found is not None:
        for one in found["findings"]:
            st.markdown(f"{ICONS[one['good']]} {escape(retell(one['words']))}")
        st.caption(tr("Audited with {count} shuffles and {seeds} seeds.", count=found["repeats"], seeds=found["seeds"]))
        return
    waiting = f"{page}.audit_job.{name}"
    if job_id := st.session_state.get(waiting):
        show_progress(job_id, page=f"{page}.{name}")
        return
    if not patients_here:
        st.caption(tr("Not audited, and its patients are not on this machine."))
        return
    if st.button(tr("Audit this method"), key=f"{page}.audit.{name}", icon=":material/policy:", help=tr(
        "Trains it anew with shuffled outcomes, wrong slides, fewer patients and other seeds, and looks for leaks. It "
        "may take as long as ten trainings; what is stopped goes on where it was."
    )):
        job_id = usecases.file_audit(cohort, recipe["model"], modalities=tuple(recipe["modalities"]))
        st.session_state[waiting] = job_id
        remember_job(job_id)
        wake_worker()
        st.rerun()
