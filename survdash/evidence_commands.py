"""The commands of the evidence: the shipped models of real cohorts."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from survdash.console import interrupt_for_us_alone
from survdash.progress import Report


def add_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Everything that makes or checks the evidence."""
    made = command("ship-models", _ship, "train and write the models of real cohorts that come with survdash",
                   "ship-models ../shared/tcga --out models --page docs/evidence.md", tables=Path)  # fmt: skip
    made.add_argument("--out", type=Path, required=True, help="folder of the shipped models")
    made.add_argument("--page", type=Path, help="page of the documentation whose figures are written anew")
    made.add_argument("--cohorts", type=_names, default=(), help="of blca,luad,ucec; default: all")
    made.add_argument("--jobs", type=int, default=1, help="processes that share the folds")
    _add_evidence(command)
    made = command("audit", _audit, "controls that must fail, learning curve, stability and leaks of a method",
                   "audit blca --model cox_ridge", cohort=str)  # fmt: skip
    made.add_argument("--model", default="default", help="a method, as 'models' lists them")
    made.add_argument("--modalities", type=_names, help="of genes,slide,clinical")
    made.add_argument("--repeats", type=int, default=3, help="times that outcomes and slides are shuffled")
    made.add_argument("--seeds", type=int, default=3, help="trainings whose ranks are compared")
    made = command("tripod", _tripod, "write the TRIPOD+AI sheet of a trained model",
                   "tripod blca-default --out blca.html", model=str)  # fmt: skip
    made.add_argument("--out", type=Path, required=True, help="HTML, or Markdown where it ends in .md")
    _add_reproduce(command)


def _add_evidence(command: Callable[..., argparse.ArgumentParser]) -> None:
    made = command("evidence", _evidence, "train and judge the default and others on real cohorts, write the tables",
                   "evidence --page docs/evidence.md")  # fmt: skip
    made.add_argument("cohort", nargs="*", help="blca luad ucec luads skcms luscs (default: all six), or any that is "
                      "here")  # fmt: skip
    made.add_argument("--tables", type=Path, help="folder of the public tables, for cohorts that are not here")
    made.add_argument("--seeds", type=int, default=3, help="trainings of each network with chance of its own")
    made.add_argument("--quick", action="store_true",
                      help="to try it: a network 8 wide after one epoch beside the Cox models, one seed")  # fmt: skip
    made.add_argument("--page", type=Path, help="page of the documentation whose tables are written anew")
    made.add_argument("--jobs", type=int, default=1, help="processes that share the folds")


def _add_reproduce(command: Callable[..., argparse.ArgumentParser]) -> None:
    made = command("reproduce", _reproduce, "the paper's experiments by its protocol, on bags of ResNet50 features",
                   "reproduce --cohort BLCA --bags resnet50/ --out blca-paper")  # fmt: skip
    made.add_argument("--cohort", required=True, help="BLCA, LUAD or UCEC")
    made.add_argument("--bags", type=Path, required=True, help="folder with the features of every tile, a file a slide")
    made.add_argument("--tables", type=Path, help="folder with the public tables and splits/")
    made.add_argument("--out", type=Path, help="folder for tables and figure; default: COHORT-paper")
    made.add_argument("--epochs", type=int, default=20, help="of the paper's 20, fewer to try it out")
    made.add_argument("--methods", type=_names, help="of Table 1; default: all ten")
    made.add_argument("--ablations", type=_names, help="of Table 2; default: all three; 'none' for none")
    made.add_argument("--jobs", type=int, default=1, help="processes that share the folds")


def _audit(options: argparse.Namespace, report: Report) -> dict[str, Any]:
    from survdash.usecases.auditing import audit_cohort

    with interrupt_for_us_alone():
        made = audit_cohort(options.cohort, model=options.model, modalities=options.modalities,
                            repeats=options.repeats, seeds=options.seeds, report=report)  # fmt: skip
    words = {True: "as it should be", False: "NOT as it should be", None: "to know"}
    if options.json:
        return made
    return {"cohort": made["cohort"], "run": made["run"], "c_index": made["intact"],
            "findings": [f"{one['words']} [{words[one['good']]}]" for one in made["findings"]]}  # fmt: skip


def _tripod(options: argparse.Namespace, report: Report) -> dict[str, Any]:
    from survdash.errors import InputError
    from survdash.store import write_text
    from survdash.usecases.tripod import tripod_html, tripod_items, tripod_markdown

    if options.out.is_dir():
        raise InputError(f"{options.out} is a folder.", hint="Name a file, for instance tripod.html.")
    write = tripod_markdown if options.out.suffix.lower() == ".md" else tripod_html
    write_text(options.out, write(options.model))
    items = tripod_items(options.model)
    return {"path": str(options.out), "items": len(items), "filled": sum(one.filled for one in items)}


def _reproduce(options: argparse.Namespace, report: Report) -> dict[str, Any]:
    from survdash.features.encoders import choose_device
    from survdash.settings import settings
    from survdash.usecases.reproduction import TABLE_1, TABLE_2, TABLES, Protocol, reproduce

    protocol = Protocol(
        cancer=options.cohort, bags=options.bags, tables=options.tables or TABLES, epochs=options.epochs,
        out=options.out or Path(f"{options.cohort.lower()}-paper"), methods=options.methods or TABLE_1,
        ablations=() if options.ablations == ("none",) else options.ablations or TABLE_2, jobs=options.jobs,
        device=choose_device(settings().device),
    )
    with interrupt_for_us_alone():
        made = reproduce(protocol, report=report)
    shown = ("title", "reads", "mean", "sd", "low", "high", "published", "seconds")
    tables = {name: [{key: row[key] for key in shown} for row in made[name]] for name in ("table_1", "table_2")}
    return {"folder": str(protocol.out), **tables, "figure_4": made["figure_4"]}


def _ship(options: argparse.Namespace, report: Report) -> dict[str, Any]:
    from survdash.usecases.shipping import ship_models

    with interrupt_for_us_alone():
        made = ship_models(options.tables, out=options.out, names=options.cohorts, page=options.page,
                           jobs=options.jobs, report=report)  # fmt: skip
    return {"shipped": made, "folder": str(options.out)}


def _evidence(options: argparse.Namespace, report: Report) -> dict[str, Any]:
    from survdash.errors import InputError
    from survdash.usecases.evidence_run import SUMMARIES, make_evidence
    from survdash.usecases.studies import TABLES

    if options.seeds < 1:
        raise InputError(f"{options.seeds} seeds are too few.", hint="Give a number from 1.")
    if options.page is not None and not options.page.is_file():
        raise InputError(f"{options.page} is not there.", hint="Name a page with marks such as <!-- blca -->.")
    started = time.perf_counter()
    with interrupt_for_us_alone():
        made = make_evidence(
            options.cohort, tables=options.tables or TABLES, seeds=options.seeds, quick=options.quick,
            page=options.page, jobs=options.jobs, report=report,
        )
    made["seconds"] = round(time.perf_counter() - started)
    if options.json:
        return made
    lines = {title: made[title] for title in SUMMARIES.values() if title in made}
    return {"cohorts": list(made["cohorts"]), "left_out": made["left_out"], "seeds": made["seeds"], **lines,
            "seconds": made["seconds"]}  # fmt: skip


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
