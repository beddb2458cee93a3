"""Patients of TCGA who were fetched, before the weights that came with survdash: who is told by which, and who is not.

The servers on this machine give the very values that the models were trained on, in cBioPortal's form.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survdash.artefact import load_folds, read_artefact
from survdash.cohort import Cohort
from survdash.errors import CohortError
from survdash.genes import functional_groups
from survdash.prediction import UNSEEN
from survdash.settings import SHIPPED_MODELS
from survdash.sources.importing import ImportRequest, gather
from survdash.sources.research_csv import ResearchTable, read_research_csv
from survdash.training.data import model_data
from survdash.usecases import library, predict, summary, transfer
from survdash.usecases.analysis import analyse_cohort, stored_prediction
from survdash.usecases.case_request import PredictRequest
from survdash.usecases.explaining import explain_patient
from survdash.usecases.fetch_request import FetchRequest
from survdash.usecases.fetching import fetch_cohort
from survdash.usecases.importing import import_cohort
from survdash.usecases.library import list_runs, open_cohort, open_run
from survdash.usecases.opening import open_brought
from survdash.usecases.transfer import plan_transfer
from survdash.usecases.tripod import tripod_items
from survdash.usecases.what_if import what_if_range
from tests.sources.cbioportal_server import CBioPortal
from tests.sources.gdc_server import Gdc, star_counts

RUN = "cox_ridge-genes-clinical"
STUDY = "ucec_tcga_pan_can_atlas_2018"
NEW = 25


@pytest.fixture
def one_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of shipped models with one of UCEC alone, which is quicker than all."""
    folder = tmp_path / "shipped"
    for name in ("ucec", f"ucec-{RUN}"):
        shutil.copytree(SHIPPED_MODELS / name, folder / name)
    for module in (library, summary, transfer):
        monkeypatch.setattr(module, "SHIPPED_MODELS", folder)
    return folder


@pytest.fixture(scope="module")
def table(shared: Path) -> ResearchTable:
    """The patients of UCEC as the models' tables have them."""
    return read_research_csv(shared / "tcga" / "ucec_mut_cnv.csv.zip")


@pytest.fixture
def portal(table: ResearchTable, cbioportal: CBioPortal) -> CBioPortal:
    """All of them at cBioPortal, and some of them once more under numbers that no model knows."""
    assert table.genes is not None
    panel = read_artefact(SHIPPED_MODELS / f"ucec-{RUN}").card.panel
    assert panel is not None
    genes = table.genes[list(panel.columns)]
    others = {case: f"TCGA-ZZ-{number:04d}" for number, case in enumerate(table.patients.index[:NEW])}
    patients = pd.concat([table.patients, table.patients.iloc[:NEW].rename(index=others)])
    cbioportal.serve(patients, pd.concat([genes, genes.iloc[:NEW].rename(index=others)]), study=STUDY)
    cbioportal.rna |= {(f"{case}-01", cbioportal.genes["TP53"]): 900.0 for case in patients.index}  # read by no model
    return cbioportal


def test_each_patient_is_told_by_the_weights_that_never_saw_him_or_her(
    shared: Path, one_model: Path, portal: CBioPortal, tmp_path: Path
) -> None:
    made = fetch_cohort(FetchRequest(cohort="UCEC", source="cbioportal"))
    assert made.preview is not None
    told = " ".join(made.preview.report.notes)
    assert "480 were of their training, each predicted by the weights of the fold that held him or her out" in told
    assert f"{NEW - 1} are new to them" in told
    assert "come from another source" in told
    assert "1 patients do not pass the check" in told  # the last was not sequenced
    assert "crossval" not in made.next_steps[0]
    assert [run.name for run in list_runs("ucec-cbioportal")] == [RUN]
    artefact = open_run("ucec-cbioportal", RUN)
    found = artefact.predictions().set_index("case_id")

    # As the published lists of the folds say, and not as our table of hashes does.
    listed = {case: fold for fold in range(5)
              for case in pd.read_csv(shared / "tcga" / "splits" / "ucec" / f"splits_{fold}.csv")["val"].dropna()}
    cohort, card = open_cohort("ucec-cbioportal"), artefact.card
    data = model_data(cohort, card.recipe.modalities, panel=card.panel)
    by_fold = pd.DataFrame(
        [model.score(data.inputs(np.arange(data.size)), np.zeros(1)).risk for model in load_folds(artefact)],
        columns=data.case_ids,
    )
    for case, row in found.iterrows():
        risks = by_fold[case]
        if case in listed:
            assert row["fold"] == listed[case]
            assert row["risk"] == pytest.approx(risks[listed[case]], abs=1e-6)
            assert (np.abs(risks.drop(listed[case]) - row["risk"]) > 1e-5).all()  # by nobody else
        else:
            assert row["fold"] == -1
            assert row["risk"] == pytest.approx(risks.mean(), abs=1e-6)
    assert len(found) == 480 + NEW - 1

    # What the import of the models' own tables gives, and what the model's card states of them.
    import_cohort(shared / "tcga" / "ucec_mut_cnv.csv.zip", name="ucec", folds=shared / "tcga" / "splits" / "ucec")
    own = open_run("ucec", RUN).predictions().set_index("case_id")
    np.testing.assert_allclose(found.loc[own.index, "risk"], own["risk"], atol=1e-6)
    np.testing.assert_allclose(
        np.stack(found.loc[own.index, "survival"].to_list()), np.stack(own["survival"].to_list()), atol=1e-6
    )
    stated = json.loads((one_model / f"ucec-{RUN}" / "evaluation.json").read_text())["cindex"]["mean"]
    assert artefact.evaluation()["cindex"]["mean"] == pytest.approx(stated, abs=1e-4)
    _look_at_one_who_is_new(table_of=cohort, folder=tmp_path)


