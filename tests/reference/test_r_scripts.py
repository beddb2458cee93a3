"""Where R and its packages are present the scripts are run again, and must write what the repository holds."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SCRIPTS = {
    "small.R": (("survival", "maxstat"), ("km_small.json", "maxstat_small.json")),
    "statistics.R": (("survival", "riskRegression", "prodlim", "Hmisc"), ("statistics.json",)),
}


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    if isinstance(ours, dict):
        return [line for key in ours for line in differences(ours[key], theirs[key], f"{path}/{key}")]
    if isinstance(ours, list):
        return [line for a, b in zip(ours, theirs, strict=True) for line in differences(a, b, path)]
    if isinstance(ours, float) and isinstance(theirs, (int, float)):
        # Another build of R adds in another order; a Newton iteration stops one step away: seven digits.
        near = math.isclose(ours, theirs, rel_tol=1e-7, abs_tol=1e-9)
    else:
        near = ours == theirs
    return [] if near else [f"{path}: {ours} is now {theirs}"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_r_writes_the_stored_references(script: str, tmp_path: Path) -> None:
    packages, files = SCRIPTS[script]
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    asked = f"q(status = !all(sapply(c({', '.join(map(repr, packages))}), requireNamespace, quietly = TRUE)))"
    if subprocess.run(["Rscript", "-e", asked], capture_output=True, check=False).returncode:
        pytest.skip(f"R lacks one of {', '.join(packages)}")
    shutil.copy(HERE / script, tmp_path)
    subprocess.run(["Rscript", script], cwd=tmp_path, check=True, capture_output=True, timeout=200)
    for name in files:
        stored, written = (json.loads((folder / name).read_text()) for folder in (HERE, tmp_path))
        versions = stored.pop("made_by"), written.pop("made_by")
        found = differences(stored, written)
        assert not found, f"{versions}\n" + "\n".join(found[:20])
