"""The commands of the evidence: the shipped models of real cohorts."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from survdash.console import interrupt_for_us_alone
from survdash.progress import Report


def add_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Everything that makes or checks the evidence."""
    made = command("ship-models", _ship, "train and write the models of real cohorts that come with survdash",
                   "ship-models ../shared/tcga --out models", tables=Path)  # fmt: skip
    made.add_argument("--out", type=Path, required=True, help="folder of the shipped models")
    made.add_argument("--cohorts", type=_names, default=(), help="of blca,luad,ucec; default: all")
    made.add_argument("--jobs", type=int, default=1, help="processes that share the folds")


def _ship(options: argparse.Namespace, report: Report) -> dict[str, Any]:
    from survdash.usecases.shipping import ship_models

    with interrupt_for_us_alone():
        made = ship_models(options.tables, out=options.out, names=options.cohorts, jobs=options.jobs, report=report)
    return {"shipped": made, "folder": str(options.out)}


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
