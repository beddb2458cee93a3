"""Trainings with other chance are other trainings, and are made once."""

from __future__ import annotations

import pandas as pd

from survdash.cohort import Cohort
from survdash.settings import settings
from survdash.training.data import model_data
from survdash.training.recipe import Recipe
from survdash.usecases.kept_training import ROOM, judge, other_seeds, out_of_fold, stored_seeds
from survdash.usecases.training import crossval
from tests.usecases.conftest import write_real


def test_other_seeds_are_kept_and_known_again(cohort: Cohort) -> None:
    from survdash.usecases.library import open_cohort

    write_real(cohort)
    real = open_cohort("real")
    artefact = crossval(real, Recipe(model="snn", modalities=("genes",), epochs=2, options={"width": 8}))
    assert stored_seeds(artefact) == []
    data = model_data(real, ("genes",))
    means = other_seeds(artefact, data, seeds=3)
    assert len(set(means)) == 3  # chance shows
    assert means[0] == artefact.evaluation()["cindex"]["mean"]
    assert stored_seeds(artefact) == means
    kept = {path: path.stat().st_mtime_ns for path in (settings().data_dir / ROOM).glob("*.parquet")}
    assert len(kept) == 2
    assert other_seeds(artefact, data, seeds=3) == means
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_a_run_and_the_same_training_beside_it_say_the_same(cohort: Cohort) -> None:
    from survdash.usecases.library import open_cohort

    write_real(cohort)
    real, recipe = open_cohort("real"), Recipe(model="cox_ridge", modalities=("genes",))
    data = model_data(real, ("genes",))
    table = out_of_fold(data, recipe)
    run = crossval(real, recipe)
    pd.testing.assert_series_equal(table["risk"], run.predictions()["risk"])
    assert judge(table, data)["mean"] == run.evaluation()["cindex"]["mean"]
    fewer = out_of_fold(data, recipe, share=0.5)
    assert fewer["case_id"].tolist() == table["case_id"].tolist()
    assert not fewer["risk"].equals(table["risk"])
