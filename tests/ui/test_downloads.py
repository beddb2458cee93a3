"""Who may export gets the button, and the log knows what was taken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from survdash.access import ADMIN, LOCAL, VIEWER, Visitor, ask_at_the_door
from survdash.audit import last_entries
from survdash.ui import downloads
from tests.page_drawing import app_of


@pytest.fixture
def door() -> Iterator[None]:
    yield
    ask_at_the_door(lambda: LOCAL)


def test_the_log_names_who_clicked_and_not_who_is_there_when_it_is_made(
    door: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    buttons = []
    monkeypatch.setattr(downloads.st, "download_button", lambda label, data, *_, **__: buttons.append(data))
    ask_at_the_door(lambda: Visitor(name="ben", actions=ADMIN))
    downloads.offer("CSV", lambda: "a,b", "risks.csv", "text/csv", key="k", cohort="blca", case="P1")
    ask_at_the_door(lambda: Visitor(name="eve", actions=VIEWER))
    assert last_entries() == []
    assert buttons[0]() == "a,b"
    (entry,) = last_entries()
    assert (entry.who, entry.action, entry.cohort, entry.case, entry.detail) == (
        "ben", "export", "blca", "P1", "risks.csv")  # fmt: skip


def page() -> None:
    from survdash.ui.downloads import offer

    offer("CSV", "a,b", "risks.csv", "text/csv", key="k", cohort="blca")


@pytest.mark.parametrize(
    ("visitor", "is_offered"),
    [(LOCAL, True), (Visitor(name="v", actions=VIEWER), False),
     (Visitor(name="a", actions=ADMIN, cohorts=frozenset({"luad"})), False)],
)  # fmt: skip
def test_a_button_for_those_who_may(door: None, visitor: Visitor, is_offered: bool) -> None:
    ask_at_the_door(lambda: visitor)
    shown = app_of(page).run()
    assert not shown.exception
    assert (len(shown.get("download_button")) == 1) == is_offered
