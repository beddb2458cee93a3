"""Like patients: nearest in the space of the model that saw neither."""

from __future__ import annotations

import numpy as np
import pandas as pd

from survdash.case import Survival
from survdash.explanation.neighbours import SHOWN, find_neighbours
from survdash.ui.like_view import what_happened


def cohort(count: int = 40) -> tuple[np.ndarray, pd.DataFrame, Survival]:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"case_id": [f"P{i:02d}" for i in range(count)], "fold": np.arange(count) % 2,
                          "risk": rng.normal(size=count)})  # fmt: skip
    survival = Survival(time_months=rng.uniform(1, 60, count), event=rng.random(count) < 0.5)
    return rng.normal(size=(count, 6)), table, survival


def test_the_nearest_comes_first_and_the_case_itself_never() -> None:
    fused, table, survival = cohort()
    fused[6] = fused[4] + 1e-3
    found = find_neighbours({0: fused[4]}, fused, table, survival, leave_out="P04")
    assert found[0].case_id == "P06"
    assert len(found) == SHOWN
    assert "P04" not in {one.case_id for one in found}
    assert {one.fold for one in found} == {0}
    assert (found[0].time_months, found[0].died) == (survival.time_months[6], bool(survival.event[6]))


def test_each_fold_is_searched_in_its_own_space() -> None:
    fused, table, survival = cohort()
    # A model's units have no common meaning: another scale of one fold's space changes nothing.
    here = find_neighbours({0: fused[4], 1: fused[5]}, fused, table, survival)
    scaled = np.where(table["fold"].to_numpy()[:, None] == 1, 1000 * fused, fused)
    there = find_neighbours({0: fused[4], 1: 1000 * fused[5]}, scaled, table, survival)
    assert [one.case_id for one in here] == [one.case_id for one in there]
    assert {one.fold for one in here} == {0, 1}


def test_a_silent_unit_and_a_lone_patient_say_nothing() -> None:
    fused, table, survival = cohort()
    padded = np.column_stack([fused, np.ones(len(fused))])
    own = np.append(fused[4], 99.0)
    assert find_neighbours({0: own}, padded, table, survival) == find_neighbours({0: fused[4]}, fused, table, survival)
    assert find_neighbours({5: fused[4]}, fused, table, survival) == ()


def test_their_fate_is_told_in_words() -> None:
    fused, table, survival = cohort()
    found = find_neighbours({0: fused[4]}, fused, table, survival)
    died = sum(one.died for one in found)
    assert what_happened(found).startswith(f"{died} of these 8 patients died")
    assert what_happened([one for one in found if not one.died]).startswith("None of these")
    (one,) = [one for one in found if one.died][:1]
    assert what_happened([one]) == f"1 of these 1 patients died, after {one.time_months:.0f} months."
