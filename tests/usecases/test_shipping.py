"""Models of real cohorts leave the house without a patient in them, and answer as they did inside."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from survdash.errors import InputError, NotEnoughDataError, UnknownNameError
from survdash.settings import SHIPPED_MODELS
from survdash.usecases import predict
from survdash.usecases.aggregates import AggregateAnalysis
from survdash.usecases.analysis import analyse_cohort
from survdash.usecases.case_request import PredictRequest
from survdash.usecases.comparison import compare_models, export_models, latex_of_models
from survdash.usecases.figures import cohort_figures
from survdash.usecases.importing import import_cohort
from survdash.usecases.library import (
    cohort_digest,
    cohort_folder,
    find_model,
    list_cohorts,
    list_problems,
    list_runs,
    open_cohort,
    open_run,
)
from survdash.usecases.model_card import about_model
from survdash.usecases.opening import open_shipped
from survdash.usecases.shipping import ship_models, shipped_evaluation
from survdash.usecases.studies import STUDIES, Study
from survdash.usecases.summary import shipped_summary
from survdash.usecases.training import crossval, make_recipe
from tests.usecases.conftest import Shipped

BARCODE = re.compile(rb"TCGA-[0-9A-Z]{2}-[0-9A-Z]{4}")


def test_the_cohort_shows_before_its_patients_are_here(shipped: Shipped) -> None:
    entry = next(one for one in list_cohorts() if one.name == "real")
    assert (entry.patients_here, entry.simulated, entry.cases) == (False, False, 60)
    runs = {run.name: run for run in list_runs("real")}
    assert {name for name, run in runs.items() if run.can_predict} == {"cox_ridge", "cox_ridge-genes-clinical"}
    assert not any(run.has_patients for run in runs.values())
    with pytest.raises(UnknownNameError, match="not on this machine"):
        open_cohort("real")
    assert not list_problems()


def test_figures_are_those_of_the_patients(shipped: Shipped) -> None:
    told = cohort_figures("real", "cox_ridge")
    shipped.bring_patients()
    open_shipped(open_cohort("real"))
    live = analyse_cohort("real", "cox_ridge")
    assert isinstance(told, AggregateAnalysis)
    assert (told.cases, told.deaths, told.n_high) == (live.cases, live.deaths, live.n_high)
    assert told.concordance == pytest.approx(live.concordance, rel=1e-5)
    for month in (6, 12, 24):  # exact at whole months, to the six digits that are stored
        for group, curve in live.curves.items():
            np.testing.assert_allclose(told.curves[group].at([month]), curve.at([month]), rtol=1e-5)
    assert told.histogram.low.sum() + told.histogram.high.sum() == live.cases


def test_nothing_of_a_single_patient_is_shipped(shipped: Shipped) -> None:
    ids = [case.encode() for case in shipped.patients.patients.index]
    times = shipped.patients.patients["time_months"].to_numpy()
    for path in shipped.folder.glob("real*/*"):
        assert path.suffix != ".parquet"
        content = path.read_bytes()
        assert not any(b'"%s"' % case in content for case in ids), path.name
        if path.suffix == ".safetensors":
            for name, array in load_file(path).items():
                assert 59 not in array.shape, (path.name, name)  # one number a patient
                near = np.abs(times[:, None] - np.asarray(array, float).ravel()) < 1e-5 * times[:, None]
                assert not near.any(), (path.name, name)


def test_a_new_case_is_answered_as_by_the_model_inside(shipped: Shipped, tmp_path: Path) -> None:
    table = tmp_path / "genes.csv"
    row = shipped.patients.genes.iloc[3]  # type: ignore[union-attr]
    table.write_text("gene,value\n" + "".join(f"{name},{value}\n" for name, value in row.items()))
    assert find_model("real-default").card.run == "cox_ridge"
    request = PredictRequest(cohort="real", run="cox_ridge-genes-clinical", genes=table, age_years=55.0)
    told = predict(request)
    shipped.bring_patients()
    open_shipped(open_cohort("real"))
    inside = predict(request)
    assert told.risk == pytest.approx(inside.risk, rel=1e-9)
    np.testing.assert_allclose(told.survival, inside.survival, atol=1e-6)
    assert told.percentile == pytest.approx(inside.percentile, abs=2.0)  # read from 101 quantiles of 59 patients
    assert told.group == inside.group
    assert 0 <= told.percentile <= 100


def test_methods_compare_as_they_did_inside(shipped: Shipped) -> None:
    table = compare_models("real")
    assert set(table["run"]) == {"cox_ridge", "cox_ridge-genes-clinical", "coxnet"}
    assert table["difference"].iloc[0] == 0
    assert np.isnan(table["p_holm"].iloc[0])
    assert "coxnet" in export_models("real", table).csv
    assert r"\toprule" in latex_of_models("real", table)
    with pytest.raises(NotEnoughDataError, match="not on this machine"):
        compare_models("real", ("cox_ridge",))
    open_shipped(shipped.bring_patients())
    assert compare_models("real").equals(table)  # also the run that is figures alone
    assert len(compare_models("real", ("cox_ridge", "cox_ridge-genes-clinical"))) == 2
    crossval(open_cohort("real"), make_recipe(open_cohort("real"), model="cox_ridge", seed=1))
    assert set(compare_models("real")["run"]) == {"cox_ridge", "cox_ridge-genes-clinical"}  # patients of both


def test_the_card_says_what_a_reader_must_know(shipped: Shipped) -> None:
    about = json.loads((shipped.folder / "real-cox_ridge" / "card.json").read_text())["about"]
    assert {"data", "privacy", "population", "genes", "metrics", "subgroups", "known_failures"} <= set(about)
    assert about["metrics"]["cindex"]["low"] < about["metrics"]["cindex"]["mean"]
    assert about["population"]["deaths"] == int(shipped.patients.survival.event.sum())
    assert all(row["patients"] >= 10 for row in about["subgroups"])


def test_another_cohort_of_the_name_hides_the_models_and_says_so(shipped: Shipped) -> None:
    other = shipped.bring_patients()
    assert {run.name for run in list_runs("real")} >= {"cox_ridge"}
    from survdash.sources.cohort_folder import write_cohort

    write_cohort(
        cohort_folder("real"), name="real", title="REAL", simulated=False, endpoint="overall survival",
        patients=other.patients.assign(age=1.0), genes=other.genes, gene_groups=other.gene_groups, slides={},
        folds=other.folds, source={}, bags=None, bag_origin=None,
    )  # fmt: skip
    assert not list_runs("real")
    assert any("under another name" in told for told in list_problems())


def test_what_cannot_be_shipped_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="brca"):
        ship_models(tmp_path, out=tmp_path, names=["brca"])
    with pytest.raises(InputError, match="blca_rnaseq_cnv"):
        ship_models(tmp_path, out=tmp_path, names=["blca"])


def test_the_shipped_folders_hold_no_barcode() -> None:
    for study in STUDIES:
        files = [path for folder in SHIPPED_MODELS.glob(f"{study.name}*") for path in folder.rglob("*")]
        if not files:
            pytest.skip(f"no models of {study.name} yet")
        for path in files:
            assert not BARCODE.search(path.read_bytes()), path.name
            assert path.suffix in (".json", ".safetensors"), path.name


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_figures_that_came_alone_agree_with_one_another(study: Study) -> None:
    for path in SHIPPED_MODELS.glob(f"{study.name}-*/evaluation.json"):
        stated = json.loads(path.read_text())
        cindex, horizon = stated["cindex"], stated["horizons"]["36"]
        assert cindex["mean"] == pytest.approx(np.mean(cindex["folds"]), abs=1e-9), path
        assert cindex["low"] < cindex["mean"] < cindex["high"]
        if path.with_name("fold_0.safetensors").is_file():
            assert horizon["ici"] <= 0.05, path  # what is promised of those that predict
        for analysis in stated["aggregates"]["analysis"].values():
            assert analysis["n_low"] + analysis["n_high"] == analysis["cases"]
            assert sum(analysis["histogram"]["low"]) == analysis["n_low"]
            deaths = sum(sum(curve["events"]) for curve in analysis["curves"].values())
            assert deaths == analysis["deaths"]


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_every_figure_of_the_shipped_cards_is_computed_again_from_their_weights(shared: Path, study: Study) -> None:
    """Tables in, each patient predicted by the fold weights that never saw him or her, everything measured anew."""
    if shipped_summary(study.name) is None:
        pytest.skip(f"no models of {study.name} yet")
    tables = shared / "tcga"
    parts = {name: tables / file for name in ("folds", "clinical") if (file := getattr(study, name))}
    import_cohort(tables / study.table, name=study.name, **parts)
    cohort = open_cohort(study.name)
    opened = [run for run in list_runs(study.name) if run.has_patients]
    assert opened
    for run in opened:
        stated = json.loads((SHIPPED_MODELS / f"{study.name}-{run.name}" / "evaluation.json").read_text())
        artefact = open_run(study.name, run.name)
        again = shipped_evaluation(cohort, artefact)
        # Weights are rounded to float16 when they are fitted, so the same; figures are stored with six digits.
        _same(stated, json.loads(json.dumps(again)), path=run.name)
        card = json.loads((SHIPPED_MODELS / f"{study.name}-{run.name}" / "card.json").read_text())
        data = card["about"]["data"]
        about = about_model(cohort, artefact, again, title=data["title"], taken_from=data["taken_from"],
                            terms=data["terms"])  # fmt: skip
        about["data"]["files"], data["files"] = {}, {}  # these name the day of the import
        about["known_failures"] = card["about"]["known_failures"]  # words around figures that are compared above
        _same(card["about"], json.loads(json.dumps(about)), path=f"{run.name}, card")
        table = artefact.predictions()
        deaths = int(cohort.patients.loc[table["case_id"], "event"].sum())
        assert (card["cases"], card["events"]) == (len(table), deaths)
    rows = compare_models(study.name, tuple(run.name for run in opened)).set_index("run")
    for row in shipped_summary(study.name).comparison:  # type: ignore[union-attr]
        if row["run"] in rows.index:
            for name in ("mean", "sd", "low", "high", "pooled"):
                assert rows.loc[row["run"], name] == pytest.approx(row[name], abs=1e-4), (row["run"], name)
    assert cohort_digest(study.name)


def _same(stated: object, found: object, *, path: str) -> None:
    """Equal but for what a rounded last bit can move: one pair of thousands, one patient at a cut's edge."""
    if isinstance(stated, dict):
        assert isinstance(found, dict)
        assert stated.keys() == found.keys(), path
        for name in stated:
            _same(stated[name], found[name], path=f"{path}.{name}")
    elif isinstance(stated, list):
        assert isinstance(found, list)
        assert len(stated) == len(found), path
        for number, (one, other) in enumerate(zip(stated, found, strict=True)):
            _same(one, other, path=f"{path}[{number}]")
    elif isinstance(stated, float | int) and not isinstance(stated, bool):
        assert found == pytest.approx(stated, rel=2e-3, abs=2e-4), path
    else:
        assert stated == found, path
