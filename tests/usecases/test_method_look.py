"""All methods of the demo over time."""

from __future__ import annotations

import numpy as np
import pytest

from survdash import usecases
from survdash.errors import NotEnoughDataError
from survdash.statistics import brier_score, concordance, time_auc
from survdash.usecases import method_look


@pytest.fixture(scope="module")
def looks():
    return {one.run: one for one in usecases.look_at_methods("demo")}


def test_every_model_is_judged_on_the_same_patients_as_the_library_says(looks):
    assert set(looks) == {run.name for run in usecases.list_runs("demo")}
    survival = usecases.open_cohort("demo").survival
    stored = usecases.open_run("demo", "glg").predictions()
    expected = time_auc(stored["risk"], survival.time_months, survival.event, times=[36.0], resamples=10)
    assert looks["glg"].auc.values[1] == expected.values[0]
    times = looks["glg"].brier.times
    curves = np.stack(stored["survival"].to_list())[:, times.astype(int)]
    whole = brier_score(curves, survival.time_months, survival.event, times=times)
    assert looks["glg"].brier.integrated == whole.integrated
    # everybody's curve, of the same patients
    assert len({one.brier.integrated_reference for one in looks.values()}) == 1
    assert concordance(stored["risk"], survival.time_months, survival.event) > 0.7


def test_a_variant_is_the_same_method_with_less_and_nothing_else():
    found = {one.variant: one for one in usecases.ablations("demo")}
    assert set(found) == {"glg-genes", "glg-slide"}  # snn reads genes, but is another method
    assert {one.whole for one in found.values()} == {"GLG fusion (the paper's model), width 64"}
    pair = usecases.model_pair("demo", "glg-genes", "glg").difference
    gap = found["glg-genes"].difference
    assert (gap.difference, gap.low, gap.high) == (pair.difference, pair.low, pair.high)
    assert all(one.p_holm >= one.difference.p_value for one in found.values())


def test_a_cohort_without_variants_is_told_how_to_make_one(monkeypatch):
    monkeypatch.setattr(method_look, "_without", lambda whole, variant: ())
    with pytest.raises(NotEnoughDataError, match="--modalities genes"):
        usecases.ablations("demo")


def test_the_grid_of_the_brier_score_keeps_to_what_was_followed():
    from survdash.case import Survival

    late = Survival(time_months=np.array([7.0, 20.0, 40.0]), event=np.array([True, True, False]))
    grid = method_look._grid(late, last=100)
    assert (grid.min(), grid.max()) == (9, 39)
    alive = Survival(time_months=np.array([7.0]), event=np.array([False]))
    assert method_look._grid(alive, last=100).size == 0
