from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survdash.case import BagOrigin
from survdash.cohort import Cohort
from survdash.errors import CohortError, UnknownNameError


@pytest.fixture
def cohort() -> Cohort:
    cases = pd.Index(["A", "B", "C"], name="case_id")
    patients = pd.DataFrame(
        {
            "time_months": [1.0, 2, 3],
            "event": [True, False, True],
            "age": 60.0,
            "sex": "male",
            "stage": "I",
            "site": "x",
        },
        index=cases,
    )
    return Cohort(
        name="made",
        title="Made",
        simulated=True,
        endpoint="overall survival",
        patients=patients,
        genes=pd.DataFrame({"TP53_rna": [1.0, 2.0]}, index=["A", "B"]),
        gene_groups={"all": ("TP53_rna",)},
        bag_path=Path("bags.h5"),
        slides=pd.Series({"s2": "B", "s1": "B", "s3": "C"}),
        bag_origin=BagOrigin(encoder="net", weights="", dim=3),
        folds=None,
    )


def test_modalities_cases_and_slides(cohort):
    assert cohort.modalities == ("genes", "slide")
    assert cohort.cases_with(("genes",)).tolist() == ["A", "B"]
    assert cohort.cases_with(("slide",)).tolist() == ["B", "C"]
    assert cohort.cases_with(("genes", "slide")).tolist() == ["B"]
    assert cohort.slides_of("B") == ("s1", "s2")
    assert cohort.slides_of("A") == ()
    np.testing.assert_array_equal(cohort.survival.event, [True, False, True])
    with pytest.raises(UnknownNameError, match="has no case 'Z'"):
        cohort.slides_of("Z")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: {"patients": c.patients.iloc[::-1]}, "unique and sorted"),
        (lambda c: {"patients": c.patients.drop(columns=["age", "sex"])}, "lacks age, sex"),
        (lambda c: {"genes": None, "bag_path": None}, "neither genes nor slides"),
        (lambda c: {"slides": pd.Series({"s": "Q"})}, "slides of unknown cases, for instance Q"),
        (lambda c: {"genes": c.genes.rename(index={"A": "Z"})}, "genes of unknown cases, for instance Z"),
    ],
)
def test_tables_that_contradict_each_other_are_refused(cohort, change, said):
    with pytest.raises(CohortError, match=said):
        replace(cohort, **change(cohort))


def test_a_cohort_without_genes_has_slides_alone(cohort):
    alone = replace(cohort, genes=None, gene_groups={})
    assert alone.modalities == ("slide",)
    assert alone.cases_with(("genes",)).size == 0
