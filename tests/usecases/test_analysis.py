"""The shipped demo under its models: what is shown is what is stored, and fusion gains what it claims."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest

from survdash.errors import UnknownNameError
from survdash.statistics.bootstrap import compare_paired
from survdash.usecases.analysis import (
    analyse_cohort,
    export_cohort,
    export_prediction,
    prediction_from_json,
    prediction_to_json,
    stored_prediction,
)
from survdash.usecases.importing import import_cohort
from survdash.usecases.library import list_runs, open_cohort, open_run
from survdash.usecases.training import crossval, make_recipe


def test_the_split_is_by_the_cutpoint_and_the_three_p_values_stand_side_by_side() -> None:
    found = analyse_cohort("demo", "glg")
    assert found.cutpoint is not None
    np.testing.assert_array_equal(found.high, found.risk > found.cutpoint)
    assert found.naive is not None
    assert found.maxstat is not None
    assert found.held_out_p is not None
    # A p-value that allows for the search is never the smaller one.
    assert found.naive.p_value < found.maxstat.p_exact_gauss < 1e-3
    assert list(found.risk_table["group"]) == ["high" if one else "low" for one in found.high]


def test_the_median_cut_has_no_search_to_correct() -> None:
    found = analyse_cohort("demo", "glg", cut="median")
    assert found.maxstat is None
    assert found.high.sum() == (~found.high).sum()


def test_the_export_holds_one_row_a_patient_equal_to_what_is_stored() -> None:
    stored = open_run("demo", "glg").predictions().set_index("case_id")
    rows = list(csv.DictReader(io.StringIO(export_cohort("demo", "glg").csv)))
    assert [row["case_id"] for row in rows] == list(stored.index)
    for row in rows:
        assert float(row["risk"]) == round(stored.loc[row["case_id"], "risk"], 6)
        assert int(row["fold"]) == stored.loc[row["case_id"], "fold"] + 1
        assert row["simulated"] == "1"


@pytest.mark.parametrize("alone", ["glg-genes", "glg-slide"])
def test_fused_beats_its_own_one_modality_versions_on_the_demo(alone: str) -> None:
    cohort = open_cohort("demo")
    fused, single = (open_run("demo", run).predictions() for run in ("glg", alone))
    survival = cohort.survival
    pair = compare_paired(fused["risk"], single["risk"], survival.time_months, survival.event, fused["fold"])
    assert pair.low > 0


def test_a_stored_prediction_travels_through_json_to_the_same_bytes() -> None:
    one = stored_prediction("demo", "glg", "SIM-0001")
    again = prediction_from_json(prediction_to_json(one))
    assert export_prediction(again) == export_prediction(one)


def test_an_unknown_patient_is_a_message() -> None:
    with pytest.raises(UnknownNameError, match="SIM-9999"):
        stored_prediction("demo", "glg", "SIM-9999")


def test_a_fold_in_which_nobody_can_be_compared_says_nothing_and_hides_nothing(tmp_path) -> None:
    names = [f"P{number}" for number in range(10)]
    # Five folds of one death and one who lives; only where that one was seen beyond the death can they be compared.
    months = [*range(1, 6), 0.5, 0.5, 0.5, 20, 20]
    pd.DataFrame({"case_id": names, "slide_id": names, "survival_months": months, "censorship": [0] * 5 + [1] * 5,
                  "TP53_rnaseq": np.linspace(-1, 1, 10)}).to_csv(tmp_path / "few.csv", index=False)  # fmt: skip
    import_cohort(tmp_path / "few.csv", name="few")
    cohort = open_cohort("few")
    crossval(cohort, make_recipe(cohort, model="cox_ridge"))
    (run,) = list_runs("few")
    found = analyse_cohort("few", run.name)
    assert len(found.case_ids) == 10
    assert found.concordance[0] == pytest.approx(run.cindex_mean), "the folds that the evaluation counts"
    assert "The C-index leaves out 6 patients, in folds where no two can be compared." in found.notes
