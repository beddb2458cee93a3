"""Import over a cohort, take it back, delete it: no state is lost, whenever the process is killed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from survdash.errors import UnknownNameError
from survdash.sources import cohort_states
from survdash.sources.cohort_states import delete_states, new_state, previous_state, settle, settle_all, swap_states


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cohorts" / "mine"


def put(folder: Path, word: str) -> None:
    with new_state(folder) as temporary:
        (temporary / "word").write_text(word)


def words(folder: Path) -> tuple[str, str]:
    """What the present and the previous state say, "" where there is none."""
    present, before = (path / "word" for path in (folder, previous_state(folder)))
    return present.read_text() if present.exists() else "", before.read_text() if before.exists() else ""


def test_the_replaced_state_is_kept_once_and_comes_back_by_an_exchange(folder):
    put(folder, "one")
    assert words(folder) == ("one", "")
    put(folder, "two")
    assert words(folder) == ("two", "one")
    put(folder, "three")
    assert words(folder) == ("three", "two")
    swap_states(folder)
    assert words(folder) == ("two", "three")
    swap_states(folder)
    assert words(folder) == ("three", "two")
    assert not [path for path in folder.parent.iterdir() if path.name.endswith((".part", ".aside"))]


def test_an_error_while_writing_changes_nothing(folder):
    put(folder, "one")
    with pytest.raises(ZeroDivisionError), new_state(folder) as temporary:
        (temporary / "word").write_text("half")
        raise ZeroDivisionError
    assert words(folder) == ("one", "")
    assert sorted(path.name for path in folder.parent.iterdir()) == [".mine.lock", "mine"]


def test_without_an_earlier_state_there_is_nothing_to_take_back(folder):
    with pytest.raises(UnknownNameError, match="No earlier state of cohort 'mine'"):
        swap_states(folder)
    put(folder, "one")
    with pytest.raises(UnknownNameError, match="No earlier state"):
        swap_states(folder)
    with pytest.raises(UnknownNameError, match="No earlier state"):
        delete_states(folder, only_previous=True)
    assert words(folder) == ("one", "")


def test_deleting_takes_both_states_or_the_earlier_one_alone(folder):
    put(folder, "one")
    put(folder, "two")
    delete_states(folder, only_previous=True)
    assert words(folder) == ("two", "")
    put(folder, "three")
    delete_states(folder)
    assert words(folder) == ("", "")
    with pytest.raises(UnknownNameError, match="There is no cohort 'mine'"):
        delete_states(folder)


class Killed(BaseException):
    """Stands for the end of the process: nothing after it is done."""


@pytest.mark.parametrize("what", [lambda folder: put(folder, "new"), swap_states, delete_states])
@pytest.mark.parametrize("renames", range(6))
def test_killed_between_any_two_renames_a_whole_state_is_there(folder, monkeypatch, what, renames):
    put(folder, "one")
    put(folder, "two")
    left = renames

    def replace(source, target):
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        os.rename(source, target)

    monkeypatch.setattr(cohort_states.os, "replace", replace)
    monkeypatch.setattr(cohort_states.shutil, "rmtree", lambda *_, **__: None)  # a killed process tidies nothing
    was_killed = False
    try:
        what(folder)
    except Killed:
        was_killed = True
    monkeypatch.undo()
    settle_all(folder.parent)
    present, before = words(folder)
    if what is delete_states:
        assert present == "two" if was_killed else (present, before) == ("", "")
    elif what is swap_states:
        assert (present, before) in {("two", "one"), ("one", "two")}
        assert was_killed or present == "one"
    else:
        assert (present, before) in {("two", "one"), ("two", ""), ("new", "two")}
        assert was_killed or present == "new"


def test_settling_leaves_what_is_whole_alone(folder):
    settle(folder)
    put(folder, "one")
    put(folder, "two")
    settle(folder)
    assert words(folder) == ("two", "one")


def test_what_a_killed_import_left_is_swept_after_a_day(folder):
    put(folder, "one")
    old, fresh = (folder.with_name(f".mine.{name}.part") for name in ("old", "fresh"))
    for path in (old, fresh):
        shutil.copytree(folder, path)
    for path in (old, old / "word"):
        os.utime(path, (0, 0))
    put(folder, "two")
    assert not old.exists()
    assert fresh.exists()
