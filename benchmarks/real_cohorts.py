"""Parts of the models on real TCGA tables: the paper's network with its switches, the default's Cox paths alone.

Needs the public tables in ``../shared/tcga`` (or the folder given); writes cohorts and runs to the data folder. Runs
that are there are not trained again, and an interrupted one goes on where it stopped. What the documentation says of
the default and the methods it is judged against is made by ``python -m survdash evidence``.
``python -m benchmarks.real_cohorts [TABLES] switches`` trains the paper's network, 64 wide, with one thing changed at a
time, the default and ridge Cox, on six cohorts and the simulated demo, each paired with the plain network: three
quarters of an hour of one processor. ``... paths`` trains, on fourteen, what stands beside the default's network,
without it (an untrained one of width 8), against ridge Cox that sees the same.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from survdash import __version__, usecases
from survdash.artefact import Artefact, read_artefact
from survdash.cohort import Cohort
from survdash.errors import SurvdashError
from survdash.settings import settings
from survdash.statistics.bootstrap import concordance_draws
from survdash.store import digest
from survdash.usecases.library import DEMO, open_cohort
from survdash.usecases.studies import ALL, TABLES, Study, opened

OURS = "glg_linear"
DRAWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A method as it is tried: ``clinical`` adds age, sex and stage to the rest, ``only_slides`` needs slides.

    Without ``demo`` it is not run on the simulated cohort, whose thousands of tiles take long.
    """

    model: str
    clinical: bool = True
    changes: Mapping[str, Any] = field(default_factory=dict)
    only_slides: bool = False
    demo: bool = True


def _genes(name: str) -> Study:
    """A cohort of genes, age and sex."""
    return Study(name=name, title=name.upper(), table=f"more/{name}_mutsig.csv.zip", folds=f"splits/{name}")


def _glg(*, clinical: bool = False, only_slides: bool = False, demo: bool = True, **changes: Any) -> Run:
    """The paper's network at the width of the table of switches."""
    changed = {"options": NARROW} | changes
    return Run(model="glg", clinical=clinical, only_slides=only_slides, demo=demo, changes=changed)


# On these the shape of the default was chosen; on the six of ``studies.ALL`` it was looked at after that.
SHAPED_ON = tuple(_genes(name) for name in ("hnsc", "lihc", "stad", "kirp", "paad", "coadread", "gbmlgg", "brca"))
ALONE: Mapping[str, Any] = {"epochs": 1, "options": {"width": 8}}
NARROW: Mapping[str, Any] = {"width": 64}  # the default's; the paper's 256 takes eight times as long
PLAIN = "glg"
SWITCHES: Mapping[str, Run] = {
    PLAIN: _glg(),
    "256 wide, as the paper has it": Run(model="glg", clinical=False, demo=False),
    "clinical facts as one more token": _glg(clinical=True),
    "Cox's partial likelihood as the loss": _glg(loss="cox"),
    "12 time bins": _glg(bins=12),
    "epochs chosen on an inner split": _glg(stop="inner"),
    "weight decay a thousand times as strong": _glg(weight_decay=1e-2),
    "stand-ins for what is missing": _glg(options={**NARROW, "stand_ins": True}, only_slides=True),
    "mean of 4 seeds": _glg(seeds=4, demo=False),
    "Cox paths beside it (the default)": Run(model=OURS, clinical=False, demo=False),
    "the default with clinical facts": Run(model=OURS, demo=False),
    "ridge Cox": Run(model="cox_ridge", clinical=False),
    "ridge Cox with clinical facts": Run(model="cox_ridge"),
}
PATHS = ((Run(model=OURS, changes=ALONE), Run(model="cox_ridge")),
         (Run(model=OURS, clinical=False, changes=ALONE), Run(model="cox_ridge", clinical=False)))  # fmt: skip


def possible(cohort: Cohort, run: Run) -> bool:
    """Whether the cohort has what the change is about, and the change is run on it."""
    return (run.demo or cohort.name != DEMO) and (not run.only_slides or "slide" in cohort.modalities)


