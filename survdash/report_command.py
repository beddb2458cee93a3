"""The command ``report``: one patient of a cohort on one sheet, as PDF or HTML."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survdash.errors import InputError
from survdash.progress import Report

if TYPE_CHECKING:
    from survdash.report import ReportFacts

KINDS = (".pdf", ".html")


def add_arguments(made: argparse.ArgumentParser) -> None:
    """Everything that ``report`` can be told."""
    made.add_argument("cohort")
    made.add_argument("--case", required=True, help="the patient's id, as in the cohort's table")
    made.add_argument("--model", default="default", help="a run of the cohort, as 'models' lists them")
    made.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write: NAME.pdf or NAME.html")
    made.add_argument("--date", default="", help="a date to print on it; without one, equal inputs give equal bytes")
    made.add_argument("--explain", action="store_true",
                      help="first compute which parts and genes weigh most, unless that is kept from earlier")


def run(options: argparse.Namespace, report: Report) -> dict[str, Any]:
    """Write the report.

    Raises
    ------
    InputError
        If the file's ending says neither PDF nor HTML, or it is a folder.
    """
    from survdash import usecases

    out = options.out
    if out.suffix.lower() not in KINDS:
        raise InputError(f"{out} is no name of a report.", hint="End it with .pdf or .html.")
    if out.is_dir():
        raise InputError(f"{out} is a folder.", hint="Name a file, for instance report.pdf.")
    who = options.cohort, options.model, options.case
    if options.explain and usecases.stored_explanation(*who) is None:
        usecases.explain_patient(*who, report=report)
    facts = usecases.patient_report(*who, made_on=options.date)
    write_report(facts, out)
    return {"path": str(out), "case_id": facts.case_id, "role": facts.role, "explained": bool(facts.ledger),
            "warnings": list(facts.warnings), "stamp": facts.stamp}  # fmt: skip


def write_report(facts: ReportFacts, path: Path) -> None:
    """Write a report as what its name ends with, whole or not at all."""
    from survdash.report import report_html, report_pdf
    from survdash.store import new_file

    with new_file(path) as temporary:
        made = report_pdf(facts) if path.suffix.lower() == ".pdf" else report_html(facts).encode()
        temporary.write_bytes(made)
