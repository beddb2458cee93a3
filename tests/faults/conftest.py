"""Real commands in processes of their own, and disks of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
Run = Callable[..., "subprocess.Popen[str]"]
# The command as it is, but for the seconds between two tries of a request.
IMPATIENT = (
    "import sys, stamina; stamina.set_testing(True, attempts=4, cap=True); from survdash.__main__ import main; "
    "sys.exit(main(sys.argv[1:]))"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Sixty patients whose life is shortened by one gene."""
    rng = np.random.default_rng(0)
    genes = rng.normal(size=(60, 300))
    names = ",".join(f"G{number}_rnaseq" for number in range(300))
    rows = [f"P{i:02d},{1 + 30 * rng.random() * np.exp(-genes[i, 0]):.3f},{i % 2},"
            + ",".join(f"{value:.4f}" for value in genes[i]) for i in range(60)]  # fmt: skip
    path = tmp_path / "table.csv"
    path.write_text("\n".join([f"case_id,survival_months,censorship,{names}", *rows]))
    groups = tmp_path / "groups.csv"
    groups.write_text("\n".join(["even,odd", *(f"G{number},G{number + 1}" for number in range(0, 300, 2))]))
    return path


@pytest.fixture
def run() -> Iterator[Run]:
    """Start a command; whatever still runs afterwards is killed."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: object, data: Path, impatient: bool = False, **variables: str) -> subprocess.Popen[str]:
        environment = os.environ | {"SURVDASH_DATA_DIR": str(data), "PYTHONPATH": str(REPOSITORY)} | variables
        command = [sys.executable, *(("-c", IMPATIENT) if impatient else ("-m", "survdash")), *map(str, words)]
        running.append(subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE))  # fmt: skip
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A small disk in memory, mounted anew with other options at each call."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = []

    def mount(options: str) -> Path:
        again = "remount," if mounted else ""
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", again + options, "tmpfs", place], capture_output=True)
        if done.returncode:
            pytest.skip("no disk can be mounted here (needs root)")
        mounted.append(place)
        return place

    yield mount
    if mounted:
        subprocess.run(["umount", "-l", place], check=False)
