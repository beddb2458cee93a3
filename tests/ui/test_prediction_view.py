"""One prediction on a page: nothing is said beyond the data, warnings stand, the role is never far."""

from __future__ import annotations

import numpy as np
from streamlit.testing.v1 import AppTest

from survdash.prediction import Prediction


def script(prediction):
    from survdash.ui.prediction_view import show_prediction

    show_prediction(prediction, page="p", curves={}, model_title="GLG", outcome="died 3.0 months after diagnosis")


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


def show(**changes):
    page = AppTest.from_function(script, args=(make(**changes),)).run()
    assert not page.exception
    return page


def test_a_horizon_beyond_the_follow_up_has_no_number():
    values = {metric.label: (metric.value, metric.delta) for metric in show().metric}
    assert values["Alive at 1 year"][0] == "82 of 100"  # exp(-12/60) = 0.819
    assert values["Alive at 3 years"][0] == "55 of 100"  # exp(-36/60) = 0.549
    assert values["Alive at 5 years"] == ("–", "beyond the cohort's follow-up")


def test_role_group_rank_and_outcome_are_said():
    page = show()
    text = "\n".join(block.value for block in page.markdown)
    assert "Held out (fold 2)" in text
    assert "High risk group" in text
    facts = page.table[0].value.set_index("")[" "]
    assert "higher than 83 of 100" in facts["Risk"]
    assert facts["What happened"] == "died 3.0 months after diagnosis"
    assert "without this patient's fold" in facts["Trained on"]


def test_warnings_are_shown_letter_by_letter():
    (box,) = show(warnings=("Only 412 of 3,053 genes: *TP53* is missing.",)).warning
    assert "\\*TP53\\*" in box.value


def test_a_cohort_without_cutpoint_gives_no_group():
    page = show(group=None, cutpoint=None)
    assert "no cut found in this cohort" in page.table[0].value[" "].tolist()
    assert not any("risk group" in block.value for block in page.markdown)


def test_a_model_of_simulated_patients_is_named_for_a_new_case():
    page = show(simulated=True, fold=None, role="new case")
    assert any("Model trained on simulated patients" in block.value for block in page.markdown)


def captions(page):
    return "\n".join(block.value for block in page.caption)


def test_a_model_that_gives_one_answer_is_not_shown_as_certain():
    alive = np.exp(-np.arange(49.0) / 60)
    page = show(survival=alive, low=alive, high=alive, modalities=("genes",))
    assert "one model, one answer: how uncertain it is, is not known" in captions(page).lower()
    assert "deals" not in captions(page)
    assert "The band" not in captions(page)
    values = {metric.label: metric.delta for metric in page.metric}
    assert values["Alive at 1 year"] == "uncertainty not known"


def test_the_band_of_a_held_out_patient_is_of_the_deals_and_of_a_new_case_of_the_folds():
    assert "random deals of the tiles move the one model" in captions(show())
    genes = captions(show(fold=None, role="new case", modalities=("genes",)))
    assert "different folds" in genes
    assert "tiles" not in genes
    assert "one model, one answer" not in genes.lower()


def test_each_slide_s_share_of_the_tiles_is_said():
    def tiles(*slides):
        table = show(provenance={"slides": list(slides)}).table[0].value.set_index("")[" "]
        return table["Tiles"]

    assert tiles({"slide": 1, "tiles": 1500, "share": 1.0}) == "1,500"
    both = tiles({"slide": 1, "tiles": 1500, "share": 0.75}, {"slide": 2, "tiles": 500, "share": 0.25})
    assert both == "1,500 of slide 1 (75 %); 500 of slide 2 (25 %)"
