"""A live dashboard on a free port with a data folder of its own, and the browser that looks at it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 60
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the dashboard answers and what it writes to; ``healthy_at`` is on ``time.monotonic``'s clock."""

    url: str
    data_dir: Path
    healthy_at: float
    pid: int

    def jobs(self) -> list[Path]:
        """Folders of all jobs, oldest first."""
        found = (self.data_dir / "jobs").glob("*/job.json")
        return sorted((path.parent for path in found), key=lambda folder: folder.stat().st_ctime)

    def kept_uploads(self) -> list[Path]:
        """Every uploaded file that is still on disk, but for what is just being overwritten."""
        return sorted(path for path in (self.data_dir / "uploads").rglob("*")
                      if path.is_file() and ".removed" not in str(path))


def find_chromium() -> str | None:
    """Path of a browser of this machine, None without."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def environment(data_dir: Path) -> dict[str, str]:
    """The environment in which server, worker and command line share one data folder."""
    return {**os.environ, "SURVDASH_DATA_DIR": str(data_dir)}


def free_port() -> int:
    """A port of this machine that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running_server(data_dir: Path, *options: str, port: int = 0, **variables: str) -> Iterator[Server]:
    """Start the dashboard as a user would, and end it and its worker afterwards."""
    port = port or free_port()
    log = data_dir.with_suffix(".server.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port),
             "--server.address", "127.0.0.1", *options],
            cwd=REPOSITORY, env={**environment(data_dir), **variables}, stdout=output, stderr=output,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for_health(url, process)
            yield Server(url=url, data_dir=data_dir, healthy_at=time.monotonic(), pid=process.pid)
        finally:
            process.terminate()
            process.wait(timeout=20)
            _end_worker(data_dir)


def _wait_for_health(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with {process.returncode} before it was ready.")
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                if answer.read() == b"ok":
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The server was not ready after {START_SECONDS} s.")


def _end_worker(data_dir: Path) -> None:
    # The worker outlives the server on purpose, so the test ends it, by the number it leaves behind once it is up.
    heartbeat = data_dir / "jobs" / "worker.heartbeat"
    end = time.monotonic() + START_SECONDS
    while heartbeat.with_name("worker.starting").exists() and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(0.5)  # between the end of the starting and the first beat
    if not heartbeat.exists():
        return
    try:
        os.kill(int(heartbeat.read_text()), signal.SIGTERM)
    except ProcessLookupError:
        return
