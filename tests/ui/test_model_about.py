"""What stands behind a model: of one trained here an offer to audit it, of a shipped one what came along."""

from __future__ import annotations

from survdash.jobs import record
from survdash.settings import settings
from survdash.usecases import list_models
from tests.page_drawing import app_of


def draw_demo():
    from survdash.ui.model_about import show_about
    from survdash.usecases import list_models

    show_about(next(card for card in list_models() if card["name"] == "demo-cox_ridge"), patients_here=True, page="x")


def draw_shipped():
    from survdash.ui.model_about import show_about

    about = {
        "data": {"title": "TCGA something", "taken_from": "a repository", "terms": "open."}, "privacy": "Nobody.",
        "metrics": {"horizons": {"36": dict.fromkeys(
            ("predicted", "observed", "ici", "ici_low", "ici_high", "auc", "auc_low", "auc_high", "brier",
             "brier_reference"), 0.2), "60": {"note": "too late"}}},
        "curves": "Told for 0 to 90 months.", "known_failures": ["Fails for some."],
    }  # fmt: skip
    card = {"name": "demo-glg", "cohort": "demo", "run": "glg", "recipe": {"model": "glg", "modalities": ["genes"]},
            "about": about}  # fmt: skip
    show_about(card, patients_here=False, page="x")


def draw_opened():
    from survdash.ui.model_about import show_opened

    words = ["Their values come from another source.", "C-index <computed> here."]
    show_opened({"about": {"opened": {"model": "blca-glg_linear", "held_out": 1373, "new": 40, "words": words}}})
    show_opened({"about": {}})


def test_patients_of_another_source_are_told_of_with_the_model_and_who_they_are():
    page = app_of(draw_opened).run()
    assert not page.exception
    assert len(page.expander) == 1
    assert "blca-glg_linear" in page.expander[0].label
    assert "1,373 patients held out, 40 new to it" in page.expander[0].label
    assert "computed" in page.expander[0].markdown[0].value


def test_an_audit_is_asked_for_where_the_patients_are(demo, monkeypatch):
    monkeypatch.setenv("SURVDASH_START_WORKER", "false")
    settings.cache_clear()
    assert any(card["name"] == "demo-cox_ridge" for card in list_models())
    page = app_of(draw_demo).run()
    assert not page.exception
    page.button[0].click().run()
    (job,) = record.job_ids()
    assert record.read_payload(job) == {"cohort": "demo", "model": "cox_ridge", "modalities": ["genes", "slide"]}


def test_a_shipped_model_tells_its_terms_and_its_failures(demo):
    page = app_of(draw_shipped).run()
    assert not page.exception
    text = " ".join(block.value for block in page.markdown)
    assert "TCGA something" in text
    assert "Fails for some" in text
    assert len(page.dataframe[0].value) == 1
    assert not page.button
