"""Whether a cohort is in a model's scale: real patients in it, and the same patients in others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survdash.artefact import read_artefact
from survdash.genes import GenePanel
from survdash.settings import SHIPPED_MODELS
from survdash.sources.cohort_genes import check_cohort
from survdash.sources.research_csv import read_research_csv

EXPRESSION = "_rna"


@pytest.fixture(scope="module")
def panel() -> GenePanel:
    """The genes that the shipped models of BLCA look at."""
    found = read_artefact(SHIPPED_MODELS / "blca-cox_ridge").card.panel
    assert found is not None
    return found


@pytest.fixture(scope="module")
def genes(shared: Path) -> pd.DataFrame:
    """Sixty of their patients."""
    table = read_research_csv(shared / "tcga" / "blca_rnaseq_cnv.csv.zip")
    assert table.genes is not None
    return table.genes.iloc[::6]


def test_patients_in_the_models_scale_all_pass(genes: pd.DataFrame, panel: GenePanel) -> None:
    found = check_cohort(genes, panel)
    assert (found.faults, found.missing, len(found.fits)) == ((), (), len(genes))
    moved = genes + np.random.default_rng(0).normal(0, 0.005, genes.shape) * genes.columns.str.endswith(EXPRESSION)
    assert not check_cohort(moved, panel).faults  # the same in another rounding


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda z: np.log2(z - z.min() + 1), "0% of the RNA values are below zero"),
        (lambda z: (lambda y: (y - y.mean()) / y.std())(np.log(z - z.min() + 0.1)), "another scale"),
        (lambda z: z / 2, "z-scores of another reference"),  # each patient alone would pass
        (lambda z: 1000 * (z - z.min()), "another scale and look like TPM"),
    ],
    ids=["logarithms", "z-scores of logarithms", "half as wide", "levels"],
)
def test_the_same_patients_in_another_scale_do_not(
    genes: pd.DataFrame, panel: GenePanel, change: Callable[[pd.DataFrame], pd.DataFrame], said: str
) -> None:
    columns = [name for name in genes if name.endswith(EXPRESSION)]
    found = check_cohort(genes.assign(**change(genes[columns])), panel)
    assert said in " ".join(found.faults)


def test_what_is_missing_is_told_of_one_or_of_all(genes: pd.DataFrame, panel: GenePanel) -> None:
    few = genes.drop(columns=list(panel.columns[:10]))
    few.iloc[0] = np.nan
    found = check_cohort(few, panel)
    assert not found.faults
    assert found.missing == panel.columns[:10]
    assert list(found.unfit) == [genes.index[0]]
    assert "too many genes are missing: Tumor Suppressor Genes" in found.unfit[genes.index[0]]
    none = check_cohort(genes[[name for name in genes if not name.endswith(EXPRESSION)]], panel)
    assert not none.fits
    assert "too many genes are missing" in none.faults[0]


def test_copy_numbers_that_are_no_calls_are_refused(genes: pd.DataFrame, panel: GenePanel) -> None:
    columns = [name for name in genes if name.endswith("_cnv")]
    found = check_cohort(genes.assign(**genes[columns] * 0.9), panel)
    assert "GISTIC" in found.faults[0]
