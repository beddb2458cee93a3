"""The shipped table of genes, and what a fold makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from survdash.errors import ArtefactError
from survdash.settings import SHIPPED_MODELS
from survdash.training.data import model_data
from survdash.training.gene_prior import (
    ARRAYS,
    CARD,
    FOLDER,
    SHRINKAGE,
    case_hash,
    fit_prior,
    read_prior,
    shipped_prior,
    write_prior,
)
from survdash.training.loop import prepare
from survdash.training.recipe import Recipe
from survdash.usecases.library import open_cohort

RECIPE = Recipe(model="glg_linear", modalities=("genes",))


def write(folder, *, schema=1, columns=("A_rna", "B_rna"), score=((4.0, -2.0), (6.0, 0.0))):
    cohorts = [{"name": name, "cases": [case_hash(f"{name}-1")]} for name in ("one", "two")]
    card = {"columns": columns, "cohorts": cohorts} | ({} if schema == 1 else {"schema": schema})
    write_prior(folder, card=card, score=np.array(score), information=np.array([[50.0, 100.0], [50.0, 0.0]]))
    return folder


def test_cohorts_with_a_patient_in_common_are_left_out(tmp_path):
    prior = read_prior(write(tmp_path / "p"))
    np.testing.assert_array_equal(prior.apart_from(["one-1", "else"]), [False, True])
    np.testing.assert_array_equal(prior.apart_from(["else"]), [True, True])
    both = prior.log_hazard_ratios(("B_rna", "unknown", "A_rna"), cohorts=np.array([True, True]))
    np.testing.assert_allclose(both, [-2 / (100 + SHRINKAGE), 0.0, 10 / (100 + SHRINKAGE)])
    one = prior.log_hazard_ratios(("A_rna",), cohorts=np.array([False, True]))
    np.testing.assert_allclose(one, [6 / (50 + SHRINKAGE)])


@pytest.mark.parametrize(
    "written", ["TCGA-2F-A9KO", "tcga-2f-a9ko", "TCGA.2F.A9KO", "TCGA-2F-A9KO-01A-11D-0182-01", "blca_TCGA-2F-A9KO"]
)
def test_a_patient_is_found_however_the_barcode_is_written(written):
    prior = shipped_prior()
    apart = prior.apart_from([written])
    assert [name for name, free in zip(prior.cohorts, apart, strict=True) if not free] == ["blca"]


@pytest.mark.parametrize(
    ("damage", "words"),
    [({"schema": 2}, "schema 2"), ({"columns": ("A_rna",)}, "not whole"), (None, "not the one that its card names")],
    ids=str,
)
def test_a_damaged_table_is_told(tmp_path, damage, words):
    folder = write(tmp_path / "p", **(damage or {}))
    if damage is None:
        (folder / ARRAYS).write_bytes(b"no tensors")
    with pytest.raises(ArtefactError, match=words):
        read_prior(folder)


def test_the_shipped_table_names_its_cohorts_and_no_patient():
    prior = shipped_prior()
    assert len(prior.cohorts) == 13
    assert (prior.information >= -1e-2).all()  # a variance, in half precision
    text = (SHIPPED_MODELS / FOLDER / CARD).read_text(encoding="utf-8")
    assert "TCGA-" not in text
    # MKI67 is the field's mark of growth: more of it is worse over all cancers together.
    (growth,) = prior.log_hazard_ratios(("MKI67_rna",), cohorts=np.ones(13, bool))
    assert growth > 0 or "MKI67_rna" not in prior.columns


@pytest.fixture(scope="module")
def demo():
    return model_data(open_cohort("demo"), ("genes",))


def test_a_fold_gets_a_score_of_variance_one_of_known_genes(demo):
    data, training = demo, np.flatnonzero(demo.folds > 0)
    fold = prepare(data, RECIPE, training, seed=0)
    score = fold.gene_scaler.apply(data.genes[training]) @ fold.prior
    assert score.std() == pytest.approx(1.0, rel=1e-4)  # genes are float32
    known = set(shipped_prior().columns)
    assert all((column in known) or weight == 0 for column, weight in zip(data.columns, fold.prior, strict=True))


def test_without_enough_known_genes_there_is_none(demo):
    data, training = demo, np.flatnonzero(demo.folds > 0)
    fold = prepare(data, RECIPE, training, seed=0)
    strange = replace(data, columns=tuple(f"X{number}_rna" for number in range(len(data.columns))))
    assert fit_prior(strange, fold, training) is None
