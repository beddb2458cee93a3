"""Everything that went in stands in one table with its hashes."""

from __future__ import annotations

from tests.page_drawing import app_of
from tests.ui.test_prediction_view import make


def script(prediction):
    from survdash.ui.inputs_view import show_inputs

    show_inputs(prediction, model_title="GLG")


def table(**changes):
    page = app_of(script, args=(make(**changes),)).run()
    assert not page.exception
    return page.table[0].value.set_index("")[" "]


def test_hashes_model_cohort_and_who_judged_are_said():
    made = {"genes_sha256": "ab" * 32, "cohort_digest": "cd" * 12, "encoder": "lite0", "encoder_weights": "ef" * 32,
            "software": "survdash 9", "device": "cpu"}  # fmt: skip
    rows = table(provenance=made)
    assert rows["Gene table"] == f"`{'ab' * 8}`"
    assert "lite0" in rows["Encoder of the slide"]
    assert "`efefefefefefefef`" in rows["Encoder of the slide"]
    assert "never saw this patient" in rows["Who judged"]
    assert rows["Computed on"] == "CPU"
    assert "all fold models" in table(fold=None)["Who judged"]


def test_each_slide_s_share_of_the_tiles_is_said():
    one = {"slide": 1, "tiles": 1500, "share": 1.0, "sha256": "a" * 64}
    assert table(provenance={"slides": [one]})["Slide"].startswith("1,500 tiles")
    both = table(provenance={"slides": [one | {"share": 0.75}, {"slide": 2, "tiles": 500, "share": 0.25}]})
    assert "75 %" in both["Slide 1"]
    assert "`aaaaaaaaaaaaaaaa`" in both["Slide 1"]
    assert "25 %" in both["Slide 2"]


def test_what_is_not_known_has_no_number():
    rows = table(cutpoint=None, group=None)
    assert "–" in rows["Risk score"]
    assert not any("nan" in value or "None" in value for value in rows)
