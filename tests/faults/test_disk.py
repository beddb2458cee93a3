"""A full disk and one that cannot be written: said in one line, nothing half, and it goes on when there is room."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import Run

pytestmark = pytest.mark.slow


def faults(run: Run, data: Path) -> list[str]:
    """What ``doctor --verify`` finds torn."""
    found, _ = run("doctor", "--verify", "--json", data=data).communicate()
    return json.loads(found)["verified"]["faults"]


def test_a_full_disk_stops_import_and_training_in_words_and_both_go_on_later(
    run: Run, disk: Callable[[str], Path], table: Path
) -> None:
    data = disk("size=48k") / "data"
    importing = ("import-cohort", table, "--name", "mine", "--gene-groups", table.with_name("groups.csv"))
    told = run(*importing, data=data)
    assert "No space left" in told.communicate()[1]
    assert told.returncode == 2
    disk("size=64m")
    assert faults(run, data) == []
    assert run(*importing, data=data).wait() == 0

    training = ("crossval", "mine", "--model", "cox_ridge", "--json")
    filler = data.parent / "filler"
    with pytest.raises(OSError, match="No space"), filler.open("wb") as file:
        while True:
            file.write(b"0" * (1 << 16))
    told = run(*training, data=data)
    _, words = told.communicate()
    assert told.returncode == 2, words
    assert "survdash: " in words
    assert "Traceback" not in words
    assert faults(run, data) == []
    filler.unlink()
    assert run(*training, data=data).wait() == 0


def test_a_disk_that_cannot_be_written_lets_everybody_look_and_says_why_nothing_can_be_stored(
    run: Run, disk: Callable[[str], Path], table: Path
) -> None:
    data = disk("size=64m") / "data"
    importing = ("import-cohort", table, "--name", "mine", "--gene-groups", table.with_name("groups.csv"))
    assert run(*importing, data=data).wait() == 0
    disk("ro")
    told = run(*importing, data=data)
    _, words = told.communicate()
    assert told.returncode == 2, words
    assert "Read-only" in words
    looked = run("cohorts", "--json", data=data)
    found, words = looked.communicate()
    assert looked.returncode == 0, words
    assert "mine" in [one["name"] for one in json.loads(found)["cohorts"]]
