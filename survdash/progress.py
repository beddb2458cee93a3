"""One small protocol for long work: done, total, step, message; and how it is cancelled.

The reporter and the cancel flag are passed, never ambient, so the same loop serves the command line, a worker
process and a test.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from survdash.errors import Cancelled

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a piece of work stands; ``total`` is 0 while it is unknown."""

    step: str
    done: int
    total: int
    message: str = ""


Report = Callable[[Progress], None]


class Cancel(Protocol):
    """Anything that says whether to stop; ``threading.Event`` fits."""

    def is_set(self) -> bool:
        """Return True once the work should stop."""
        ...


@dataclass(frozen=True, slots=True)
class CancelFile:
    """Cancel across processes and restarts: the job's folder gets a file."""

    path: Path

    def is_set(self) -> bool:
        """Return True once the file exists."""
        return self.path.exists()


def silent(progress: Progress) -> None:
    """Report nothing."""


@dataclass(slots=True)
class HeldReport:
    """A ``Report`` for work that a thread does beside other work: what it says last waits until the other is done."""

    report: Report
    _last: Progress | None = None
    _held: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, progress: Progress) -> None:
        """Tell it, or keep it."""
        with self._lock:
            self._last = progress
            if not self._held:
                self.report(progress)

    def let_go(self) -> None:
        """Tell what was held back, and from now on everything at once."""
        with self._lock:
            self._held = False
            if self._last is not None:
                self.report(self._last)


def check_cancel(cancel: Cancel | None, *, step: str) -> None:
    """Raise ``Cancelled`` when the flag is set.

    Raises
    ------
    Cancelled
        If ``cancel`` is set.
    """
    if cancel is not None and cancel.is_set():
        raise Cancelled(f"Stopped at: {step}.")


def track(items: Iterable[T], *, step: str, report: Report = silent, cancel: Cancel | None = None) -> Iterator[T]:
    """Yield ``items``, reporting before each and looking at ``cancel`` between them.

    Raises
    ------
    Cancelled
        If ``cancel`` is set before an item.
    """
    total = len(items) if isinstance(items, Sized) else 0
    done = 0
    for item in items:
        check_cancel(cancel, step=f"{step}, {done} of {total}" if total else step)
        report(Progress(step=step, done=done, total=total))
        yield item
        done += 1
    report(Progress(step=step, done=done, total=done))
