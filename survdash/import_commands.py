"""The commands on whole cohorts: look at an import, do it, take it back; carry a cohort to another machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survdash.console import answer_lines
from survdash.errors import InputError
from survdash.progress import Report

if TYPE_CHECKING:
    from survdash.sources.preview import ImportReport
    from survdash.usecases import ImportPreview

Answer = dict[str, Any] | list[Any]
MOST_LINES = 12  # of a list in the report for people; --json has all


def add_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add ``import-cohort``, ``undo-import``, ``delete-cohort``, ``export-cohort`` and ``import-archive``."""
    made = command("import-cohort", _import_cohort, "import tables as a cohort",
                   "import-cohort blca.csv.zip --name blca --folds splits/blca", table=Path)  # fmt: skip
    made.add_argument("--name", help="of the cohort; needed unless --suggest-mapping is given")
    made.add_argument("--folds", type=Path, help="folder with splits_0.csv, splits_1.csv, ...; five are made without")
    made.add_argument("--folds-by-site", action="store_true", help="made folds: no hospital on both sides")
    made.add_argument("--features", type=Path, help="slide-level feature table, bag file, or folder of bag files")
    made.add_argument("--slide-map", type=Path, help="table of slide_id and case_id for bags without TCGA barcodes")
    made.add_argument("--encoder", help="what made the features of bags that do not say it, as uni_v1")
    made.add_argument("--link", action="store_true", help="refer to the bag files in place of copying them")
    made.add_argument("--genes", type=Path, help="gene table, one line a patient, where the first table has none")
    made.add_argument("--gene-groups", type=Path, help="table with a column a functional group, in place of the six")
    made.add_argument("--clinical", type=Path, help="clinical table to join by case id")
    made.add_argument("--mapping", type=Path, metavar="YAML", help="the table is a hospital's: what its columns mean")
    made.add_argument("--suggest-mapping", type=Path, metavar="YAML",
                      help="import nothing: propose what the columns of a hospital's table mean, to be completed")
    made.add_argument("--dry-run", action="store_true", help="say what would be imported, and write nothing")
    made.add_argument("--yes", action="store_true", help="store without a question; none is asked but at a terminal")
    made = command("cohort-report", _cohort_report, "say what is in a cohort, and what its import said",
                   "cohort-report blca", cohort=str)  # fmt: skip
    made = command("undo-import", _undo_import, "bring back what the last import of a cohort replaced, with its models",
                   "undo-import blca", cohort=str)  # fmt: skip
    made = command("delete-cohort", _delete_cohort, "delete a cohort, its models, and what its last import replaced",
                   "delete-cohort blca --yes", cohort=str)  # fmt: skip
    made.add_argument("--only-previous", action="store_true", help="only what the last import replaced")
    made.add_argument("--stop-jobs", action="store_true", help="cancel the jobs that wait or run for it")
    made.add_argument("--yes", action="store_true", help="do not ask")
    made = command("export-cohort", _export_cohort, "pack a cohort and its models into one file",
                   "export-cohort blca --out blca.zip", cohort=str)  # fmt: skip
    made.add_argument("--out", type=Path, required=True)
    made.add_argument("--without-runs", action="store_true", help="leave the trained models out")
    made = command("import-archive", _import_archive, "take in a cohort that export-cohort packed",
                   "import-archive blca.zip", archive=Path)  # fmt: skip
    made.add_argument("--dry-run", action="store_true", help="say what it holds, and write nothing")


def report_lines(told: ImportReport) -> list[str]:
    """A report of an import for people, one fact a line.

    Parameters
    ----------
    told : ImportReport
    """
    followed, median = _months(told.median_follow_up_months), _months(told.median_survival_months)
    alive = ", ".join(f"{share:.0%} after {month:.0f} months" for month, share in told.alive)
    encoder = f" ({told.encoder})" if told.encoder else ""
    lines = [
        f"Cohort {told.name}: {told.cases} patients, {told.events} deaths ({told.event_rate:.1%}), {told.endpoint}.",
        f"Median follow-up {followed} (reverse Kaplan-Meier); median survival {median}.",
        f"Alive: {alive}." if alive else "Nobody was followed for 12 months.",
        f"{told.slides} slides of {told.cases_with_slides} patients{encoder}.",
        f"{told.genes} gene columns.",
    ]
    lines += _section("Values of the genes", [
        f"{one.columns} {one.kind}: {_range(one.low, one.high)}, middle {_number(one.middle)}, {one.missing} missing"
        for one in told.gene_kinds
    ])  # fmt: skip
    lines += _section("Look at these first", told.doubts)
    lines += _section("Left out", told.dropped)
    lines += _section("  one by one", [f"line {one.line}: {one.case_id}, {one.reason}" for one in told.left_out])
    lines += _section("Stands more than once", told.duplicates)
    lines += _section("Columns not used", told.ignored)
    lines += _section("Patient table", [
        f"{one.name}: {one.kind}, " + (f"{_range(one.low, one.high)}, " if one.kind == "number" else "")
        + (", ".join(f"{word} {count}" for word, count in one.values[:5]) + ", " if one.values else "")
        + f"{one.missing} missing" for one in told.columns
    ], most=40)  # fmt: skip
    lines += _section("Genes found", [f"{one.title}: {one.found} of {one.of}" for one in told.gene_groups])
    lines += _section(f"Folds ({told.fold_origin})", [
        f"{one.fold + 1}: {one.patients} patients, {one.events} deaths" for one in told.fold_table
    ])  # fmt: skip
    return lines + _section("Notes", told.notes)