def trained(cohort: Cohort, run: Run) -> Artefact:
    """The run, from disk if it is there."""
    sees = cohort.modalities
    if run.clinical:
        sees = (*sees, "clinical")
    recipe = usecases.make_recipe(cohort, model=run.model, modalities=sees, **run.changes)
    # Not among the cohort's runs, where recipes that differ in their constants alone have one name.
    place = settings().data_dir / "real_cohorts" / f"{cohort.name}-{digest({'recipe': recipe.to_json()})[:12]}"
    if place.is_dir():
        found = read_artefact(place)
        if (found.card.cohort_digest, found.card.software) == (cohort.digest, __version__):
            return found
    return usecases.crossval(cohort, recipe, folder=place, references=False)


def show_paths(tables: Path) -> None:
    """Paths against ridge Cox, cohort by cohort and on the mean; patients are drawn anew within folds."""
    print("| cohort | sees | paths | cox_ridge | difference | 95 %, paired |\n|---|---|---|---|---|---|", flush=True)
    for runs in PATHS:
        sees = "genes, slide, clinical facts" if runs[0].clinical else "genes, slide"
        for words, studies in (("the eight", SHAPED_ON), ("the six", tuple(ALL.values()))):
            draws = [paired_draws(opened(study, tables), runs) for study in studies]
            for name, both in [*zip((study.name for study in studies), draws, strict=True),
                               (f"mean of {words}", np.mean(draws, axis=0))]:  # fmt: skip
                gap = both[0] - both[1]
                low, high = np.nanquantile(gap[1:], (0.025, 0.975))
                print(f"| {name} | {sees} | {both[0, 0]:.3f} | {both[1, 0]:.3f} | {gap[0]:+.3f} | "
                      f"{low:+.3f} to {high:+.3f} |", flush=True)  # fmt: skip


def paired_draws(cohort: Cohort, runs: Sequence[Run]) -> np.ndarray:
    """Mean c of the folds of each run, in the data and then in each draw: (runs, 1 + DRAWS)."""
    tables = [trained(cohort, run).predictions().set_index("case_id") for run in runs]
    shared = sorted(set.intersection(*(set(table.index) for table in tables)))
    known = cohort.patients.loc[shared]
    values, draws = concordance_draws(
        [table.loc[shared, "risk"].to_numpy() for table in tables], known["time_months"].to_numpy(),
        known["event"].to_numpy(bool), tables[0].loc[shared, "fold"].to_numpy(), resamples=DRAWS,
    )
    return np.column_stack([values, draws])


def show_switches(tables: Path) -> None:
    """A row a change: c of each cohort, the mean over the real ones, and what the change makes of the plain network's.

    The interval draws patients anew within folds; a cohort in which the change means nothing is left out of both sides.
    """
    cohorts = [opened(study, tables) for study in ALL.values()] + [open_cohort(DEMO)]
    print(f"| | {' | '.join(cohort.name for cohort in cohorts)} | mean of the real | less plain glg, 95 % paired |")
    print("|---" * (len(cohorts) + 3) + "|", flush=True)
    for words, run in SWITCHES.items():
        each = [paired_draws(cohort, (run, SWITCHES[PLAIN])) if possible(cohort, run) else None for cohort in cohorts]
        own, plain = np.mean([both for both in each[:-1] if both is not None], axis=0)
        low, high = np.quantile((own - plain)[1:], (0.025, 0.975))
        gap = "" if words == PLAIN else f"{own[0] - plain[0]:+.3f} ({low:+.3f} to {high:+.3f})"
        values = " | ".join("–" if both is None else f"{both[0, 0]:.3f}" for both in each)
        print(f"| {words} | {values} | {own[0]:.3f} | {gap} |", flush=True)


if __name__ == "__main__":
    stages = {"switches": show_switches, "paths": show_paths}
    given = sys.argv[1:]
    folder = Path(given.pop(0)) if given and given[0] not in stages else TABLES
    if not folder.is_dir():
        print(f"Skipped: no tables at {folder}; give their folder as the argument.")
        sys.exit()
    try:
        for wanted in given or stages:
            stages[wanted](folder)
    except SurvdashError as error:
        sys.exit(f"survdash: {error}")