def _look_at_one_who_is_new(*, table_of: Cohort, folder: Path) -> None:
    """Role, explanation, what-if and notes of a patient whom no fold saw; the same as a new case."""
    name, case = table_of.name, "TCGA-ZZ-0003"
    told = stored_prediction(name, RUN, case)
    assert (told.role, told.fold, told.of_cohort) == (UNSEEN, None, True)
    assert "another source" in told.warnings[0]
    assert told.provenance["opened_by"]["model"] == f"ucec-{RUN}"  # type: ignore[index]
    assert explain_patient(name, RUN, case).role == UNSEEN
    assert what_if_range(name, RUN, case).genes
    genes, facts = folder / "genes.csv", table_of.patients.loc[case]
    assert table_of.genes is not None
    row = table_of.genes.loc[case].dropna()
    genes.write_text("gene,value\n" + "".join(f"{gene},{value}\n" for gene, value in row.items()))
    case_told = predict(PredictRequest(cohort=name, run=RUN, genes=genes, age_years=facts["age"], sex=facts["sex"]))
    assert told.risk == pytest.approx(case_told.risk, abs=1e-6)
    np.testing.assert_allclose(told.low, case_told.low, atol=1e-6)
    analysis = analyse_cohort(name, RUN)
    assert f"leaves out {NEW - 1} patients who are new to the model" in " ".join(analysis.notes)
    assert analysis.concordance[0] == pytest.approx(open_run(name, RUN).evaluation()["cindex"]["mean"])
    assert analysis.risk_table.set_index("case_id")["fold"].isna().sum() == NEW - 1
    items = {item.number: item.answer for item in tripod_items(f"{name}-{RUN}")}
    assert "480 patients" in items["21"]
    assert "computed here" in items["16"]
    assert f"C-index of the {NEW - 1} who are new to it" in items["16"]


def test_where_the_fold_cannot_be_known_nobody_is_shown_as_held_out(
    table: ResearchTable, one_model: Path, shared: Path
) -> None:
    request = ImportRequest(table=shared / "tcga" / "ucec_mut_cnv.csv.zip", name="theirs")
    brought = replace(gather(request), source={"table": {"study": STUDY}})
    plan = plan_transfer(brought)
    assert plan is not None
    assert (plan.faults, plan.held_out, plan.new) == ((), 480, 0)
    renamed = replace(
        brought, patients=brought.patients.rename(index=lambda case: f"P{case[5:]}"),
        genes=brought.genes.rename(index=lambda case: f"P{case[5:]}"),  # type: ignore[union-attr]
    )  # fmt: skip
    plan = plan_transfer(renamed)
    assert plan is not None
    assert "480 patients have no TCGA barcode" in plan.faults[0]
    folds = one_model / "ucec" / "folds.json"
    values = json.loads(folds.read_text())
    folds.write_text(json.dumps(values | {"digest": "of others"}))
    with pytest.raises(CohortError, match="it is of other models"):
        plan_transfer(brought)
    folds.unlink()
    plan = plan_transfer(brought)
    assert plan is not None
    assert "which fold held which patient out is not known" in plan.faults[0]
    assert plan_transfer(replace(brought, source={"table": {"study": "ucec_mine"}})) is None
    assert plan_transfer(replace(brought, name="ucec")) is None


def test_another_scale_is_refused_with_the_reason_and_the_way_to_train(gdc: Gdc) -> None:
    symbols = sorted(frozenset().union(*functional_groups().values()))
    rng = np.random.default_rng(0)
    for number, case in enumerate(["TCGA-2F-A9KO", "TCGA-2F-A9KP", "TCGA-2F-A9KQ", "TCGA-2F-A9KR"]):
        dead = number % 2 == 0
        gdc.add_case(case, demographic={"vital_status": "Dead" if dead else "Alive", "age_at_index": 60 + number,
                                        **({"days_to_death": 300} if dead else {})},
                     diagnoses=[{} if dead else {"days_to_last_follow_up": 200 + number}])  # fmt: skip
        gdc.add_genes(f"{case}-01A", star_counts(dict(zip(symbols, rng.lognormal(2, 2, len(symbols)), strict=True))))
    made = fetch_cohort(FetchRequest(cohort="BLCA"))
    assert made.preview is not None
    told = " ".join(made.preview.report.notes)
    assert "The models of TCGA bladder cancer (BLCA) which come with survdash do not open these patients" in told
    assert "they are in another scale and look like logarithms, as log2(TPM + 1)" in told
    assert made.next_steps == ("python -m survdash crossval blca-gdc --model default",)
    assert not list_runs("blca-gdc")
    assert not open_brought(open_cohort("blca-gdc"))
