"""The comparison: one set of draws for all, other folds apart, the paper's numbers in no ranking."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survdash.cohort import Cohort
from survdash.errors import NotEnoughDataError
from survdash.settings import SHIPPED_MODELS
from survdash.sources.cohort_folder import write_cohort
from survdash.statistics.bootstrap import compare_paired
from survdash.statistics.concordance import concordance
from survdash.statistics.holm import holm
from survdash.usecases.comparison import compare_models, export_models, latex_of_models
from survdash.usecases.library import cohort_folder, open_cohort, open_run
from survdash.usecases.training import crossval, make_recipe


@pytest.fixture
def as_blca(cohort: Cohort) -> str:
    """The made patients, said to be the paper's: genes alone, OncoTree codes of bladder cancer."""
    write_cohort(
        cohort_folder("mine"), name="mine", title="Mine", simulated=False, endpoint="overall survival",
        patients=cohort.patients.assign(oncotree_code="BLCA"), genes=cohort.genes, gene_groups=cohort.gene_groups,
        slides={}, folds=cohort.folds, source={}, bags=None, bag_origin=None,
    )  # fmt: skip
    return "mine"


def test_no_model_beats_the_truth() -> None:
    cohort = open_cohort("demo")
    oracle = concordance(cohort.patients["true_risk"], cohort.survival.time_months, cohort.survival.event)
    table = compare_models("demo")
    assert table["pooled"].max() < oracle
    assert list(table["mean"]) == sorted(table["mean"], reverse=True)
    assert (table["difference"] <= 0).all()


def test_each_difference_is_that_of_the_pair_alone_and_p_is_corrected_for_the_table() -> None:
    table = compare_models("demo").set_index("run")
    leader, *others = table.index
    predicted = {run: open_run("demo", run).predictions().set_index("case_id").sort_index() for run in table.index}
    patients = open_cohort("demo").patients.loc[predicted[leader].index]
    time, event, fold = patients["time_months"], patients["event"], predicted[leader]["fold"]
    pairs = [compare_paired(predicted[run]["risk"], predicted[leader]["risk"], time, event, fold) for run in others]
    shown = table.loc[others]
    # The same draws by the same seed, so equal but for the order of sums.
    np.testing.assert_allclose(shown["difference"], [one.difference for one in pairs], atol=1e-12)
    np.testing.assert_allclose(shown["difference_low"], [one.low for one in pairs], atol=1e-12)
    np.testing.assert_allclose(shown["difference_high"], [one.high for one in pairs], atol=1e-12)
    np.testing.assert_allclose(shown["p_holm"], holm([one.p_value for one in pairs]), atol=1e-12)
    assert table["best"].iloc[0] == (shown["difference_high"] < 0).all()


def test_best_is_marked_only_where_no_interval_reaches_zero() -> None:
    weak = compare_models("demo", ("cox_ridge", "attnmil", "snn"))
    assert (weak["run"].iloc[0], weak["best"].tolist()) == ("cox_ridge", [True, False, False])
    close = compare_models("demo", ("cox_ridge", "glg"))
    assert close["difference_high"].iloc[1] > 0
    assert not close["best"].any()
    assert not compare_models("demo", ("glg",))["best"].any()


def test_the_paper_s_number_stands_beside_and_changes_nothing(
    as_blca: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort = open_cohort(as_blca)
    for model in ("cox_ridge", "snn"):
        crossval(cohort, make_recipe(cohort, model=model, epochs=1))
    table = compare_models(as_blca).set_index("run")
    assert table.loc["snn", "published"] == 0.606
    assert table.loc["snn", "published_note"] == "published, other features"
    assert np.isnan(table.loc["cox_ridge", "published"])
    assert table.loc["cox_ridge", "published_source"] == ""
    text = latex_of_models(as_blca, table.reset_index())
    assert r"& Published \\" in text
    assert "published, other features, from Zhang 2025, doi:10.14135/" in text
    monkeypatch.setattr("survdash.usecases.comparison.published_for", lambda cohort: ())
    ours = [name for name in table if not name.startswith("published")]
    pd.testing.assert_frame_equal(compare_models(as_blca).set_index("run")[ours], table[ours])


def test_runs_on_the_folds_that_most_share_are_compared_though_another_is_higher(as_blca: str) -> None:
    cohort = open_cohort(as_blca)
    for changes in ({"model": "cox_ridge"}, {"model": "rsf"}, {"model": "coxnet", "made_folds": 2}):
        crossval(cohort, make_recipe(cohort, **changes))
    table = compare_models(as_blca)
    assert table["run"].iloc[-1] == "coxnet-2-folds"
    assert table["fold_source"].tolist() == ["given", "given", "made"]
    assert table["folds"].tolist() == [3, 3, 2]
    assert np.isfinite(table["difference_low"].iloc[1])
    assert table.iloc[-1][["difference", "difference_low", "p_holm"]].isna().all()
    assert not table["best"].any()


def test_no_model_is_a_message(as_blca: str) -> None:
    with pytest.raises(NotEnoughDataError, match="No model has been trained on cohort mine"):
        compare_models(as_blca)


def test_the_files_hold_the_table_and_name_the_versions() -> None:
    table = compare_models("demo")
    export = export_models("demo", table)
    rows = list(csv.DictReader(io.StringIO(export.csv)))
    assert [row["run"] for row in rows] == table["run"].tolist()
    assert {row["seeds"] for row in rows} == {"1"}
    assert {row["published"] for row in rows} == {""}  # simulated patients are not the paper's
    versions = json.loads(export.sidecar())["model_versions"]
    assert versions == {run: open_run("demo", run).card.version for run in table["run"]}
    text = latex_of_models("demo", table)
    assert all(version in text for version in versions.values())
    assert "Published" not in text


def test_a_run_without_a_part_has_a_title_of_its_own(data_dir: Path) -> None:
    shutil.copytree(SHIPPED_MODELS / "demo", cohort_folder("demo"))
    cohort = open_cohort("demo")
    crossval(cohort, make_recipe(cohort, model="glg", modalities=("genes",), epochs=1, seeds=2,
                                 options={"width": 16, "alignment": False}))  # fmt: skip
    titles: pd.Series = compare_models("demo")["title"]
    assert titles.is_unique
    assert any("genes only, without alignment, width 16, 2 seeds" in title for title in titles)


def test_runs_that_differ_in_one_option_stand_side_by_side(as_blca: str) -> None:
    cohort = open_cohort(as_blca)
    for width in (8, 16):
        crossval(cohort, make_recipe(cohort, model="snn", epochs=1, options={"width": width}))
    assert sorted(compare_models(as_blca)["title"]) == ["SNN, width 16", "SNN, width 8"]