def _section(title: str, rows: list[str] | tuple[str, ...], *, most: int = MOST_LINES) -> list[str]:
    if not rows:
        return []
    rest = [f"  and {len(rows) - most} more"] if len(rows) > most else []
    return [f"{title}:", *(f"  {row}" for row in rows[:most]), *rest]


def _months(value: float | None) -> str:
    return "not reached" if value is None else f"{value:.1f} months"


def _range(low: float | None, high: float | None) -> str:
    return "no value" if low is None or high is None else f"{_number(low)} to {_number(high)}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"


def _import_cohort(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases

    if options.suggest_mapping is not None:
        return _suggest_mapping(options.table, options.suggest_mapping)
    if options.name is None:
        raise InputError("The cohort needs a name.", hint="Give --name, for instance --name blca.")
    request = usecases.ImportRequest(
        table=options.table, name=options.name, folds=options.folds, features=options.features,
        clinical=options.clinical, by_site=options.folds_by_site, mapping=options.mapping,
        genes=options.genes, gene_groups=options.gene_groups, slide_map=options.slide_map, encoder=options.encoder,
        link=options.link,
    )
    agree = ask_at_terminal(options)
    if options.dry_run:
        told = usecases.preview_import(request, report=report).report
    else:
        told = usecases.run_import(request, agree=agree, report=report).report
    if options.json:
        return usecases.report_to_json(told) | {"stored": not options.dry_run}
    return answer_of(told, stored=not options.dry_run, shown=agree is not None)


def ask_at_terminal(options: argparse.Namespace) -> Callable[[ImportPreview], bool] | None:
    """Who is at a terminal sees what would be stored and is asked; None in a pipe, with --yes and with --json."""
    if options.yes or options.json or options.dry_run or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None

    def agree(preview: ImportPreview) -> bool:
        print("\n" + "\n".join(report_lines(preview.report)))
        return input(f"Store it as cohort {preview.report.name}? [y/N] ").strip().lower() in ("y", "yes")

    return agree


def answer_of(told: ImportReport, *, stored: bool, shown: bool) -> list[str]:
    """What an import says in the end; the report too, unless it was shown before."""
    end = f"Stored as cohort {told.name}." if stored else "No cohort was written."
    return [*([] if shown else report_lines(told)), end]


def _suggest_mapping(table: Path, out: Path) -> Answer:
    """Write a proposed mapping, and say what is still open in it."""
    from survdash.sources.mapping_suggestion import suggest_mapping
    from survdash.store import write_text

    if out.is_dir() or out.resolve() == table.resolve():
        raise InputError(f"{out} cannot be the mapping.", hint="Name a new file, for instance mapping.yaml.")
    suggestion = suggest_mapping(table)
    write_text(out, suggestion.to_yaml())
    return {"mapping": str(out), "open": {question.key: question.words for question in suggestion.questions}}


def _cohort_report(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases

    told = usecases.cohort_report(options.cohort)
    return usecases.report_to_json(told) if options.json else list(report_lines(told))


def _undo_import(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases

    cohort = usecases.undo_import(options.cohort)
    runs = [one.name for one in usecases.list_runs(cohort.name)]
    return {"name": cohort.name, "cases": len(cohort.patients), "digest": cohort.digest, "runs": runs}


def _delete_cohort(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases

    what = "what the last import of cohort" if options.only_previous else "cohort"
    rest = "replaced" if options.only_previous else "with its models"
    if not options.yes:
        if not sys.stdin.isatty():
            raise InputError("Nobody is here to be asked.", hint="Say --yes to delete without a question.")
        asked = input(f"Delete {what} {options.cohort} {rest}? It cannot be brought back. Type its name: ")
        if asked.strip() != options.cohort:
            raise InputError("That is not its name: nothing is deleted.")
    freed = usecases.delete_cohort(options.cohort, only_previous=options.only_previous, stop=options.stop_jobs)
    return {"name": options.cohort, "deleted": True, "bytes": freed}


def _export_cohort(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases

    made = usecases.export_archive(options.cohort, options.out, with_runs=not options.without_runs, report=report)
    return {"path": str(options.out), "name": made.name, "files": len(made.files), "bytes": made.bytes,
            "runs": list(made.runs), "digest": made.digest}  # fmt: skip


def _import_archive(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases

    if options.dry_run:
        made = usecases.preview_archive(options.archive).archive
    else:
        made = usecases.import_archive(options.archive, report=report)
    facts = {"name": made.name, "files": len(made.files), "bytes": made.bytes, "runs": list(made.runs),
             "digest": made.digest, "stored": not options.dry_run}  # fmt: skip
    if options.json:
        return facts | {"report": None if made.report is None else usecases.report_to_json(made.report)}
    return [*([] if made.report is None else report_lines(made.report)), *answer_lines(facts)]
