"""A second worker for short jobs while the first is at a long one, so that one patient never waits for a cohort.

The standby takes nothing but quick jobs. It lives as long as the long job beside it: the two hold the ends of a pipe,
and when the worker lets go of its end, or is killed, the standby finishes what it has in hand and ends.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

END_S = 30.0  # that a standby which is told to end may take before it is killed


@dataclass(slots=True)
class Standby:
    """Starts and ends the standby of one worker; ``command`` is what starts it, empty for none."""

    command: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def beside(self, *, quick: bool) -> Iterator[None]:
        """Have a standby at work while the block runs; none is needed beside a quick job."""
        if quick or not self.command:
            yield
            return
        self._start()
        try:
            yield
        finally:
            self._let_go()

    def end(self) -> None:
        """Tell a standby that is still there to end at once: its job goes back into the queue."""
        if self.process is None:
            return
        self._let_go()
        self.process.terminate()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _start(self) -> None:
        if self.process is not None and self.process.poll() is None:
            if self.process.stdin is not None and not self.process.stdin.closed:
                return
            # The one of the job before is still finishing something: it goes on beside the new one.
            threading.Thread(target=self.process.wait, daemon=True).start()
        self.process = subprocess.Popen([*self.command], stdin=subprocess.PIPE)

    def _let_go(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()


def is_released() -> threading.Event:
    """In a standby: an event that is set once the worker beside it has let go of the pipe, or is gone."""
    released = threading.Event()

    def wait() -> None:
        sys.stdin.buffer.read()
        released.set()

    threading.Thread(target=wait, name="released", daemon=True).start()
    return released
