"""Parts of the models on real TCGA tables: the paper's network with its switches, the default's Cox paths alone.

Needs the public tables in ``../shared/tcga`` (or the folder given); writes cohorts and runs to the data folder. Runs
that are there are not trained again, and an interrupted one goes on where it stopped. What the documentation says of
the default and the methods it is judged against is made by ``python -m survdash evidence``.
``python -m benchmarks.real_cohorts [TABLES] switches`` trains the paper's network with each switch on six cohorts;
``... paths``, on fourteen, what stands beside the default's network, without it (an untrained one of width 8), against
ridge Cox that sees the same.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from survdash import usecases
from survdash.artefact import Artefact
from survdash.cohort import Cohort
from survdash.errors import SurvdashError
from survdash.statistics.bootstrap import concordance_draws
from survdash.usecases.many_runs import finished_run
from survdash.usecases.studies import ALL, TABLES, Study, opened

OURS = "glg_linear"
DRAWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A method as it is tried: ``clinical`` adds age, sex and stage to the rest, ``only_slides`` needs slides."""

    model: str
    clinical: bool = True
    changes: Mapping[str, Any] = field(default_factory=dict)
    only_slides: bool = False


def _genes(name: str) -> Study:
    """A cohort of genes, age and sex."""
    return Study(name=name, title=name.upper(), table=f"more/{name}_mutsig.csv.zip", folds=f"splits/{name}")


# On these the shape of the default was chosen; on the six of ``studies.ALL`` it was looked at after that.
SHAPED_ON = tuple(_genes(name) for name in ("hnsc", "lihc", "stad", "kirp", "paad", "coadread", "gbmlgg", "brca"))
ALONE: Mapping[str, Any] = {"epochs": 1, "options": {"width": 8}}
STAGES: Mapping[str, tuple[Run, ...]] = {
    "switches": (
        Run(model="glg", clinical=False), Run(model="glg"), Run(model=OURS, clinical=False),
        Run(model="glg", changes={"stop": "inner"}), Run(model="glg", changes={"loss": "cox"}),
        Run(model="glg", changes={"bins": 12}),
        Run(model="glg", changes={"options": {"stand_ins": True}}, only_slides=True),
        Run(model="glg", changes={"seeds": 4}),
    ),
}
PATHS = ((Run(model=OURS, changes=ALONE), Run(model="cox_ridge")),
         (Run(model=OURS, clinical=False, changes=ALONE), Run(model="cox_ridge", clinical=False)))  # fmt: skip


def trained(cohort: Cohort, run: Run) -> Artefact | None:
    """The run, from disk if it is there; None where the cohort lacks what it needs."""
    sees = cohort.modalities
    if run.clinical:
        sees = (*sees, "clinical")
    if run.only_slides and "slide" not in sees:
        return None
    recipe = usecases.make_recipe(cohort, model=run.model, modalities=sees, **run.changes)
    return finished_run(cohort, recipe) or usecases.crossval(cohort, recipe)


def row(artefact: Artefact) -> str:
    """One line of the table of runs."""
    c, card = artefact.evaluation()["cindex"], artefact.card
    return (
        f"| {card.cohort} | {card.cases} / {card.events} | {card.run} | {' + '.join(card.modalities)} | "
        f"{c['mean']:.3f} ± {c['sd']:.3f} | {c['low']:.3f} to {c['high']:.3f} | {c['pooled']:.3f} | "
        f"{card.parameters:,} | {card.seconds:.0f} |"
    )


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
    tables = [made.predictions().set_index("case_id") for run in runs if (made := trained(cohort, run)) is not None]
    shared = sorted(set.intersection(*(set(table.index) for table in tables)))
    known = cohort.patients.loc[shared]
    values, draws = concordance_draws(
        [table.loc[shared, "risk"].to_numpy() for table in tables], known["time_months"].to_numpy(),
        known["event"].to_numpy(bool), tables[0].loc[shared, "fold"].to_numpy(), resamples=DRAWS,
    )
    return np.column_stack([values, draws])


def show(tables: Path, stage: str) -> None:
    """Train what is not there and print a row a run."""
    print("| cohort | patients / deaths | run | sees | c, mean ± sd of 5 folds | 95 % of the mean | pooled | "
          "parameters | s |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for run in STAGES[stage]:
        for study in ALL.values():
            made = trained(opened(study, tables), run)
            if made is not None:
                print(row(made), flush=True)


if __name__ == "__main__":
    given = sys.argv[1:]
    folder = Path(given.pop(0)) if given and given[0] not in {*STAGES, "paths"} else TABLES
    if not folder.is_dir():
        print(f"Skipped: no tables at {folder}; give their folder as the argument.")
        sys.exit()
    try:
        for wanted in given or [*STAGES, "paths"]:
            if wanted == "paths":
                show_paths(folder)
            else:
                show(folder, wanted)
    except SurvdashError as error:
        sys.exit(f"survdash: {error}")
