"""Open slides kept ready for a viewer that asks for many tiles: few, closed soon after they were last used.

A file that was deleted lives on for as long as somebody holds it open, so none is held longer than ``IDLE_S`` unused.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from survdash.errors import SlideError
from survdash.file_hash import content_state
from survdash.slide.deep_zoom import ZoomSlide
from survdash.slide.reader import open_slide

MOST = 8
IDLE_S = 30.0

Key = tuple[Path, tuple[int, ...]]


class ZoomPool:
    """Lends open slides, each to one thread at a time."""

    def __init__(self, *, most: int = MOST, idle_s: float = IDLE_S) -> None:
        self._most, self._idle_s = most, idle_s
        self._lock = threading.Lock()
        self._free: list[tuple[Key, ZoomSlide, float]] = []  # the longest unused first
        self._timer: threading.Timer | None = None

    @contextmanager
    def lend(self, path: Path) -> Iterator[ZoomSlide]:
        """An open slide, for this thread until the block ends.

        Raises
        ------
        SlideError
            If it is gone or cannot be opened.
        """
        try:
            key = path, content_state(path)
        except OSError as error:
            raise SlideError("This slide is not here any more.") from error
        zoom = self._take(key) or ZoomSlide(open_slide(path))
        try:
            yield zoom
        except SlideError:
            zoom.close()  # it may be the handle that is spoilt
            raise
        self._give_back(key, zoom)

    def close_idle(self, *, older_than_s: float = 0.0) -> int:
        """Close what nobody uses; return how many slides stay open."""
        limit = time.monotonic() - older_than_s
        with self._lock:
            old = [one for one in self._free if one[2] <= limit]
            self._free = [one for one in self._free if one[2] > limit]
            left = len(self._free)
        for _, zoom, _ in old:
            zoom.close()
        return left

    def _take(self, key: Key) -> ZoomSlide | None:
        with self._lock:
            for place in range(len(self._free) - 1, -1, -1):
                if self._free[place][0] == key:
                    return self._free.pop(place)[1]
        return None

    def _give_back(self, key: Key, zoom: ZoomSlide) -> None:
        with self._lock:
            self._free.append((key, zoom, time.monotonic()))
            spare, self._free = self._free[: -self._most], self._free[-self._most :]
            if self._timer is None:
                self._start_timer()
        for _, old, _ in spare:
            old.close()

    def _start_timer(self) -> None:
        self._timer = threading.Timer(self._idle_s / 2, self._sweep)
        self._timer.daemon = True
        self._timer.start()

    def _sweep(self) -> None:
        self.close_idle(older_than_s=self._idle_s)
        with self._lock:
            self._timer = None
            if self._free:
                self._start_timer()
