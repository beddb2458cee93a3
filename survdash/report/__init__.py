"""One patient on one sheet of A4: what is predicted, how sure, why, and what made it; as HTML and as PDF."""

from survdash.report.facts import ReportFacts, report_facts
from survdash.report.sheet import language_of_pdf, report_html, report_pdf

__all__ = ["ReportFacts", "language_of_pdf", "report_facts", "report_html", "report_pdf"]
