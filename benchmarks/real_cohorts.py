"""Five-fold figures on real TCGA tables: import, cross-validate, print a row a run, then compare, and on the mean too.

Needs the public tables in ``../shared/tcga`` (or the folder given); writes cohorts and runs to the data folder. Runs
that are there are not trained again, and an interrupted one goes on where it stopped.
``python -m benchmarks.real_cohorts [TABLES] [STAGE ...]`` with the stages recommended, classical, switches on six
cohorts; or with the stage paths: on fourteen, what stands beside the network, without it (an untrained one of width 8),
against ridge Cox that sees the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from survdash import usecases
from survdash.artefact import Artefact
from survdash.cohort import Cohort
from survdash.errors import SurvdashError, UnknownNameError
from survdash.statistics.bootstrap import compare_paired, concordance_draws
from survdash.usecases.many_runs import finished_run

TABLES = Path(__file__).resolve().parents[2] / "shared" / "tcga"
OURS = "glg_linear"
DRAWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One import, and the best of the untuned sums of ridge Cox risks in the tables' README."""

    name: str
    table: str
    folds: str
    features: str | None = None
    clinical: str | None = None
    reference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A method as it is tried: ``clinical`` adds age, sex and stage to the rest, ``only_slides`` needs slides."""

    model: str
    clinical: bool = True
    changes: Mapping[str, Any] = field(default_factory=dict)
    only_slides: bool = False


def _genes(name: str) -> Study:
    """A cohort of genes, age and sex, of which no untuned sum is known."""
    return Study(name=name, table=f"more/{name}_mutsig.csv.zip", folds=name, reference=float("nan"))


STUDIES = (
    Study(name="blca", table="blca_rnaseq_cnv.csv.zip", folds="blca", clinical="blca_stage.csv", reference=0.679),
    Study(name="luad", table="luad_rnaseq_cnv.csv.zip", folds="luad", reference=0.633),
    Study(name="ucec", table="ucec_mut_cnv.csv.zip", folds="ucec", reference=0.638),
    Study(name="luads", table="luad_rnaseq_cnv.csv.zip", folds="luad", clinical="luad_stage.csv",
          features="features/luad_hif.csv", reference=0.702),
    Study(name="skcms", table="more/skcm_mutsig.csv.zip", folds="skcm", clinical="skcm_stage.csv",
          features="features/skcm_hif.csv", reference=0.734),
    Study(name="luscs", table="more/lusc_mutsig.csv.zip", folds="lusc", clinical="lusc_stage.csv",
          features="features/lusc_hif.csv", reference=0.580),
)  # fmt: skip
# On these the shape of the default was chosen; on the six above it was looked at after that.
SHAPED_ON = tuple(_genes(name) for name in ("hnsc", "lihc", "stad", "kirp", "paad", "coadread", "gbmlgg", "brca"))
ALONE: Mapping[str, Any] = {"epochs": 1, "options": {"width": 8}}
STAGES: Mapping[str, tuple[Run, ...]] = {
    "recommended": (Run(model=OURS),),
    "classical": (
        Run(model="cox_ridge"), Run(model="cox_clinical"), Run(model="late_fusion"),
        Run(model="cox_ridge", clinical=False),
    ),
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
CLASSICAL = {run.model for run in STAGES["classical"]}


def opened(study: Study, tables: Path) -> Cohort:
    """The cohort, imported if it is not here."""
    try:
        return usecases.open_cohort(study.name)
    except UnknownNameError:
        usecases.import_cohort(
            tables / study.table, name=study.name, folds=tables / "splits" / study.folds,
            features=None if study.features is None else tables / study.features,
            clinical=None if study.clinical is None else tables / study.clinical,
        )
        return usecases.open_cohort(study.name)


def trained(cohort: Cohort, run: Run) -> Artefact | None:
    """The run, from disk if it is there; None where the cohort lacks what it needs."""
    sees = cohort.modalities
    if run.model == "cox_clinical":
        sees = ("clinical",)
    elif run.clinical:
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


def comparison(study: Study, cohort: Cohort, runs: Sequence[Artefact]) -> Iterator[str]:
    """Our run against the best classical one, which is chosen by what it reached: in its favour, not ours."""
    ours = [one for one in runs if one.card.recipe.model == OURS and "clinical" in one.card.modalities]
    classical = [one for one in runs if one.card.recipe.model in CLASSICAL]
    if not ours or not classical:
        return
    best = max(classical, key=lambda one: float(one.evaluation()["cindex"]["mean"]))
    mine, theirs = (one.predictions().set_index("case_id").sort_index() for one in (ours[0], best))
    shared = mine.index.intersection(theirs.index)
    mine, theirs = mine.loc[shared], theirs.loc[shared]
    known = cohort.patients.loc[shared]
    pair = compare_paired(
        mine["risk"], theirs["risk"], known["time_months"], known["event"].to_numpy(bool), np.asarray(mine["fold"])
    )
    first, second = (one.evaluation()["cindex"]["mean"] for one in (ours[0], best))
    yield (
        f"| {study.name} | {first:.3f} | {best.card.run} {second:.3f} | {pair.difference:+.3f} | "
        f"{pair.low:+.3f} to {pair.high:+.3f} | {pair.p_value:.2f} | {study.reference:.3f} |"
    )


def show_paths(tables: Path) -> None:
    """Paths against ridge Cox, cohort by cohort and on the mean; patients are drawn anew within folds."""
    print("| cohort | sees | paths | cox_ridge | difference | 95 %, paired |\n|---|---|---|---|---|---|", flush=True)
    for runs in PATHS:
        sees = "genes, slide, clinical facts" if runs[0].clinical else "genes, slide"
        for words, studies in (("the eight", SHAPED_ON), ("the six", STUDIES)):
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


def show(tables: Path, stages: Sequence[str]) -> None:
    """Train what is not there, print a row a run, then the comparison."""
    print("| cohort | patients / deaths | run | sees | c, mean ± sd of 5 folds | 95 % of the mean | pooled | "
          "parameters | s |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    runs: dict[str, list[Artefact]] = {}
    for stage in stages:
        for run in STAGES[stage]:
            for study in STUDIES:
                made = trained(opened(study, tables), run)
                if made is not None:
                    runs.setdefault(study.name, []).append(made)
                    print(row(made), flush=True)
    print(f"\n| cohort | {OURS} | best classical | difference | 95 %, paired | p | best untuned sum |")
    print("|---|---|---|---|---|---|---|")
    for study in STUDIES:
        print(*comparison(study, opened(study, tables), runs.get(study.name, [])), sep="\n", flush=True)


if __name__ == "__main__":
    given = sys.argv[1:]
    folder = Path(given.pop(0)) if given and given[0] not in {*STAGES, "paths"} else TABLES
    if not folder.is_dir():
        print(f"Skipped: no tables at {folder}; give their folder as the argument.")
        sys.exit()
    try:
        if "paths" in given:
            show_paths(folder)
        else:
            show(folder, given or list(STAGES))
    except SurvdashError as error:
        sys.exit(f"survdash: {error}")
