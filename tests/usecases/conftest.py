"""A cohort that came without its patients, made anew for each test."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from survdash.cohort import Cohort
from survdash.settings import SHIPPED_MODELS, settings
from survdash.sources.cohort_folder import write_cohort
from survdash.training.gene_prior import FOLDER
from survdash.usecases import library, summary, transfer
from survdash.usecases.library import cohort_folder, open_cohort
from survdash.usecases.shipping import trained, write_shipped
from survdash.usecases.studies import Method, Study

STUDY = Study(name="real", title="Real patients", table="real.csv", folds="splits/real")
METHODS = (Method(model="cox_ridge", clinical=True), Method(model="cox_ridge"), Method(model="coxnet", weights=False))


@dataclass(frozen=True)
class Shipped:
    """What was shipped where, and the cohort that stayed behind."""

    folder: Path
    patients: Cohort

    def bring_patients(self) -> Cohort:
        """Store the patients where they were before they were left out."""
        write_real(self.patients)
        return open_cohort("real")


def write_real(cohort: Cohort) -> None:
    """Store the made patients as real ones, genes alone."""
    write_cohort(
        cohort_folder("real"), name="real", title="REAL", simulated=False, endpoint="overall survival",
        patients=cohort.patients.assign(age=[40.0 + number for number in range(len(cohort.patients))]),
        genes=cohort.genes, gene_groups=cohort.gene_groups, slides={}, folds=cohort.folds, source={}, bags=None,
        bag_origin=None,
    )  # fmt: skip


@pytest.fixture(scope="session")
def made_once(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """Three methods on 60 patients, shipped as those of real cohorts are."""
    folder = tmp_path_factory.mktemp("shipped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SURVDASH_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        settings.cache_clear()
        write_real(cohort)
        real = open_cohort("real")
        write_shipped(STUDY, real, [trained(real, method) for method in METHODS], out=folder)
    settings.cache_clear()
    return Shipped(folder=folder, patients=real)


@pytest.fixture
def shipped(made_once: Shipped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shipped:
    """The same in a place where models that come with survdash lie; their patients are not here."""
    folder = tmp_path / "shipped"
    shutil.copytree(made_once.folder, folder)
    for path in [SHIPPED_MODELS / FOLDER, *SHIPPED_MODELS.glob("demo*")]:
        (folder / path.name).symlink_to(path)
    for module in (library, summary, transfer):
        monkeypatch.setattr(module, "SHIPPED_MODELS", folder)
    return Shipped(folder=folder, patients=made_once.patients)
