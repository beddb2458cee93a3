"""What came out of a batch: a table of answers, the failures with what to do, exports, and each case by its link."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.errors import UnknownNameError
from survdash.language import tr
from survdash.retelling import retell
from survdash.ui.answer_view import show_answer
from survdash.ui.downloads import offer
from survdash.ui.error_box import error_box, show_error
from survdash.ui.job_view import show_job_next
from survdash.ui.piece import csv_and_provenance
from survdash.ui.prose import escape

PARAMETER = "case"
HORIZON = 36


def show_batch_job(job_id: str, *, page: str) -> None:
    """The answers of a finished batch, or the one of them that the address names."""
    outcomes = usecases.job_batch(job_id)
    outcome = case_of_address(outcomes)
    if outcome is None:
        show_batch(outcomes, job_id, page=page)
        return
    show_case_links(outcome, job_id)
    if outcome.prediction is None:
        show_error(outcome.message, outcome.hint)
        return
    st.button(
        tr("Why this answer, and what if"), key=f"{page}.why", icon=":material/psychology_alt:",
        on_click=_ask_why, args=(job_id, outcome.case_id),
        help=tr("Which tissue and which genes weigh in it, the slide itself and questions of your own: this case is "
                "computed once more, which takes seconds, and opens under an address of its own."),
    )  # fmt: skip
    show_answer(outcome.prediction, None, page=page)


def _ask_why(job_id: str, case_id: str) -> None:
    # A callback, and not an answer to the click: it runs before the page, which may then be another one.
    with error_box():
        show_job_next(usecases.file_case_of_batch(job_id, case_id))


def case_of_address(outcomes: Sequence[usecases.CaseOutcome]) -> usecases.CaseOutcome | None:
    """The case that the address names beside the batch; None where it names none.

    Raises
    ------
    UnknownNameError
        If no case of the batch is called so.
    """
    name = st.query_params.get(PARAMETER)
    if name is None:
        return None
    # A link to the page that it stands on gives the page its address, but not the browser: said once more, both have
    # it, and a click on the page does not fall back to the table.
    st.query_params[PARAMETER] = name
    for outcome in outcomes:
        if outcome.case_id == name:
            return outcome
    raise UnknownNameError(f"No patient of this table is called {name[:80]!r}.", hint="Open one from the list.")


def show_batch(outcomes: Sequence[usecases.CaseOutcome], job_id: str, *, page: str) -> None:
    """Draw the table of answers, the failures and the downloads."""
    made = [one for one in outcomes if one.prediction is not None]
    failed = [one for one in outcomes if one.prediction is None]
    if failed:
        st.header(tr("{made} of {count} patients have an answer", made=len(made), count=len(outcomes)), anchor=False)
    else:
        st.header(tr("All {count} patients have an answer", count=len(outcomes)), anchor=False)
    if made:
        _show_answers(made, job_id, page=page)
        csv_and_provenance(usecases.batch_export(outcomes), name=f"batch_{job_id[:8]}", page=page)
    if failed:
        st.subheader(tr("Without an answer"), anchor=False)
        columns = [tr("Patient"), tr("What is wrong"), tr("What to do")]
        rows = [(one.case_id, retell(one.message), retell(one.hint)) for one in failed]
        st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, key=f"{page}.failed",
                     alt=tr("Patients without an answer, and why."))  # fmt: skip
        offer(
            tr("Failures (CSV)"), usecases.failures_csv(outcomes), f"failures_{job_id[:8]}.csv", "text/csv",
            key=f"{page}.failures", cohort=next((one.prediction.cohort for one in outcomes if one.prediction), ""),
        )  # fmt: skip


def show_case_links(outcome: usecases.CaseOutcome, job_id: str) -> None:
    """Above one case of a batch: whose it is, and the way back."""
    st.page_link("new_case.py", label=tr("All patients of this table"), icon=":material/arrow_back:",
                 query_params={"job": job_id})  # fmt: skip
    st.header(escape(outcome.case_id), anchor=False)


def _show_answers(made: Sequence[usecases.CaseOutcome], job_id: str, *, page: str) -> None:
    rows = []
    for one in made:
        answer = one.prediction
        if answer is None:
            continue
        at = answer.at(HORIZON)
        rows.append({
            "case": one.case_id, "alive": None if at is None else round(100 * at[0]),
            "percentile": round(answer.percentile), "group": tr(answer.group or ""), "model": answer.model,
            "warnings": len(answer.warnings),
        })  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, key=f"{page}.batch_table",
        alt=tr("Each patient with the share alive at three years, the risk percentile and the group."),
        column_config={
            "case": tr("Patient"), "model": tr("Model"), "warnings": tr("Warnings"), "group": tr("Risk group"),
            "alive": st.column_config.NumberColumn(tr("Alive at 3 years, of 100"), format="%d"),
            "percentile": st.column_config.NumberColumn(tr("Risk percentile"), format="%d"),
        },
    )  # fmt: skip
    cohorts = ", ".join(sorted({one.prediction.cohort for one in made if one.prediction}))
    st.caption(escape(tr("Percentile and group are those among the patients of {cohort}, on whom the models were "
                         "trained. How sure each answer is, and its warnings, stand with the patient.",
                         cohort=cohorts)))  # fmt: skip
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    case = left.selectbox(tr("Open a patient"), [one.case_id for one in made], key=f"{page}.batch_case")
    with right:
        st.page_link("new_case.py", label=tr("Open {case}", case=escape(str(case))), icon=":material/person:",
                     query_params={"job": job_id, PARAMETER: str(case)})  # fmt: skip
