"""A job that cannot fit is refused before it starts, with what it needs and what is free."""

from __future__ import annotations

from pathlib import Path

import pytest

from survdash.errors import InputError
from survdash.jobs import room
from survdash.jobs.room import Need, RoomError, check_room, free_memory_bytes, within_room


def test_what_fits_is_let_through_and_so_is_what_says_nothing(data_dir: Path) -> None:
    check_room({"small": lambda _: Need(disk=1, memory=1)}, "small", {})
    check_room({}, "unknown", {})


@pytest.mark.parametrize(
    ("need", "words"), [(Need(disk=1 << 60), "on the disk"), (Need(memory=1 << 60), "of memory")]
)
def test_what_cannot_fit_never_begins(data_dir: Path, need: Need, words: str) -> None:
    begun = []
    handlers = within_room({"large": lambda *_: begun.append(1) or {}}, {"large": lambda _: need})
    with pytest.raises(RoomError, match=rf"1152921504\.6 GB {words}.* free"):
        handlers["large"]({}, lambda _: None, None)
    assert begun == []


def test_a_fault_of_the_input_is_left_to_the_job_to_say(data_dir: Path) -> None:
    def need(_payload: dict[str, object]) -> Need:
        raise InputError("no such file")

    check_room({"odd": need}, "odd", {})


def test_the_limit_of_a_container_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CONTROL_GROUP", tmp_path)
    without = free_memory_bytes()
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    assert free_memory_bytes() == 2_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory_bytes() > without / 2
