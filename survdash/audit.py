"""Who opened or exported what: a log that is only ever added to, each line sealed with the one before.

``audit/log.jsonl`` holds one JSON object a line: when, who, what they did, to which cohort and case, and ``seal``, the
SHA-256 of the line before and of this one. A line that is changed, removed or put in breaks the chain from there on;
``check_log`` names the place. Cutting lines off the end cannot be told from the file alone: note the last seal
elsewhere from time to time (``python -m survdash audit-log --json`` prints it).
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from survdash.access import current
from survdash.settings import settings

START = "0" * 64
TAIL_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log."""

    time: str
    who: str
    action: str
    cohort: str
    case: str
    detail: str
    seal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Lines of the log, the seal of the last one, and the number of the first line that does not fit; 0 for none."""

    lines: int
    seal: str
    broken_at: int


def note(action: str, *, cohort: str = "", case: str = "", detail: str = "") -> None:
    """Add a line; it is on the disk when this returns.

    Parameters
    ----------
    action : str
        What was done, as a verb: "open", "export", "import", "delete".
    cohort, case : str
        Names; never a patient's data.
    detail : str
        What tells it apart, for instance the model.
    """
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(path.with_suffix(".lock"), mode=0o600):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            last = _repaired_tail(file)
            fields = {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"), "who": _who(), "action": action,
                "cohort": cohort, "case": case, "detail": detail,
            }  # fmt: skip
            line = json.dumps(fields | {"seal": _seal(last, fields)}, sort_keys=True, ensure_ascii=True)
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def last_entries(count: int = 500) -> list[Entry]:
    """The last lines, newest first."""
    return [Entry(**fields) for fields in reversed(deque(_read(_path()), maxlen=count))]


def check_log() -> Checked:
    """Follow the chain of seals from the first line to the last."""
    seal, number = START, 0
    for number, fields in enumerate(_read(_path()), start=1):
        told = fields.pop("seal", "")
        if told != _seal(seal, fields):
            return Checked(lines=number, seal=seal, broken_at=number)
        seal = told
    return Checked(lines=number, seal=seal, broken_at=0)


def _path() -> Path:
    return settings().data_dir / "audit" / "log.jsonl"


def _who() -> str:
    return current().name or f"{getpass.getuser()} (at this machine)"


def _seal(before: str, fields: dict[str, str]) -> str:
    return hashlib.sha256((before + json.dumps(fields, sort_keys=True, ensure_ascii=True)).encode()).hexdigest()


def _repaired_tail(file: object) -> str:
    """Seal of the last whole line; a line that a killed process left half-written is cut off."""
    size = file.seek(0, os.SEEK_END)  # type: ignore[attr-defined]
    file.seek(max(0, size - TAIL_BYTES))  # type: ignore[attr-defined]
    tail: bytes = file.read()  # type: ignore[attr-defined]
    whole = tail[: tail.rfind(b"\n") + 1]
    if len(whole) < len(tail):
        file.truncate(size - len(tail) + len(whole))  # type: ignore[attr-defined]
        file.seek(0, os.SEEK_END)  # type: ignore[attr-defined]
    lines = whole.splitlines()
    return str(json.loads(lines[-1])["seal"]) if lines else START


def _read(path: Path) -> Iterator[dict[str, str]]:
    """Whole lines, as they are; what cannot be read is a line without a seal."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                fields = json.loads(line)
            except ValueError:
                fields = {}
            yield {name: str(fields.get(name, "")) for name in Entry.__dataclass_fields__}
