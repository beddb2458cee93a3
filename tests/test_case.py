from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survdash.case import Bag, BagOrigin, Case, Clinical, Survival
from survdash.errors import BagError, ClinicalError, InputError

ORIGIN = BagOrigin(encoder="efficientnet-lite0", weights="ab", dim=4)


def bag(**changes):
    arrays = {
        "features": np.ones((3, 4), np.float16),
        "coords": np.zeros((3, 2), np.int32),
        "slide_index": np.zeros(3, np.int32),
    }
    return Bag(**(arrays | changes), slide_ids=("s",), origin=ORIGIN)


@pytest.mark.parametrize("time", [0.0, -1.0, np.nan, np.inf])
def test_a_time_that_cannot_be_is_named_by_its_row(time):
    with pytest.raises(ClinicalError, match=r"1 follow-up times .* row 2"):
        Survival(time_months=np.array([3.0, time]), event=np.array([1, 0]))


@pytest.mark.parametrize("event", [[1, 2], [1, np.nan], ["dead", "alive"]])
def test_an_event_is_0_or_1(event):
    with pytest.raises(ClinicalError, match="0 or 1"):
        Survival(time_months=np.array([3.0, 4.0]), event=np.array(event))


def test_the_columns_have_one_length():
    with pytest.raises(ClinicalError, match="one length"):
        Survival(time_months=np.array([3.0, 4.0]), event=np.array([1]))


def test_follow_up_is_copied_and_read_only():
    time = np.array([3.0, 4.0, 5.0])
    data = Survival(time_months=time, event=np.array([1, 0, 1]))
    time[0] = 99.0
    assert data.time_months.tolist() == [3.0, 4.0, 5.0]
    with pytest.raises(ValueError, match="read-only"):
        data.event[0] = False
    taken = data.take(np.array([2, 0]))
    assert (taken.time_months.tolist(), taken.event.tolist(), taken.size) == ([5.0, 3.0], [True, True], 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"features": np.ones((0, 4), np.float16)},
        {"features": np.ones((3, 5), np.float16)},
        {"features": np.ones(3, np.float16)},
        {"coords": np.zeros((2, 2), np.int32)},
        {"slide_index": np.zeros(4, np.int32)},
    ],
)
def test_a_bag_whose_parts_disagree_is_refused(changes):
    with pytest.raises(BagError):
        bag(**changes)


@pytest.mark.parametrize("facts", [{"age_years": -1}, {"age_years": 732}, {"age_years": np.nan}, {"sex": "f"}])
def test_impossible_clinical_facts_are_refused(facts):
    with pytest.raises(ClinicalError):
        Clinical(**facts)


def test_a_case_has_a_slide_or_genes():
    with pytest.raises(InputError, match="neither"):
        Case(case_id="A")
    assert Case(case_id="A", bag=bag()).genes is None
    assert Case(case_id="A", genes=pd.Series({"TP53_rna": 1.0})).bag is None
