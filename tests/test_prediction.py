"""What a model says of one case."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from survdash.artefact import Artefact, read_artefact
from survdash.bag_file import BagFile
from survdash.case import BagOrigin, Case, Clinical
from survdash.cohort import Cohort
from survdash.errors import ArtefactError, BagError, UnknownNameError
from survdash.prediction import (
    Prediction,
    percentile_of,
    predict_case,
    risk_from_logits,
    stored_prediction,
    stored_predictions,
    survival_from_logits,
)
from survdash.training.recipe import Recipe
from survdash.usecases import crossval


@pytest.fixture(scope="module")
def fused(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Artefact:
    recipe = Recipe(model="glg_linear", modalities=("genes", "slide"), epochs=3, options={"width": 8})
    return crossval(cohort, recipe, folder=tmp_path_factory.mktemp("models") / "made-glg")


def case_of(cohort: Cohort, case_id: str) -> Case:
    with BagFile(cohort.bag_path) as file:
        bag = file.read(cohort.slides_of(case_id))
    return Case(case_id="new", bag=bag, genes=cohort.genes.loc[case_id])


def test_a_hand_worked_case_has_the_paper_s_survival_and_risk() -> None:
    logits = torch.logit(torch.tensor([[0.5, 0.2, 0.0, 0.5]]).clamp(1e-6))
    # S = .5, .5*.8, .4*1, .4*.5; risk = -(.5 + .4 + .4 + .2); the hazard of 0 is 1e-6 here.
    torch.testing.assert_close(survival_from_logits(logits), torch.tensor([[0.5, 0.4, 0.4, 0.2]]), rtol=0, atol=1e-5)
    torch.testing.assert_close(risk_from_logits(logits), torch.tensor([-1.5]), rtol=0, atol=1e-5)


def test_a_patient_of_the_cohort_is_held_out_and_says_so(fused: Artefact, cohort: Cohort) -> None:
    one = stored_prediction(fused, "P00")
    assert one.role == f"held out (fold {int(cohort.folds['P00']) + 1})"
    assert len(stored_predictions(fused)) == len(cohort.folds)
    with pytest.raises(UnknownNameError, match="P99"):
        stored_prediction(fused, "P99")


def test_a_new_case_gives_the_same_answer_whatever_the_order_of_its_tiles(fused: Artefact, cohort: Cohort) -> None:
    case = case_of(cohort, "P00")
    first, second = predict_case(fused, case), predict_case(fused, case)
    assert first.risk == second.risk
    assert first.role == "new case"
    np.testing.assert_array_equal(first.survival, second.survival)
    turned = np.arange(len(case.bag.features))[::-1]
    bag = replace(
        case.bag, features=case.bag.features[turned], coords=case.bag.coords[turned],
        slide_index=case.bag.slide_index[turned],
    )  # fmt: skip
    other = predict_case(fused, Case(case_id="new", bag=bag, genes=case.genes))
    assert other.risk == pytest.approx(first.risk, abs=1e-5)  # sums in another order round otherwise


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_feature_that_is_no_number_is_refused_and_not_scored(fused: Artefact, cohort: Cohort, value: float) -> None:
    case = case_of(cohort, "P00")
    features = case.bag.features.copy()
    features[[2, 7], 3] = value
    with pytest.raises(BagError, match=r"2 of 10 tiles .* the first is tile 3"):
        predict_case(fused, Case(case_id="new", bag=replace(case.bag, features=features), genes=case.genes))


def test_a_gap_in_a_slide_level_vector_is_filled_and_told(fused: Artefact, cohort: Cohort) -> None:
    case = case_of(cohort, "P01")
    features = case.bag.features[:1].astype(np.float32)
    features[0, 3] = np.nan
    bag = replace(case.bag, features=features, coords=case.bag.coords[:1], slide_index=case.bag.slide_index[:1])
    made = predict_case(fused, Case(case_id="new", bag=bag, genes=case.genes), warnings=("before",))
    assert made.warnings == ("before", "1 of 8 slide features is missing; the training patients' median stands in.")
    assert np.isfinite(made.risk)


def test_curves_start_at_one_never_rise_and_lie_in_their_band(fused: Artefact, cohort: Cohort) -> None:
    for one in (stored_prediction(fused, "P01"), predict_case(fused, case_of(cohort, "P01"))):
        assert one.survival[0] == 1
        assert (np.diff(one.survival) <= 1e-12).all()
        assert (one.survival >= 0).all()
        assert (one.low <= one.high + 1e-12).all()
        assert one.at(one.months[-1] + 1) is None


def test_a_bag_of_another_encoder_or_a_missing_modality_is_refused(fused: Artefact, cohort: Cohort) -> None:
    case = case_of(cohort, "P00")
    foreign = replace(case.bag, origin=BagOrigin(encoder="other", weights="", dim=8))
    with pytest.raises(ArtefactError, match="other"):
        predict_case(fused, Case(case_id="new", bag=foreign, genes=case.genes))
    normalised = replace(case.bag, origin=replace(case.bag.origin, stain="macenko"))
    with pytest.raises(ArtefactError, match="stain normalisation none; this bag was made with macenko"):
        predict_case(fused, Case(case_id="new", bag=normalised, genes=case.genes))
    with pytest.raises(ArtefactError, match="no slide"):
        predict_case(fused, Case(case_id="new", genes=case.genes))


@given(st.lists(st.floats(-4, 0), min_size=1, max_size=30), st.floats(-4, 0))
def test_percentiles_stay_between_0_and_100_and_rise_with_risk(reference: list[float], risk: float) -> None:
    values = np.array(reference)
    assert 0 <= percentile_of(risk, values) <= percentile_of(risk + 0.5, values) <= 100


def test_only_a_model_with_variants_has_a_band(fused: Artefact, cohort: Cohort) -> None:
    one = predict_case(fused, case_of(cohort, "P01"))
    assert one.has_band  # of the folds
    # A bag of five tiles is dealt in one way, so that the one fold that answers for a held-out patient answers once.
    assert not stored_prediction(fused, "P01").has_band
    assert not replace(one, low=one.survival, high=one.survival).has_band
    # what rounding does is no band
    assert not replace(one, low=one.survival, high=one.survival + 1e-12).has_band


def test_a_patient_held_out_from_a_model_without_deals_has_no_band(
    cohort: Cohort, tmp_path_factory: pytest.TempPathFactory
) -> None:
    recipe = Recipe(model="glg", modalities=("genes",), epochs=1, options={"width": 8})
    made = crossval(cohort, recipe, folder=tmp_path_factory.mktemp("models") / "made-glg-genes")
    assert not any(one.has_band for one in stored_predictions(made))
    assert predict_case(made, Case(case_id="new", genes=cohort.genes.loc["P00"])).has_band  # of the folds


@pytest.mark.parametrize("changes", [{"model": "cox_ridge"}, {"model": "glg_linear", "epochs": 1}], ids=str)
def test_clinical_facts_of_a_new_case_are_read_and_what_is_not_known_is_said(
    changes: dict[str, Any], cohort: Cohort, tmp_path: Path
) -> None:
    ages = [40.0 + number % 30 for number in range(len(cohort.patients))]
    older = replace(cohort, patients=cohort.patients.assign(age=ages))
    recipe = Recipe(modalities=("genes", "clinical"), penalty=0.01, **changes)
    artefact = read_artefact(crossval(older, recipe, folder=tmp_path / "made").folder)
    assert "age in years" in artefact.card.clinical[0]

    def predicted(**facts: object) -> Prediction:
        genes = cohort.genes.loc["P01"]
        return predict_case(artefact, Case(case_id="new", genes=genes, clinical=Clinical(**facts)))

    young, old, unknown = predicted(age_years=45.0, sex="female", stage="II"), predicted(age_years=65.0), predicted()
    assert young.risk != old.risk
    assert young.warnings == ()
    assert "sex, stage" in old.warnings[-1]
    assert "age, sex, stage" in unknown.warnings[-1]


def test_a_model_that_has_learnt_stand_ins_is_trained_and_asked_with_what_there_is(
    cohort: Cohort, tmp_path: Path
) -> None:
    gaps = replace(cohort, genes=cohort.genes.drop(index=["P03", "P04"]))
    recipe = Recipe(model="glg", modalities=("genes", "slide"), epochs=2, options={"width": 8, "stand_ins": True})
    artefact = crossval(gaps, recipe, folder=tmp_path / "made")
    assert artefact.card.run == "glg-stand-ins-width-8"
    assert {"P03", "P04"} <= set(artefact.predictions()["case_id"])
    whole = case_of(cohort, "P00")
    for missing, words in (({"bag": None}, "No slide"), ({"genes": None}, "No genes")):
        made = predict_case(artefact, replace(whole, **missing))
        assert words in made.warnings[-1]
        assert np.isfinite(made.survival).all()
    plain = crossval(gaps, replace(recipe, options={"width": 8}), folder=tmp_path / "plain")
    assert not {"P03", "P04"} & set(plain.predictions()["case_id"])
