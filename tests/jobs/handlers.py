"""A worker for the tests, run as a process: ``python handlers.py [idle seconds | helped | standby]``."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from survdash.errors import SlideError
from survdash.jobs.worker import run_standby, run_worker
from survdash.progress import Cancel, Progress, Report, track


def add(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    """Give the sum; note in a file that it ran."""
    for _ in track(range(3), step="Adding", report=report, cancel=cancel):
        pass
    if "ran" in payload:
        with Path(payload["ran"]).open("a") as file:
            file.write(f"{payload['a']}\n")
    return {"sum": payload["a"] + payload["b"], "worker": os.getpid()}


def refuse(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    """Find the input at fault."""
    raise SlideError("The slide has no resolution.", hint="Give --mpp.")


def break_down(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    """Fail as only a fault of ours can, with a patient's data in the words."""
    raise RuntimeError(f"cannot read {payload['patient']}")


def wait(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    """Work until cancelled, or until the file ``payload['until']`` is there."""
    for _ in track(range(10_000), step="Waiting", report=report, cancel=cancel):
        if "until" in payload and Path(payload["until"]).exists():
            return {"waited": True}
        threading.Event().wait(0.02)  # unlike time.sleep it bears a clock that jumps
    return {}


def die(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    """End the worker the way the kernel does when memory is short."""
    report(Progress(step="Reading the slide", done=3, total=10))
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


if __name__ == "__main__":
    HANDLERS = {"add": add, "refuse": refuse, "break_down": break_down, "wait": wait, "die": die}
    how = sys.argv[1] if len(sys.argv) > 1 else "0"
    if how == "standby":
        run_standby(HANDLERS)
    elif how == "helped":
        run_worker(HANDLERS, idle_exit_s=0, standby=(sys.executable, __file__, "standby"))
    else:
        run_worker(HANDLERS, idle_exit_s=float(how))
