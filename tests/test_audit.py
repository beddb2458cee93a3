"""The audit log: added to by many, changed by nobody unseen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from survdash.audit import START, check_log, last_entries, note


def log(data_dir: Path) -> Path:
    return data_dir / "audit" / "log.jsonl"


def fill(count: int = 5) -> None:
    for number in range(count):
        note("open", cohort="demo", case=f"P{number}", detail="glg")


def test_lines_come_back_newest_first_and_the_chain_holds(data_dir: Path) -> None:
    assert check_log().seal == START
    fill()
    assert [entry.case for entry in last_entries(2)] == ["P4", "P3"]
    found = check_log()
    assert (found.lines, found.broken_at, found.seal) == (5, 0, last_entries(1)[0].seal)
    assert log(data_dir).stat().st_mode & 0o077 == 0
    assert log(data_dir).parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("change", ["edit", "remove", "swap", "insert"])
def test_a_line_that_was_touched_is_found(data_dir: Path, change: str) -> None:
    fill()
    lines = log(data_dir).read_text().splitlines()
    if change == "edit":
        lines[2] = lines[2].replace("P2", "P9")
    elif change == "remove":
        del lines[2]
    elif change == "swap":
        lines[2], lines[3] = lines[3], lines[2]
    else:
        lines.insert(2, json.dumps(json.loads(lines[2]) | {"case": "P9"}))
    log(data_dir).write_text("\n".join(lines) + "\n")
    assert check_log().broken_at == 3


def test_a_line_that_a_kill_cut_short_is_replaced_and_the_chain_goes_on(data_dir: Path) -> None:
    fill()
    with log(data_dir).open("ab") as file:
        file.write(b'{"action": "exp')
    assert check_log().lines == 5
    note("export", cohort="demo")
    assert (check_log().lines, check_log().broken_at) == (6, 0)


def test_many_processes_write_one_chain(data_dir: Path) -> None:
    code = "from survdash.audit import note\nfor n in range(20): note('open', cohort='demo', case=str(n))"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    found = check_log()
    assert (found.lines, found.broken_at) == (80, 0)


def test_names_cannot_forge_a_line(data_dir: Path) -> None:
    note("open", cohort="demo", case='P1"}\n{"action": "nothing')
    assert check_log().lines == 1
    assert last_entries()[0].case == 'P1"}\n{"action": "nothing'
