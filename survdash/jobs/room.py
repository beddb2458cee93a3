"""Is there room for a job? Asked before it starts, so that it neither fills the disk nor is killed for memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from survdash.errors import SurvdashError
from survdash.progress import Cancel, Report
from survdash.settings import settings

SPARE_DISK_BYTES = 1 << 29
CONTROL_GROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """The most that a job takes, in bytes, of the data folder's disk and of memory."""

    disk: int = 0
    memory: int = 0


Needs = Mapping[str, Callable[[dict[str, Any]], Need]]
Handler = Callable[[dict[str, Any], Report, Cancel], dict[str, Any]]


class RoomError(SurvdashError):
    """The machine has no room for a job just now."""


def check_room(needs: Needs, kind: str, payload: dict[str, Any]) -> None:
    """Refuse a job that cannot fit. A kind that says nothing of itself is let through.

    Raises
    ------
    RoomError
        With what it needs and what is free.
    """
    if kind not in needs:
        return
    try:
        need = needs[kind](payload)
    except (SurvdashError, OSError):  # what is wrong with the input, the job itself says better
        return
    free_disk = shutil.disk_usage(settings().data_dir).free - SPARE_DISK_BYTES
    if need.disk > free_disk:
        raise RoomError(f"This needs up to {_gb(need.disk)} on the disk of the data folder; {_gb(free_disk)} are free.",
                        hint="Make room, then start it again. Page 'Models & data' says what takes it.")  # fmt: skip
    free_memory = free_memory_bytes()
    if need.memory > free_memory:
        raise RoomError(f"This needs up to {_gb(need.memory)} of memory; {_gb(free_memory)} are free.",
                        hint="Wait until other work has ended, or use a machine with more.")  # fmt: skip


def within_room(handlers: Mapping[str, Handler], needs: Needs) -> dict[str, Handler]:
    """The handlers, each of which first looks whether its job fits on this machine."""

    def guarded(kind: str, handler: Handler) -> Handler:
        def run(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
            check_room(needs, kind, payload)
            return handler(payload, report, cancel)

        return run

    return {kind: guarded(kind, handler) for kind, handler in handlers.items()}


def free_memory_bytes() -> int:
    """Memory that can be had, within the limit of a container too."""
    free = int(psutil.virtual_memory().available)
    try:
        most = int((CONTROL_GROUP / "memory.max").read_text())
        return min(free, most - int((CONTROL_GROUP / "memory.current").read_text()))
    except (OSError, ValueError):  # no container, or one without a limit ("max")
        return free


def _gb(size: int) -> str:
    return f"{max(size, 0) / 1e9:.1f} GB"
