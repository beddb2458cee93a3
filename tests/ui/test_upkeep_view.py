"""The audit log is for administrators, and opening a patient is noted once a visit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from survdash.access import ADMIN, LOCAL, VIEWER, Visitor, ask_at_the_door
from survdash.audit import last_entries, note
from tests.page_drawing import app_of


@pytest.fixture
def door() -> Iterator[None]:
    yield
    ask_at_the_door(lambda: LOCAL)


def upkeep() -> None:
    from survdash.ui.upkeep_view import show_upkeep

    show_upkeep()


def opening() -> None:
    from survdash.ui.upkeep_view import note_opened

    note_opened("demo", "P1")


def test_an_administrator_sees_the_log_and_a_viewer_does_not(door: None) -> None:
    note("delete", cohort="blca")
    ask_at_the_door(lambda: Visitor(name="anna", actions=ADMIN))
    shown = app_of(upkeep).run()
    assert shown.dataframe[0].value.iloc[0]["Did"] == "delete"
    ask_at_the_door(lambda: Visitor(name="eve", actions=VIEWER))
    assert not app_of(upkeep).run().dataframe


def test_a_changed_log_is_shown_as_such(door: None, data_dir) -> None:
    note("open", cohort="blca")
    note("delete", cohort="blca")
    path = data_dir / "audit" / "log.jsonl"
    path.write_text(path.read_text().replace('"open"', '"look"'))
    assert "Line 1" in app_of(upkeep).run().error[0].value


def test_a_patient_is_noted_once_in_each_visit(door: None) -> None:
    shown = app_of(opening).run()
    shown.run()
    assert len(last_entries()) == 1
    app_of(opening).run()
    assert len(last_entries()) == 2
