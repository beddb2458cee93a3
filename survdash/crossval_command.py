"""The command ``crossval``: its arguments, one run, or all methods on several cohorts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from survdash.console import interrupt_for_us_alone
from survdash.errors import InputError
from survdash.progress import Report

SWITCHES = ("alignment", "cross_attention", "transport")  # of the network
PATHS = ("prior", "product")  # of what stands beside it in glg_linear


def add_arguments(made: argparse.ArgumentParser) -> None:
    """Everything that ``crossval`` can be told."""
    made.add_argument("cohort", nargs="+", help="one; with --all, one or several")
    made.add_argument("--all", action="store_true",
                      help="every method on every cohort named; finished runs are not trained again")  # fmt: skip
    made.add_argument("--model", default="default", help="a method, as 'models' lists them")
    made.add_argument("--modalities", type=_names,
                      help="of genes,slide,clinical; default: genes and slide where the cohort has them")  # fmt: skip
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--seeds", type=int, help="networks a fold, averaged (default 1)")
    made.add_argument("--epochs", type=int)
    made.add_argument("--stop", choices=("last", "inner"),
                      help="the last epoch is the model, or a fifth of the training patients chooses it")  # fmt: skip
    made.add_argument("--loss", choices=("nll", "cox"), help="discrete time bins, or Cox's partial likelihood")
    made.add_argument("--bins", type=int, help="time bins (default 4)")
    made.add_argument("--max-tiles", type=int, help="tiles of a case that an epoch looks at; default: all")
    made.add_argument("--learning-rate", type=float)
    made.add_argument("--width", type=int, help="token width of the network, or with --all of every network")
    made.add_argument("--without", type=_names, action="append", default=[],
                      help=f"parts that glg does without, of {', '.join(SWITCHES)}; "
                           f"glg_linear also of {', '.join(PATHS)}")  # fmt: skip
    made.add_argument("--option", type=_option, action="append", default=[], metavar="NAME=VALUE",
                      help="another option of the network: yes, no, a number or a word")  # fmt: skip
    made.add_argument("--folds", choices=("given", "made"), default="given", help="the cohort's own, or made anew")
    made.add_argument("--k", type=int, default=5, help="how many folds to make")
    made.add_argument("--by-site", action="store_true", help="made folds: no hospital on both sides")
    made.add_argument("--jobs", type=int, default=1, help="processes that share the folds and seeds")
    made.add_argument("--out", type=Path, help="folder for the trained model; default: with the cohort")


def run(options: argparse.Namespace, report: Report) -> dict[str, Any]:
    """Train what was asked for and tell how it did.

    Raises
    ------
    InputError
        If arguments do not go together.
    """
    changes = {name: getattr(options, name) for name in ("epochs", "stop", "loss", "bins", "seeds", "max_tiles")}
    changes |= {"seed": options.seed, "learning_rate": options.learning_rate}
    if options.folds == "made":
        changes |= {"made_folds": options.k, "by_site": options.by_site}
    elif options.by_site:
        raise InputError("The cohort's own folds cannot be made by site.", hint="Add --folds made.")
    if options.all:
        return _run_all(options, changes, report)
    if len(options.cohort) > 1:
        raise InputError(f"{len(options.cohort)} cohorts, and one can be trained on.", hint="Add --all for several.")
    return _run_one(options, changes, report)


def _run_one(options: argparse.Namespace, changes: dict[str, Any], report: Report) -> dict[str, Any]:
    from survdash import usecases
    from survdash.usecases.library import run_folder

    cohort = usecases.open_cohort(options.cohort[0])
    network: dict[str, str | float | int | bool] = {} if options.width is None else {"width": options.width}
    network |= dict(options.option) | dict.fromkeys(_switches(options), False)
    recipe = usecases.make_recipe(
        cohort, model=options.model, modalities=options.modalities, options=network, **changes
    )
    folder = options.out or run_folder(cohort.name, recipe.run_name(cohort.modalities))
    replaced = (folder / "card.json").is_file()
    with interrupt_for_us_alone():
        made = usecases.crossval(cohort, recipe, jobs=options.jobs, folder=options.out, report=report)
    card = made.card
    return {
        "cohort": card.cohort, "run": card.run, "cases": card.cases, "events": card.events,
        "cindex": made.evaluation()["cindex"], "seconds": card.seconds, "params": card.parameters,
        "model_version": card.version, "replaced": replaced,
    }


def _run_all(options: argparse.Namespace, changes: dict[str, Any], report: Report) -> dict[str, Any]:
    """One line on stderr for each run when it is done, a table of all at the end; status 2 if one failed."""
    from survdash import usecases

    alone = ("model", "modalities", "learning_rate", "without", "option", "out")
    wrong = [name for name in alone if getattr(options, name) not in (None, [], "default")]
    if wrong:
        words = ", ".join(f"--{name.replace('_', '-')}" for name in wrong)
        raise InputError(f"{words} is for one run and does not go with --all.", hint="Leave it out.")
    rows = []
    with interrupt_for_us_alone():
        for one in usecases.crossval_all(
            options.cohort, width=options.width, jobs=options.jobs, report=report, **changes
        ):
            row: dict[str, Any] = {"cohort": one.cohort, "model": one.model, "state": one.state}
            if one.artefact is not None:
                card, cindex = one.artefact.card, one.artefact.evaluation()["cindex"]
                row |= {"run": card.run, "cases": card.cases, "events": card.events, "mean": cindex["mean"],
                        "sd": cindex["sd"], "seconds": card.seconds}  # fmt: skip
            else:
                row["why"] = one.error
            rows.append(row)
            told = f"c {row['mean']:.3f} ± {row['sd']:.3f}" if "mean" in row else row["why"]
            sys.stderr.write(f"{one.cohort}, {one.model}: {one.state}; {told}\n")
            sys.stderr.flush()
    options.status = 2 if any(row["state"] == "failed" for row in rows) else 0
    return {"runs": rows}


def _switches(options: argparse.Namespace) -> tuple[str, ...]:
    """What the model does without."""
    names = tuple(dict.fromkeys(name for names in options.without for name in names))
    known = (*SWITCHES, *PATHS)
    wrong = [name for name in names if name not in known]
    if wrong:
        raise InputError(f"No model can do without {', '.join(wrong)}.", hint=f"Known: {', '.join(known)}.")
    able = {name: ("glg_linear", "default", *(("glg",) if name in SWITCHES else ())) for name in names}
    unable = [name for name in names if options.model not in able[name]]
    if unable:
        raise InputError(
            f"Only glg and glg_linear have {', '.join(unable)} to do without; the model is {options.model}."
            if unable[0] in SWITCHES else f"Only glg_linear has {', '.join(unable)} to do without."
        )
    return names


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _option(text: str) -> tuple[str, str | float | int | bool]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    if value in ("yes", "no"):
        return name, value == "yes"
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value
