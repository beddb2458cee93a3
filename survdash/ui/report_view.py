"""The buttons that give a patient's report away, as PDF and as HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import streamlit as st

from survdash import usecases
from survdash.explanation.record import Explanation
from survdash.language import tr
from survdash.prediction import Prediction
from survdash.report import ReportFacts, report_html, report_pdf
from survdash.statistics.kaplan_meier import KaplanMeier
from survdash.ui.downloads import offer


def report_buttons(
    prediction: Prediction, *, page: str, curves: Mapping[str, KaplanMeier], explanation: Explanation | None = None,
    outcome: str = "",
) -> None:  # fmt: skip
    """Draw them; the report is made when a button is clicked, and not before.

    Parameters
    ----------
    prediction : Prediction
    page : str
        First half of the widgets' keys.
    curves : mapping
        The cohort's "low" and "high" curves.
    explanation : Explanation, optional
        Without it the report has neither ledger nor genes, and says so.
    outcome : str, optional
        What happened to a patient of a cohort, in words.
    """

    def made(write: Callable[[ReportFacts], str | bytes]) -> Callable[[], str | bytes]:
        return lambda: write(usecases.case_report(
            prediction, explanation=explanation, curves=curves, outcome=outcome,
            made_on=f"{date.today():%-d %B %Y}",
        ))  # fmt: skip

    name = f"{prediction.cohort}_{prediction.case_id}_report"
    with st.container(horizontal=True):
        offer(
            tr("Report (PDF)"), made(report_pdf), f"{name}.pdf", "application/pdf", key=f"{page}.report_pdf",
            cohort=prediction.cohort, case=prediction.case_id, icon=":material/description:",
            help=tr("One page of A4: curve, numbers, what weighs most, warnings, and what made them."),
        )
        offer(
            tr("Report (HTML)"), made(report_html), f"{name}.html", "text/html", key=f"{page}.report_html",
            cohort=prediction.cohort, case=prediction.case_id, icon=":material/print:",
            help=tr("The same page for a browser; it prints to A4."),
        )
