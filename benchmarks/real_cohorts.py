"""Five-fold figures on real TCGA tables: import, cross-validate, print one row a run.

Needs the public tables in ``../shared/tcga`` (or the folder given); writes cohorts and runs to the data folder.
``python -m benchmarks.real_cohorts [TABLES]``
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from survdash import usecases
from survdash.errors import SurvdashError

TABLES = Path(__file__).resolve().parents[2] / "shared" / "tcga"
SEEDS = (0,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One import and the runs on it."""

    name: str
    table: str
    folds: str
    features: str | None = None
    clinical: str | None = None
    runs: tuple[tuple[str, tuple[str, ...]], ...]


GENES, BOTH = ("genes",), ("genes", "slide")
ON_GENES = (("glg", GENES), ("snn", GENES), ("cox_ridge", GENES))
ON_BOTH = (("glg", BOTH), ("glg", GENES), ("glg", ("slide",)), ("cox_ridge", BOTH))
STUDIES = (
    Study(name="blca", table="blca_rnaseq_cnv.csv.zip", folds="blca", clinical="blca_stage.csv", runs=ON_GENES),
    Study(name="luad", table="luad_rnaseq_cnv.csv.zip", folds="luad", clinical="luad_stage.csv", runs=ON_GENES),
    Study(name="ucec", table="ucec_mut_cnv.csv.zip", folds="ucec", runs=ON_GENES),
    Study(name="luad-slide", table="luad_rnaseq_cnv.csv.zip", folds="luad", clinical="luad_stage.csv",
          features="features/luad_hif.csv", runs=ON_BOTH),
    Study(name="skcm-slide", table="more/skcm_mutsig.csv.zip", folds="skcm", clinical="skcm_stage.csv",
          features="features/skcm_hif.csv", runs=ON_BOTH),
)  # fmt: skip


def show(study: Study, tables: Path) -> None:
    """Import one study, train its runs, print their rows."""
    usecases.import_cohort(
        tables / study.table,
        name=study.name,
        folds=tables / "splits" / study.folds,
        features=None if study.features is None else tables / study.features,
        clinical=None if study.clinical is None else tables / study.clinical,
    )
    cohort = usecases.open_cohort(study.name)
    for model, modalities in study.runs:
        made = usecases.crossval(cohort, usecases.make_recipe(cohort, model=model, modalities=modalities))
        c, card = made.evaluation()["cindex"], made.card
        print(
            f"| {study.name} | {card.cases} / {card.events} | {model} | {' + '.join(modalities)} | "
            f"{c['mean']:.3f} ± {c['sd']:.3f} | {c['low']:.3f}-{c['high']:.3f} | {c['pooled']:.3f} | "
            f"{card.parameters:,} | {card.seconds:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else TABLES
    if not folder.is_dir():
        print(f"Skipped: no tables at {folder}; give their folder as the argument.")
        sys.exit()
    print("| cohort | patients / deaths | model | sees | c, mean ± sd of 5 folds | 95 % of the mean | pooled | "
          "parameters | s |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    try:
        for one in STUDIES:
            show(one, folder)
    except SurvdashError as error:
        sys.exit(f"survdash: {error}")
