"""One command from tables to the documentation: what it trains, what it writes, and that it takes up what is there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from survdash.cohort import Cohort
from survdash.errors import NotEnoughDataError
from survdash.settings import settings
from survdash.sources.cohort_folder import write_cohort
from survdash.usecases.comparison import compare_models
from survdash.usecases.evidence import block_of, comparison_lines
from survdash.usecases.evidence_run import Duel, duel_lines, make_evidence
from survdash.usecases.library import cohort_folder, list_runs
from tests.usecases.conftest import write_real


def test_the_page_gets_what_the_compare_page_shows_and_nothing_is_done_twice(cohort: Cohort, tmp_path: Path) -> None:
    write_real(cohort)
    page = tmp_path / "page.md"
    marks = ("real", "real, quick", "default, quick")
    page.write_text("\n".join(f"<!-- {name} -->\nold\n<!-- / -->" for name in marks))
    made = make_evidence(["real"], quick=True, page=page)
    runs = {run.name for run in list_runs("real")}
    assert runs == {"glg_linear-width-8", "glg_linear-genes-width-8", "cox_ridge", "cox_ridge-genes-clinical",
                    "cox_clinical"}  # fmt: skip
    text = page.read_text()
    assert block_of("real, quick", text) == "\n".join(comparison_lines(compare_models("real")))
    assert block_of("default, quick", text) == "\n".join(made["default"])
    assert block_of("real", text) == "old"
    assert made["default"][2].startswith("| REAL | 59 / 49 | ")  # one patient is in no fold
    cards = {path: path.stat().st_mtime_ns for path in settings().data_dir.glob("cohorts/real/runs/*/card.json")}
    again = make_evidence(["real"], quick=True)
    assert again["default"] == made["default"]
    assert json.loads(json.dumps(again, allow_nan=False))["cohorts"]["real"][0]["p_holm"] is None
    assert {path: path.stat().st_mtime_ns for path in cards} == cards


def test_networks_are_trained_with_other_chance_and_pages_say_what_that_gave(
    cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    from survdash.usecases import evidence_run
    from survdash.usecases.studies import Method

    write_real(cohort)
    methods = (Method(model="cox_ridge"), Method(model="snn", changes={"epochs": 1, "options": {"width": 8}}))
    monkeypatch.setattr(evidence_run, "METHODS", methods)
    made = make_evidence(["real"], seeds=2)
    assert "default" not in made  # it was not among the methods
    rows = compare_models("real").set_index("run")
    assert rows.loc["snn-width-8", "trainings"] == 2
    assert rows.loc["snn-width-8", "chance_low"] < rows.loc["snn-width-8", "chance_high"]
    assert rows.loc["cox_ridge", "trainings"] == 1
    assert np.isnan(rows.loc["cox_ridge", "chance_low"])


def test_what_a_cohort_has_too_little_for_is_left_out_and_told(cohort: Cohort) -> None:
    patients = cohort.patients.assign(event=np.arange(len(cohort.patients)) % 30 == 0)
    write_cohort(
        cohort_folder("few"), name="few", title="Few", simulated=True, endpoint="overall survival", patients=patients,
        genes=cohort.genes, gene_groups=cohort.gene_groups, slides={}, folds=cohort.folds, source={},
    )  # fmt: skip
    with pytest.raises(NotEnoughDataError, match="too little for every method") as told:
        make_evidence(["few"], quick=True)
    assert "default, with clinical facts: 0 deaths are too few" in told.value.hint


def test_a_cohort_without_folds_is_told(cohort: Cohort) -> None:
    write_cohort(
        cohort_folder("unfolded"), name="unfolded", title="U", simulated=True, endpoint="overall survival",
        patients=cohort.patients, genes=cohort.genes, gene_groups=cohort.gene_groups, slides={}, folds=None, source={},
    )  # fmt: skip
    with pytest.raises(NotEnoughDataError, match="folds"):
        make_evidence(["unfolded"])


def test_the_mean_over_cohorts_has_its_own_interval() -> None:
    def duel(name: str, gap: float, bar: float | None) -> Duel:
        draws = np.array([[0.6 + gap, 0.7 + gap, 0.5 + gap], [0.6, 0.7, 0.5]])
        return Duel(cohort=name, cases=10, events=5, seeds=(0.6 + gap, 0.61 + gap), draws=draws, bar=bar)

    lines = duel_lines([duel("a", 0.02, 0.6), duel("b", -0.04, 0.7)])
    assert lines[2] == "| a | 10 / 5 | 0.620 | 0.630 | 0.600 | +0.020 (+0.020 to +0.020) | 0.600 |"
    assert lines[4] == "| **mean of 2** | | 0.590 | 0.600 | 0.600 | -0.010 (-0.010 to -0.010) | **0.650** |"
    assert duel_lines([duel("a", 0.02, None), duel("b", 0.0, 0.7)])[4].endswith("| – |")
