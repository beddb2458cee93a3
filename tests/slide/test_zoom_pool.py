"""Open slides are lent to one thread at a time and let go of soon."""

from __future__ import annotations

import os
import threading
import time

import pytest

from survdash.errors import SlideError
from survdash.slide.zoom_pool import ZoomPool


def test_a_slide_is_opened_once_and_lent_to_one_at_a_time(picture, write_slide):
    pool, path = ZoomPool(), write_slide(picture)
    with pool.lend(path) as first, pool.lend(path) as other:
        assert other is not first
    with pool.lend(path) as again:
        assert again in (first, other)


def test_a_file_that_took_anothers_place_is_opened_anew(picture, write_slide):
    pool, path = ZoomPool(), write_slide(picture)
    with pool.lend(path) as first:
        before = first.tile(first.pyramid.last_level, 1, 1)
    os.replace(write_slide(255 - picture, "other.tiff"), path)
    with pool.lend(path) as second:
        assert second is not first
        assert second.tile(second.pyramid.last_level, 1, 1) != before


def test_a_deleted_file_is_refused_and_soon_no_longer_held_open(picture, write_slide):
    pool, path = ZoomPool(idle_s=0.2), write_slide(picture)
    with pool.lend(path) as zoom:
        zoom.tile(0, 0, 0)
    path.unlink()
    with pytest.raises(SlideError, match="not here any more"), pool.lend(path):
        pass
    end = time.monotonic() + 60
    while _held(path.name) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _held(path.name)


def test_few_stay_open_however_many_are_asked_for(picture, write_slide):
    pool, path = ZoomPool(most=2), write_slide(picture)
    ready, done = threading.Barrier(6), threading.Event()

    def look() -> None:
        with pool.lend(path):
            ready.wait(60)
            done.wait(60)

    threads = [threading.Thread(target=look) for _ in range(5)]
    for thread in threads:
        thread.start()
    ready.wait(60)
    done.set()
    for thread in threads:
        thread.join(60)
    assert pool.close_idle(older_than_s=60) == 2
    assert pool.close_idle() == 0


def test_a_handle_that_failed_is_not_lent_again(picture, write_slide):
    pool, path = ZoomPool(), write_slide(picture)
    with pytest.raises(SlideError), pool.lend(path) as zoom:
        zoom.tile(99, 0, 0)
    assert pool.close_idle() == 0


def _held(name: str) -> bool:
    """Whether this process has a file of this name open, be it deleted."""
    folder = "/proc/self/fd"
    names = []
    for number in os.listdir(folder):
        try:
            names.append(os.readlink(f"{folder}/{number}"))
        except FileNotFoundError:
            continue
    return any(name in one for one in names)
