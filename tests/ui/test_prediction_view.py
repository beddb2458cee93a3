"""One prediction on a page: nothing is said beyond the data, warnings stand, the role is never far."""

from __future__ import annotations

import numpy as np

from survdash.explanation.record import Familiarity, Ledger, LedgerRow
from survdash.prediction import Prediction
from survdash.usecases import Glance
from tests.page_drawing import app_of


def script(prediction, glance):
    from survdash.ui.prediction_view import show_prediction

    show_prediction(prediction, page="p", model_title="GLG", outcome="died 3.0 months after diagnosis", glance=glance)


def make(**changes):
    months = np.arange(49.0)
    alive = np.exp(-months / 60)
    values = {
        "case_id": "case_1", "cohort": "blca", "model": "blca-glg", "model_version": "0" * 12,
        "modalities": ("genes", "slide"), "role": "held out (fold 2)", "fold": 1, "simulated": False, "risk": 0.25,
        "percentile": 83.2, "group": "high", "cutpoint": 0.1, "months": months, "survival": alive,
        "low": alive * 0.9, "high": alive ** 0.9, "warnings": (), "provenance": {"model": "blca-glg"},
    }
    return Prediction(**(values | changes))


def glance(*, disagree: bool | None = False, distance: float = 0.5):
    rows = tuple(LedgerRow(parts=parts, model="m", risk=0.0, group=group, at=(0.9, 0.5, None))
                 for parts, group in (("slide", "low"), ("genes", "high"), ("genes and slide", None)))  # fmt: skip
    familiarity = (Familiarity(part="genes", distance=distance, percentile=42.7, far_limit=1.5),)
    return Glance(familiarity=familiarity, ledger=Ledger(rows=rows, disagree=disagree), neighbours=())


def show(seen: Glance | None = None, **changes):
    page = app_of(script, args=(make(**changes), seen)).run()
    assert not page.exception
    return page


def captions(page):
    return "\n".join(block.value for block in page.caption)


def markdown(page):
    return "\n".join(block.value for block in page.markdown)


def test_people_are_told_for_each_horizon_and_none_beyond_the_follow_up():
    page = show()
    assert "about 55 are alive at 3 years" in " ".join(one.value for one in page.header)  # exp(-36/60) = 0.549
    told = captions(page)
    assert "82 of 100 at 1 year (74 % to 84 %)" in told  # exp(-12/60) = 0.819, the band as it was given
    assert "55 of 100 at 3 years" in told
    assert "At 5 years nothing is said" in told
    assert "nan" not in told


def test_role_group_rank_and_outcome_are_said():
    page = show()
    text = markdown(page)
    assert "Held out \\(fold 2\\)" in text
    assert "High risk group" in text
    assert "higher than 83 of 100" in text
    assert "What happened: died 3" in text
    assert "GLG, version" in captions(page)


def test_warnings_are_shown_letter_by_letter_and_before_the_answer():
    page = show(warnings=("Only 412 of 3,053 genes: *TP53* is missing.",))
    (box,) = page.warning
    assert "\\*TP53\\*" in box.value
    kinds = [one.type for one in page.main]
    assert kinds.index("alert" if "alert" in kinds else "warning") < len(kinds) - 1


def test_slide_and_genes_that_disagree_are_the_first_warning():
    page = show(glance(disagree=True), warnings=("Something else.",))
    assert page.warning[0].value.startswith("Slide and genes disagree")
    assert not show(glance(disagree=False)).warning
    assert "same risk group" in captions(show(glance(disagree=False)))


def test_the_ledger_says_what_each_part_says_alone():
    table = show(glance()).table[0].value
    assert table["Read from"].tolist() == ["slide", "genes", "genes and slide"]
    assert table["1 year"].tolist() == ["90", "90", "90"]
    assert table["5 years"].tolist() == ["–", "–", "–"]
    assert table["Group"].tolist() == ["low", "high", "no cut"]


def test_how_usual_a_held_out_patient_is_is_said_and_how_unusual_warned_of():
    assert "genes farther off than 42 of 100" in captions(show(glance()))
    (box,) = show(glance(distance=1.2)).warning
    assert "unlike those of most patients" in box.value
    # A new case has that among the warnings of its prediction.
    assert not show(glance(distance=1.2), fold=None, role="new case").warning


def test_a_cohort_without_cutpoint_gives_no_group():
    assert "isk group" not in markdown(show(group=None, cutpoint=None))


def test_a_model_of_simulated_patients_is_named_for_a_new_case():
    assert "Model trained on simulated patients" in markdown(show(simulated=True, fold=None, role="new case"))


def test_a_model_that_gives_one_answer_is_not_shown_as_certain():
    alive = np.exp(-np.arange(49.0) / 60)
    page = show(survival=alive, low=alive, high=alive, modalities=("genes",))
    assert "one model, one answer: how uncertain it is, is not known" in captions(page).lower()
    assert "deals" not in captions(page)
    assert "The band" not in captions(page)
    assert " to " not in captions(page).partition("Alive:")[2].partition("\n")[0]


def test_the_band_of_a_held_out_patient_is_of_the_deals_and_of_a_new_case_of_the_folds():
    assert "random deals of the tiles move the one model" in captions(show())
    genes = captions(show(fold=None, role="new case", modalities=("genes",)))
    assert "different folds" in genes
    assert "tiles" not in genes
    assert "one model, one answer" not in genes.lower()
