"""``predict --manifest``: many new cases at once, checked whole before the first begins, and gone on with later."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from survdash.errors import InputError
from survdash.progress import Report
from survdash.slide_commands import check_headers

ALONE = ("slide", "bag", "genes", "mpp", "mask", "age", "sex", "stage", "explain", "report")


def add_arguments(made: argparse.ArgumentParser) -> None:
    """Add ``--manifest`` and ``--manifest-template`` to ``predict``."""
    made.add_argument("--manifest", type=Path, metavar="CSV",
                      help="many cases: a table with the columns case_id, slides, genes, age, sex, stage, mpp; paths "
                           "count from its folder; results go to --out, and a second run goes on")  # fmt: skip
    made.add_argument("--manifest-template", type=Path, metavar="CSV", help="write such a table, to fill in")


def run(options: argparse.Namespace, report: Report) -> dict[str, Any]:
    """Check the table, predict its cases, write ``predictions.csv``, ``failures.csv`` and a file a case."""
    from survdash import usecases
    from survdash.store import write_text

    if given := [f"--{name}" for name in ALONE if getattr(options, name)]:
        raise InputError(f"{', '.join(given)} stand beside --manifest.", hint="Write them into the table.")
    if options.out is None:
        raise InputError("Many cases need a place.", hint="Name a folder with --out.")
    if not options.manifest.is_file():
        raise InputError(f"{options.manifest} is not there.", hint="Give the path of a CSV file.")
    cohort, name = usecases.model_for_command(options.model)
    manifest = usecases.read_manifest(
        options.manifest, find=lambda file: options.manifest.parent / file, cohort=cohort, run=name,
        even_if_unlike=options.even_if_unlike,
    )  # fmt: skip
    manifest.refuse_faults()
    check_headers([slide for request in manifest.requests for slide in request.slides], options)
    outcomes = usecases.predict_batch(manifest.requests, folder=options.out / "cases", report=report)
    export = usecases.batch_export(outcomes)
    write_text(options.out / "predictions.csv", export.csv)
    write_text(options.out / "predictions.json", export.sidecar())
    write_text(options.out / "failures.csv", usecases.failures_csv(outcomes))
    failed = [one for one in outcomes if one.prediction is None]
    options.status = 2 if failed else 0
    return {
        "cases": len(outcomes), "predicted": len(outcomes) - len(failed), "kept": sum(one.kept for one in outcomes),
        "failed": [{"case_id": one.case_id, "message": one.message, "hint": one.hint} for one in failed],
        "folder": str(options.out),
    }  # fmt: skip
