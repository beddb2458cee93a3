from __future__ import annotations

import threading

import pytest

from survdash.errors import Cancelled
from survdash.progress import CancelFile, HeldReport, Progress, check_cancel, silent, track


def test_each_item_is_reported_before_it_and_the_end_after_all():
    seen: list[Progress] = []
    assert list(track("abc", step="read", report=seen.append)) == ["a", "b", "c"]
    assert [(progress.done, progress.total) for progress in seen] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_work_of_unknown_length_reports_zero_as_total_until_the_end():
    seen: list[Progress] = []
    list(track(iter("abc"), step="read", report=seen.append))
    assert [progress.total for progress in seen[:-1]] == [0, 0, 0]


@pytest.mark.parametrize("kind", ["event", "file"])
def test_a_set_flag_stops_before_the_next_item(tmp_path, kind):
    event = threading.Event()
    flag = event if kind == "event" else CancelFile(tmp_path / "cancel")
    done = []
    with pytest.raises(Cancelled, match="Stopped at: read, 2 of 5"):
        for item in track(range(5), step="read", cancel=flag):
            done.append(item)
            if item == 1:
                event.set()
                (tmp_path / "cancel").touch()
    assert done == [0, 1]


def test_without_a_flag_nothing_is_stopped():
    check_cancel(None, step="x")
    silent(Progress(step="x", done=0, total=0))


def test_what_is_held_back_is_told_later_and_then_at_once():
    seen: list[str] = []
    held = HeldReport(lambda progress: seen.append(progress.step))
    held.let_go()
    assert seen == []  # there was nothing to tell
    held = HeldReport(lambda progress: seen.append(progress.step))
    for step in ("a", "b"):
        held(Progress(step=step, done=0, total=0))
    assert seen == []
    held.let_go()
    held(Progress(step="c", done=0, total=0))
    assert seen == ["b", "c"]
