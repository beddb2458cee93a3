"""The risk of a case without a part of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

ALL = frozenset({"genes", "slide", "clinical"})


def test_the_whole_case_has_the_mean_risk_of_the_fold_models(ask_demo) -> None:
    case = ask_demo("glg")
    each = [fold.score(case.inputs, np.zeros(1)).risk[0] for fold in case.folds]
    assert case.risk(frozenset({"genes", "slide"})) == pytest.approx(np.mean(each), abs=1e-12)
    assert case.parts == ("genes", "slide")


@pytest.mark.parametrize("model", ["glg", "cox_ridge"])
def test_a_part_that_is_away_has_no_say_any_more(ask_made, model: str) -> None:
    one, other = ask_made(model, 1), ask_made(model, 2)
    for part, field in (("genes", "genes"), ("slide", "bags"), ("clinical", "clinical")):
        mixed = replace(one, inputs=replace(one.inputs, **{field: getattr(other.inputs, field)}))
        assert mixed.risk(ALL) != one.risk(ALL)
        assert mixed.risk(ALL - {part}) == one.risk(ALL - {part})


def test_a_linear_model_s_average_patient_has_no_risk(ask_made) -> None:
    # The mean of a standardised column is 0, so a Cox model's log hazard ratio there is 0: float32 means round.
    assert ask_made("cox_ridge").risk(frozenset()) == pytest.approx(0, abs=1e-5)


def test_learnt_stand_ins_take_the_place_of_one_part_but_not_of_both(ask_made) -> None:
    case = ask_made("glg", stand_ins=True)
    assert case.has_stand_ins
    absent = replace(case.inputs, genes=np.full_like(case.inputs.genes, np.nan))
    by_network = np.mean([fold.score(absent, np.zeros(1)).risk[0] for fold in case.folds])
    assert case.risk(ALL - {"genes"}) == pytest.approx(by_network, abs=1e-12)
    assert np.isfinite(case.risk(frozenset()))
    assert "learnt" in case.stand_ins()["slide"]
    assert not ask_made("glg").has_stand_ins
    assert "mean" in ask_made("glg").stand_ins()["slide"]
