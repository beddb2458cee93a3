"""All methods on several cohorts, stopped and taken up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survdash.cohort import Cohort
from survdash.errors import UnknownNameError
from survdash.nets.registry import MODELS
from survdash.sources.cohort_folder import write_cohort
from survdash.usecases.comparison import compare_models
from survdash.usecases.library import cohort_folder, list_runs, open_cohort
from survdash.usecases.many_runs import RunOutcome, crossval_all, finished_run
from survdash.usecases.training import crossval, make_recipe


@pytest.fixture
def genes_only(cohort: Cohort) -> str:
    write_cohort(
        cohort_folder("small"), name="small", title="Small", simulated=True, endpoint="overall survival",
        patients=cohort.patients.assign(
            site=[f"h{number % 8}" for number in range(len(cohort.patients))],
            age=[40.0 + number for number in range(len(cohort.patients))],
        ),
        genes=cohort.genes, gene_groups=cohort.gene_groups, slides={}, folds=cohort.folds, source={},
        bags=None, bag_origin=None,
    )  # fmt: skip
    return "small"


def few(runs: Iterator[RunOutcome]) -> dict[str, RunOutcome]:
    return {one.model: one for one in runs}


@pytest.mark.slow
def test_every_method_that_fits_is_trained_once_and_finished_runs_are_told(genes_only: str) -> None:
    steps = []
    runs = crossval_all([genes_only], report=lambda progress: steps.append(progress.step), epochs=1)
    first = next(runs)
    assert first.state == "trained"
    runs.close()  # stopped after the first
    again = few(crossval_all([genes_only], epochs=1))
    assert set(again) == set(MODELS)
    assert again[first.model].state == "was there"
    assert (again["attnmil"].state, again["cox_ridge"].state) == ("not for it", "trained")
    assert "slide" in again["attnmil"].error
    assert {one.state for one in few(crossval_all([genes_only], epochs=1)).values()} <= {"was there", "not for it"}
    other = few(crossval_all([genes_only], epochs=1, seed=1))["snn"]
    assert other.state == "trained"  # another recipe is another run
    assert not list((cohort_folder(genes_only).parents[1] / "training").iterdir())  # no work is left behind


def test_a_width_is_that_of_every_network_and_of_nothing_else(genes_only: str) -> None:
    made = few(crossval_all([genes_only], models=("snn", "glg_linear", "cox_ridge"), width=64, epochs=1))
    assert all(one.artefact is not None for one in made.values())
    runs = {name: one.artefact.card.run for name, one in made.items() if one.artefact is not None}
    assert runs == {"snn": "snn-width-64", "glg_linear": "glg_linear", "cox_ridge": "cox_ridge"}
    widest = few(crossval_all([genes_only], models=("snn",), width=256, epochs=1))["snn"].artefact
    assert widest is not None
    assert widest.card.run == "snn"  # as usual


def test_an_unknown_cohort_is_said_before_anything_is_trained(genes_only: str) -> None:
    with pytest.raises(UnknownNameError, match="nope"):
        next(crossval_all([genes_only, "nope"], epochs=1))
    assert list_runs(genes_only) == []


def test_runs_on_other_folds_stand_beside_and_are_not_paired(genes_only: str) -> None:
    cohort = open_cohort(genes_only)
    changes = [{}, {"made_folds": 3, "by_site": True}, {"penalty": 9.0, "made_folds": 3}]
    made = [crossval(cohort, make_recipe(cohort, model="cox_ridge", **one)) for one in changes]
    by_site = made[1].predictions().set_index("case_id")["fold"]
    assert by_site.groupby(cohort.patients["site"]).nunique().max() == 1
    assert finished_run(cohort, made[1].card.recipe) is not None
    table = compare_models(genes_only).set_index("run")
    assert set(table.index) == {"cox_ridge", "cox_ridge-3-folds-by-site", "cox_ridge-3-folds"}
    others = table.iloc[1:]
    assert others["difference"].isna().all()  # all three have folds of their own
    assert not table["best"].any()
    assert np.isfinite(table["mean"]).all()


def test_a_run_of_another_state_of_the_cohort_is_not_finished(genes_only: str, tmp_path: Path) -> None:
    cohort = open_cohort(genes_only)
    recipe = make_recipe(cohort, model="cox_ridge")
    crossval(cohort, recipe)
    assert finished_run(cohort, recipe) is not None
    assert finished_run(cohort, make_recipe(cohort, model="cox_ridge", penalty=2.0)) is None
    write_cohort(
        cohort_folder(genes_only), name="small", title="Small", simulated=True, endpoint="overall survival",
        patients=cohort.patients.assign(age=pd.Series(50.0, cohort.patients.index)), genes=cohort.genes,
        gene_groups=cohort.gene_groups, slides={}, folds=cohort.folds, source={}, bags=None, bag_origin=None,
    )  # fmt: skip
    assert finished_run(open_cohort(genes_only), recipe) is None
