"""The guide stands there on a first visit and is gone once it was sent away, in this window and the next."""

from __future__ import annotations

from survdash.ui import guide
from survdash.ui.guide import STEPS
from tests.page_drawing import app_of


def script():
    from survdash.ui.guide import show_guide

    show_guide()


def draw(monkeypatch, kept):
    monkeypatch.setattr(guide, "recall", lambda name: kept)
    monkeypatch.setattr(guide.st, "page_link", lambda *args, **options: None)  # needs the frame's navigation
    return app_of(script).run()


def test_the_first_visit_gets_every_step(monkeypatch):
    page = draw(monkeypatch, None)
    assert len(page.caption) == len(STEPS)


def test_sent_away_it_is_gone_and_the_browser_told(monkeypatch):
    told = []
    monkeypatch.setattr(guide, "run_script", told.append)
    page = draw(monkeypatch, None)
    page.button(key="guide.gone").click().run()
    assert not page.caption
    assert not page.button
    assert "survdash_guide=seen" in told[0]


def test_a_browser_that_has_seen_it_is_spared(monkeypatch):
    assert not draw(monkeypatch, "seen").caption


def test_the_steps_lead_to_pages_that_are_there(monkeypatch):
    from tests.conftest import REPOSITORY

    assert all((REPOSITORY / "pages" / page).is_file() for page, *_ in STEPS)
