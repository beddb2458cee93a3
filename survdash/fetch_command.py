"""The command ``fetch-cohort``: what would come and how much, the download, the import."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survdash.import_commands import answer_of, ask_at_terminal
from survdash.progress import Report

if TYPE_CHECKING:
    from survdash.usecases import FetchPlan


def add_arguments(made: argparse.ArgumentParser) -> None:
    """Everything that ``fetch-cohort`` can be told."""
    made.add_argument("cohort", help="a TCGA cohort, such as BLCA")
    made.add_argument("--source", choices=("gdc", "cbioportal"), default="gdc",
                      help="the Genomic Data Commons, or cBioPortal's PanCancer Atlas study")  # fmt: skip
    made.add_argument("--what", type=_names, default=("clinical", "genes"), metavar="clinical,genes,slides",
                      help="what to fetch (default clinical,genes); slides of one cohort are hundreds of GB")
    made.add_argument("--cases", type=int, metavar="N", help="only the first N cases that have all of it")
    made.add_argument("--case", action="append", default=[], metavar="ID", help="only this case; repeat for several")
    made.add_argument("--name", default="", help="what the cohort is called here; default: as TCGA calls it, with the "
                      "source where models of that name come with survdash")  # fmt: skip
    made.add_argument("--jobs", type=int, default=4, help="files fetched at once (default 4, at most 16)")
    made.add_argument("--compare", action="store_true",
                      help="ask the other source for its outcomes too, and say where the two disagree")  # fmt: skip
    made.add_argument("--expression", choices=("rsem", "zscores"), default="",
                      help="of cBioPortal: log2(RSEM + 1), or z-scores against diploid samples; default: what models "
                      "that come with survdash for this cancer read, else rsem")  # fmt: skip
    made.add_argument("--out", type=Path, help="folder for the files; default: downloads/ in the data folder")
    made.add_argument("--dry-run", action="store_true", help="say what would come and how much; fetch nothing")
    made.add_argument("--preview", action="store_true",
                      help="fetch, and say what the cohort would be; store none (the same without it then does)")
    made.add_argument("--yes", action="store_true", help="store without a question; none is asked but at a terminal")


def run(options: argparse.Namespace, report: Report) -> dict[str, Any] | list[Any]:
    """Fetch and import what was asked for; started again after a kill it goes on where it was."""
    from survdash import usecases

    request = usecases.FetchRequest(
        cohort=options.cohort, source=options.source, what=options.what, cases=options.cases,
        case_ids=tuple(options.case), jobs=options.jobs, name=options.name, folder=options.out, compare=options.compare,
        expression=options.expression,
    )  # fmt: skip
    if options.dry_run:
        return usecases.plan_fetch(request, report=report).to_json()
    agree = None if options.preview else ask_at_terminal(options)
    made = usecases.fetch_cohort(request, store=not options.preview, on_plan=_tell, agree=agree, report=report)
    if options.json:
        return usecases.fetch_to_json(made)
    steps = ["Next:", *(f"  {step}" for step in made.next_steps)] if made.next_steps else []
    if made.preview is None:
        return [f"Fetched to {made.plan.folder}; there are no genes to import.", *steps]
    return [*answer_of(made.preview.report, stored=made.stored, shown=agree is not None), *steps]


def _tell(plan: FetchPlan) -> None:
    """Say what will come, on stderr, before anything does."""
    print(f"{len(plan.cases)} cases, {plan.events} deaths, from {plan.source} ({plan.release}):", file=sys.stderr)
    for kind, (number, size, here) in plan.sizes.items():
        already = f", {here / 1e6:.1f} MB are here" if here else ""
        print(f"  {kind}: {number}, {size / 1e6:.1f} MB{already}", file=sys.stderr)
    print(f"  to {plan.folder}, {plan.free_bytes / 1e9:.1f} GB free", file=sys.stderr, flush=True)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
