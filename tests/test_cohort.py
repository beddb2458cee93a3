from __future__ import annotations

import pandas as pd
import pytest

from survdash.case import BagOrigin
from survdash.cohort import PATIENT_COLUMNS, Cohort
from survdash.errors import CohortError, UnknownNameError


def patients(*ids):
    facts = {"time_months": 12.0, "event": True, "age": 60.0, "sex": "female", "stage": "II", "site": "A"}
    return pd.DataFrame([facts] * len(ids), index=pd.Index(ids, name="case_id"))


@pytest.fixture
def parts(tmp_path):
    return {
        "name": "small",
        "title": "Small",
        "simulated": True,
        "endpoint": "overall survival",
        "patients": patients("A", "B", "C"),
        "genes": pd.DataFrame({"TP53_rna": [1.0, 2.0]}, index=["A", "B"]),
        "gene_groups": {"one": ("TP53_rna",)},
        "bag_path": tmp_path / "bags.h5",
        "slides": pd.Series({"B-2": "B", "B-1": "B", "C-1": "C"}),
        "bag_origin": BagOrigin(encoder="e", weights="", dim=4),
        "folds": None,
    }


def test_cases_are_found_by_what_they_have(parts):
    cohort = Cohort(**parts)
    assert cohort.modalities == ("genes", "slide")
    assert list(cohort.cases_with(())) == ["A", "B", "C"]
    assert list(cohort.cases_with(("genes",))) == ["A", "B"]
    assert list(cohort.cases_with(("genes", "slide"))) == ["B"]
    assert cohort.slides_of("B") == ("B-1", "B-2")
    assert cohort.slides_of("A") == ()
    assert cohort.survival.size == 3


def test_an_unknown_case_is_said_to_be_unknown(parts):
    with pytest.raises(UnknownNameError, match="'Z'"):
        Cohort(**parts).slides_of("Z")


def test_a_cohort_of_genes_alone_has_no_case_with_a_slide(parts):
    nothing = {"bag_path": None, "bag_origin": None, "slides": pd.Series(dtype=object)}
    cohort = Cohort(**(parts | nothing))
    assert cohort.modalities == ("genes",)
    assert list(cohort.cases_with(("slide",))) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"patients": patients("B", "A", "C")}, "unique and sorted"),
        ({"patients": patients("A", "A", "B", "C")}, "unique and sorted"),
        ({"patients": patients("A", "B", "C")[list(PATIENT_COLUMNS[:2])]}, "lacks age, sex"),
        ({"genes": pd.DataFrame({"TP53_rna": [1.0]}, index=["Z"])}, "genes of unknown cases.*Z"),
        ({"slides": pd.Series({"Z-1": "Z"})}, "slides of unknown cases.*Z"),
        ({"genes": None, "bag_path": None}, "neither"),
    ],
)
def test_tables_that_contradict_each_other_are_refused(parts, changes, words):
    with pytest.raises(CohortError, match=words):
        Cohort(**(parts | changes))
