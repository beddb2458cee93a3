"""The buttons that give a patient's report away, as PDF and as HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import streamlit as st

from survdash import usecases
from survdash.explanation.record import Explanation
from survdash.language import ENGLISH, language, later, speaking, tr
from survdash.prediction import Prediction
from survdash.report import ReportFacts, language_of_pdf, report_html, report_pdf
from survdash.statistics.kaplan_meier import KaplanMeier
from survdash.ui.downloads import offer

IN_ENGLISH = later(
    "In English: this server has no font with the letters of your language. The HTML is in your language."
)


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

    def made(write: Callable[[ReportFacts], str | bytes], tongue: str) -> Callable[[], str | bytes]:
        def make() -> str | bytes:
            with speaking(tongue):
                today = date.today()
                return write(usecases.case_report(
                    prediction, explanation=explanation, curves=curves, outcome=outcome,
                    made_on=f"{today:%-d %B %Y}" if tongue == ENGLISH else f"{today:%Y-%m-%d}",
                ))  # fmt: skip

        return make

    name = f"{prediction.cohort}_{prediction.case_id}_report"
    with st.container(horizontal=True):
        offer(
            tr("Report (PDF)"), made(report_pdf, language_of_pdf()), f"{name}.pdf", "application/pdf",
            key=f"{page}.report_pdf", cohort=prediction.cohort, case=prediction.case_id, icon=":material/description:",
            help=tr("One page of A4: curve, numbers, what weighs most, warnings, and what made them.")
            + ("" if language_of_pdf() == language() else " " + tr(IN_ENGLISH)),
        )
        offer(
            tr("Report (HTML)"), made(report_html, language()), f"{name}.html", "text/html", key=f"{page}.report_html",
            cohort=prediction.cohort, case=prediction.case_id, icon=":material/print:",
            help=tr("The same page for a browser; it prints to A4."),
        )
