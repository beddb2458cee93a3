"""The command ``compare``: the trained models of a cohort side by side, on the screen and as files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from survdash.errors import InputError
from survdash.progress import Report


def add_arguments(made: argparse.ArgumentParser) -> None:
    """Everything that ``compare`` can be told."""
    made.add_argument("cohort")
    made.add_argument("--models", type=_names, help="only these runs")
    made.add_argument("--csv", type=Path, metavar="FILE", help="write the table, and beside it what made it, as "
                      "NAME.provenance.json")  # fmt: skip
    made.add_argument("--latex", type=Path, metavar="FILE", help="write the table for a paper (booktabs)")


def run(options: argparse.Namespace, report: Report) -> dict[str, Any]:
    """Compare, and write what was asked for.

    Raises
    ------
    InputError
        If two files would be one, or one is a folder.
    """
    from survdash import usecases
    from survdash.store import write_text

    csv, latex = options.csv, options.latex
    sidecar = None if csv is None else csv.with_name(f"{csv.stem}.provenance.json")  # as the page names it
    paths = [path for path in (csv, sidecar, latex) if path is not None]
    for path in paths:
        if path.is_dir():
            raise InputError(f"{path} is a folder.", hint="Name a file, for instance methods.csv.")
    if len({path.absolute() for path in paths}) < len(paths):
        raise InputError("CSV, its provenance and LaTeX need a file each.", hint="Give them different names.")
    table = usecases.compare_models(options.cohort, options.models and tuple(dict.fromkeys(options.models)))
    rows = json.loads(table.to_json(orient="records", double_precision=15))  # pandas writes NaN as null
    answer: dict[str, Any] = {"cohort": options.cohort, "rows": rows}
    if csv is not None and sidecar is not None:
        export = usecases.export_models(options.cohort, table)
        write_text(csv, export.csv)
        write_text(sidecar, export.sidecar())
        answer |= {"csv": str(csv), "provenance": str(sidecar)}
    if latex is not None:
        write_text(latex, usecases.latex_of_models(options.cohort, table))
        answer["latex"] = str(latex)
    return answer


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
