"""Everything in one call, for a patient of the demo."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from survdash.errors import Cancelled
from survdash.explanation.explain import STEPS, _prior_notes
from survdash.progress import Progress
from survdash.training.recipe import Recipe
from survdash.usecases.explaining import explain_patient


@pytest.mark.usefixtures("demo_run")
def test_all_parts_are_there_and_the_steps_are_told() -> None:
    steps: list[Progress] = []
    made = explain_patient("demo", "glg", "SIM-0001", report=steps.append)
    assert [one.message for one in steps] == list(STEPS)
    assert made.role.startswith("held out")
    assert sum(made.shares.shares.values()) == pytest.approx(made.shares.risk - made.shares.baseline, abs=1e-6)
    assert made.genes is not None
    assert made.genes.complete
    assert len(made.genes.groups) == 6
    assert made.tiles is not None
    assert {row.parts for row in made.ledger.rows} == {"genes", "slide", "genes and slide"}
    assert made.ledger.disagree is not None
    assert made.neighbours
    assert "SIM-0001" not in {one.case_id for one in made.neighbours}
    assert {one.part for one in made.familiarity} == {"genes", "slide"}
    assert made.notes == ()


@pytest.mark.usefixtures("demo_run")
def test_what_a_model_cannot_tell_is_said() -> None:
    made = explain_patient("demo", "attnmil", "SIM-0001")
    assert made.tiles is None
    assert made.genes is None
    notes = " ".join(made.notes)
    assert "no tile explanation" in notes
    assert "which patients are alike" in notes


@pytest.mark.usefixtures("demo_run")
def test_it_stops_when_asked() -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        explain_patient("demo", "glg", "SIM-0001", cancel=cancel)


def test_a_model_that_went_without_the_prior_says_so(ask_made, demo_run) -> None:
    without = ask_made("glg_linear")  # of the made cohort the shipped table knows no gene
    card = replace(demo_run("glg").card, recipe=Recipe(model="glg_linear", modalities=("genes", "slide", "clinical")))
    (told,) = _prior_notes(without, card)
    assert "what other cancers say of the genes" in told
    asked = replace(card, recipe=replace(card.recipe, options={"prior": False}))
    assert _prior_notes(without, asked) == []
    folds = [replace(fold, prior=np.ones(3)) for fold in without.folds]
    assert _prior_notes(replace(without, folds=folds), card) == []
    assert _prior_notes(ask_made("glg"), card) == []
