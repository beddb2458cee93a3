"""A Dask scheduler and workers, each a real process that a test can stop and kill."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def until(is_so: Callable[[], object], *, seconds: float = 60) -> None:
    """Wait for something, not for ever."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "this took too long"
        time.sleep(0.02)


class Dask:
    """A scheduler of this test, and the workers that it is given."""

    def __init__(self, folder: Path) -> None:
        self._card, self._log = folder / "scheduler.json", (folder / "dask.log").open("wb")
        self._started: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(self._card))
        until(self._card.is_file)
        from distributed import Client

        self.client = Client(scheduler_file=str(self._card), set_as_default=False)
        self.address = self.client.scheduler.address

    def add_worker(self, **environment: str) -> int:
        """Start a worker, as a user would; its process number."""
        here = len(self.client.scheduler_info()["workers"])
        pid = self._start("worker", self.address, "--nthreads", "1", "--no-nanny", **environment)
        until(lambda: len(self.client.scheduler_info()["workers"]) > here)
        return pid

    def numbers(self) -> dict[str, int]:
        """Process number of the worker at each address."""
        return dict(self.client.run(os.getpid))

    def at_work(self) -> str:
        """Address of the worker that has something to do."""
        (busy,) = (address for address, keys in self.client.processing().items() if keys)
        return str(busy)

    def close(self) -> None:
        self.client.close()
        for process in reversed(self._started):
            process.kill()
            process.wait()
        self._log.close()

    def _start(self, *words: str, **environment: str) -> int:
        command = [sys.executable, "-m", "dask", *words, "--dashboard-address", "127.0.0.1:0"]
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env={**os.environ, **environment}, stdout=self._log, stderr=self._log
        )
        self._started.append(process)
        return process.pid
