from __future__ import annotations

import numpy as np
import pytest

from survdash.case import Bag, BagOrigin, Case, Clinical, Survival
from survdash.errors import BagError, ClinicalError, InputError

ORIGIN = BagOrigin(encoder="net", weights="", dim=3)


def bag(**changed: object) -> Bag:
    parts = {
        "features": np.ones((2, 3), np.float32),
        "coords": np.zeros((2, 2), np.int32),
        "slide_index": np.zeros(2, np.int32),
        "slide_ids": ("s",),
        "origin": ORIGIN,
    }
    return Bag(**{**parts, **changed})


def test_follow_up_is_checked_once_and_read_only_after():
    survival = Survival(time_months=[1, 2.5], event=[1, 0])
    assert survival.event.tolist() == [True, False]
    assert survival.size == 2
    assert survival.take(np.array([False, True])).time_months.tolist() == [2.5]
    with pytest.raises(ValueError, match="read-only"):
        survival.time_months[0] = 3


@pytest.mark.parametrize("time", [0, -1, np.nan, np.inf])
def test_impossible_times_name_their_row(time):
    with pytest.raises(ClinicalError, match=r"1 follow-up times.*row 2"):
        Survival(time_months=[1, time], event=[1, 0])


def test_events_are_zero_or_one_and_a_flipped_column_is_hinted_at():
    with pytest.raises(ClinicalError, match=r"Events must be 0 or 1; found.*censorship"):
        Survival(time_months=[1, 2], event=[1, 2])
    with pytest.raises(ClinicalError, match="two columns of one length"):
        Survival(time_months=[1, 2], event=[1])


@pytest.mark.parametrize(
    "changed",
    [
        {"features": np.ones((0, 3))},
        {"features": np.ones((2, 4))},
        {"coords": np.zeros((3, 2))},
        {"slide_index": np.zeros(3)},
        {"features": np.ones(3)},
    ],
)
def test_a_bag_whose_parts_do_not_fit_is_refused(changed):
    with pytest.raises(BagError):
        bag(**changed)


def test_a_bag_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        bag().features[0, 0] = 2


def test_clinical_facts_that_cannot_be_are_refused():
    assert Clinical(age_years=0, sex="female").stage is None
    with pytest.raises(ClinicalError, match="22000 years"):
        Clinical(age_years=22000)
    with pytest.raises(ClinicalError, match="'F' is not known"):
        Clinical(sex="F")


def test_a_case_needs_a_modality():
    assert Case(case_id="A", bag=bag()).genes is None
    with pytest.raises(InputError, match="neither a slide nor a gene table"):
        Case(case_id="A")
