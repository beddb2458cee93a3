from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from survdash.cohort import Cohort
from survdash.training.data import model_data
from survdash.usecases.leakage import describe_leakage, mean_tiles, outcome_columns, site_overlap, twins_over_folds


def test_a_patient_under_two_numbers_in_two_folds_is_found(cohort: Cohort) -> None:
    data = model_data(cohort, ("genes",))
    genes = np.tile(np.random.default_rng(0).normal(size=(data.size, 1)), 40) * 0 + np.random.default_rng(1).normal(
        size=(data.size, 40)
    )
    genes[7] = genes[3] + 0.001
    found = twins_over_folds(genes, data)
    assert found["over_folds"] == 1  # cases 3 and 7 stand in folds 0 and 1
    assert found["first"][0]["first"] == "P03"


def test_an_outcome_among_the_genes_is_found(cohort: Cohort) -> None:
    data = model_data(cohort, ("genes",))
    assert outcome_columns(data) == []
    planted = data.genes.copy()  # type: ignore[union-attr]
    planted[:, 5] = -data.survival.time_months
    assert data.columns[5] in outcome_columns(replace(data, genes=planted))[0]


def test_hospitals_on_both_sides_are_counted() -> None:
    patients = pd.DataFrame({"site": ["a", "a", "b", None], "time_months": [1.0, 2, 3, 4], "event": True})
    found = site_overlap(patients, pd.DataFrame({"fold": [0, 1, 0, 1], "risk": [4.0, 3, 2, 1]}))
    assert found is not None
    assert (found["sites"], found["patients"], found["seen"]) == (2, 3, 2)
    assert found["c_seen"] is None  # too few to tell
    assert site_overlap(patients.assign(site=None), pd.DataFrame({"fold": [0, 1, 0, 1], "risk": 1.0})) is None


def test_slides_are_looked_at_too(cohort: Cohort) -> None:
    data = model_data(cohort, ("genes", "slide"))
    assert mean_tiles(data).shape == (data.size, 8)
    predictions = pd.DataFrame({"case_id": data.case_ids, "fold": data.folds, "risk": 0.0})
    found = describe_leakage(cohort, data, predictions)
    assert found["slide"] is not None
    assert found["site"]["seen"] == data.size  # one hospital
