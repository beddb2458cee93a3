from __future__ import annotations

import threading

import pytest

from survdash.errors import Cancelled
from survdash.progress import CancelFile, Progress, check_cancel, track


def test_each_item_is_announced_and_the_end_is_told():
    said: list[Progress] = []
    assert list(track("abc", step="Spelling", report=said.append)) == ["a", "b", "c"]
    assert said == [Progress(step="Spelling", done=done, total=3) for done in range(4)]


@pytest.mark.parametrize(("items", "total"), [([], 0), (iter([]), 0), (iter("ab"), 2)])
def test_the_last_word_is_right_without_items_and_without_a_known_number(items, total):
    said: list[Progress] = []
    list(track(items, step="Counting", report=said.append))
    assert said[-1] == Progress(step="Counting", done=total, total=total)


def test_cancel_is_seen_before_the_next_item():
    cancel, done = threading.Event(), []
    with pytest.raises(Cancelled, match="Tiles, 2 of 5"):
        for item in track(range(5), step="Tiles", cancel=cancel):
            done.append(item)
            if item == 1:
                cancel.set()
    assert done == [0, 1]


def test_a_file_cancels_across_processes(tmp_path):
    cancel = CancelFile(tmp_path / "cancel")
    check_cancel(cancel, step="Training")
    check_cancel(None, step="Training")
    (tmp_path / "cancel").touch()
    with pytest.raises(Cancelled, match="Training"):
        check_cancel(cancel, step="Training")
