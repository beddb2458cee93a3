"""What the shipped models store to compare cases with."""

from __future__ import annotations

import numpy as np
import pytest

from survdash.artefact import load_folds
from survdash.case import Case
from survdash.explanation.references import familiarity_of, make_references, stored_familiarity
from survdash.explanation.tile_map import fused_vectors
from survdash.training.data import model_data
from survdash.usecases.library import open_cohort


def test_the_shipped_ones_are_what_model_and_cohort_give(demo_run) -> None:
    artefact = demo_run("glg")
    stored = artefact.references()
    data = model_data(open_cohort("demo"), artefact.card.modalities)
    folds = dict(zip(artefact.card.folds, load_folds(artefact), strict=True))
    made = make_references(folds, data, artefact.predictions())
    assert set(made) == set(stored)
    for name in ("slide.held_out", "genes.held_out", "slide.limit"):
        # float16 axes and features, summed in another order on another machine
        np.testing.assert_allclose(stored[name], made[name], rtol=1e-3)


def test_a_patient_s_vector_is_by_the_model_that_never_saw_him_or_her(demo_run) -> None:
    artefact = demo_run("glg")
    predictions = artefact.predictions()
    data = model_data(open_cohort("demo"), artefact.card.modalities)
    place = int(np.flatnonzero(data.case_ids == predictions["case_id"].iloc[7])[0])
    own = load_folds(artefact)[artefact.card.folds.index(int(predictions["fold"].iloc[7]))]
    found = fused_vectors(own, data.inputs(np.array([place])))
    np.testing.assert_allclose(artefact.references()["fused"][7], found[0], atol=2e-3)  # float16 of values near 1


def test_held_out_patients_are_usual_and_permuted_genes_are_not(demo_run) -> None:
    artefact = demo_run("glg")
    arrays, panel, cohort = artefact.references(), artefact.card.panel, open_cohort("demo")
    levels = [one.level for place in range(200) for one in stored_familiarity(arrays, place)]
    assert np.mean([level != "like" for level in levels]) <= 0.05
    case_id = artefact.predictions()["case_id"].iloc[0]
    genes = cohort.genes.loc[case_id]
    (usual,) = familiarity_of(arrays, Case(case_id="a", genes=genes), panel)
    (foreign,) = familiarity_of(arrays, Case(case_id="a", genes=100 * genes + 50), panel)
    assert usual.distance < foreign.distance
    assert foreign.level == "far"


@pytest.mark.parametrize("run", ["cox_ridge", "attnmil", "snn"])
def test_a_model_without_a_fused_vector_stores_the_rest(demo_run, run: str) -> None:
    arrays = demo_run(run).references()
    assert "fused" not in arrays
    assert {name.partition(".")[0] for name in arrays} == set(demo_run(run).card.modalities)
