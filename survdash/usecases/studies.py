"""The public tables of real cohorts that the evidence is of: their names, their origin, how they are imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from survdash.cohort import Cohort
from survdash.errors import InputError, UnknownNameError
from survdash.usecases.importing import import_cohort
from survdash.usecases.library import open_cohort

TABLES = Path(__file__).resolve().parents[3] / "shared" / "tcga"
MCAT = "mahmoodlab/MCAT on GitHub, datasets_csv and splits"
PORPOISE = "mahmoodlab/PORPOISE on GitHub"
HIF = "slide features, stage and age from Path-AI/hif2gene"


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Tables of one real cohort, by their names in a folder, and what is said of them.

    ``bars`` are the best mean c of untuned sums of ridge Cox risks on these folds, as the tables' README tells them:
    with clinical facts, and without.
    """

    name: str
    title: str
    table: str
    folds: str
    clinical: str | None = None
    features: str | None = None
    taken_from: str = MCAT
    bars: tuple[float, float] | None = None

    def command(self) -> str:
        """The command that imports them."""
        parts = [f"python -m survdash import-cohort {self.table} --name {self.name} --folds {self.folds}"]
        parts += [f"--{name} {file}" for name in ("clinical", "features") if (file := getattr(self, name))]
        return " ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method as it is shown; ``weights`` is False where they are too large to ship and figures must do."""

    model: str
    clinical: bool = False
    weights: bool = True
    changes: Mapping[str, Any] = field(default_factory=dict)


# Those whose models come with survdash.
STUDIES = (
    Study(name="blca", title="TCGA bladder cancer (BLCA)", table="blca_rnaseq_cnv.csv.zip", folds="splits/blca",
          clinical="blca_stage.csv", taken_from=f"{MCAT}; stage from mahmoodlab/SurvPath", bars=(0.679, 0.628)),
    Study(name="luad", title="TCGA lung adenocarcinoma (LUAD)", table="luad_rnaseq_cnv.csv.zip", folds="splits/luad",
          bars=(0.633, 0.633)),
    Study(name="ucec", title="TCGA endometrial cancer (UCEC)", table="ucec_mut_cnv.csv.zip", folds="splits/ucec",
          bars=(0.638, 0.635)),
)  # fmt: skip
# Genes and features of the slides; their figures are in the documentation alone.
WITH_SLIDES = (
    Study(name="luads", title="TCGA lung adenocarcinoma (LUAD), with slide features", table="luad_rnaseq_cnv.csv.zip",
          folds="splits/luad", clinical="luad_stage.csv", features="features/luad_hif.csv",
          taken_from=f"{MCAT}; {HIF}", bars=(0.702, 0.655)),
    Study(name="skcms", title="TCGA melanoma (SKCM), with slide features", table="more/skcm_mutsig.csv.zip",
          folds="splits/skcm", clinical="skcm_stage.csv", features="features/skcm_hif.csv",
          taken_from=f"{PORPOISE}; {HIF}", bars=(0.734, 0.720)),
    Study(name="luscs", title="TCGA lung squamous cell cancer (LUSC), with slide features",
          table="more/lusc_mutsig.csv.zip", folds="splits/lusc", clinical="lusc_stage.csv",
          features="features/lusc_hif.csv", taken_from=f"{PORPOISE}; {HIF}", bars=(0.580, 0.545)),
)  # fmt: skip
ALL: Mapping[str, Study] = MappingProxyType({study.name: study for study in (*STUDIES, *WITH_SLIDES)})


def opened(study: Study, tables: Path) -> Cohort:
    """The cohort, imported from ``tables`` if it is not here.

    Raises
    ------
    InputError
        If a table is missing.
    """
    try:
        return open_cohort(study.name)
    except UnknownNameError:
        parts = ("table", "folds", "clinical", "features")
        paths = {part: tables / file for part in parts if (file := getattr(study, part))}
        for path in paths.values():
            if not path.exists():
                raise InputError(f"{path} is not there.", hint="Name the folder of the public tables.") from None
        import_cohort(paths.pop("table"), name=study.name, **paths)
        return open_cohort(study.name)
