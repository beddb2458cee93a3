"""Two people ask the same thing at the same moment: the work is done once, and both get it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from survdash.bag_file import BagFile
from survdash.settings import settings
from survdash.simulation.sample_case import sample_case
from survdash.usecases.verify import verify
from tests.faults.conftest import Run

pytestmark = pytest.mark.slow


def test_one_slide_is_embedded_once_and_one_name_is_imported_whole(run: Run, table: Path, tmp_path: Path) -> None:
    data = settings().data_dir
    sample_case(tmp_path)
    shutil.copy(tmp_path / "slide.tiff", tmp_path / "same.tiff")  # the other person's copy, under another name
    asked = [run("embed", tmp_path / name, "--out", tmp_path / f"{name}.h5", "--json", data=data)
             for name in ("slide.tiff", "same.tiff")]  # fmt: skip
    importing = ("import-cohort", table, "--name", "mine", "--gene-groups", table.with_name("groups.csv"), "--json")
    asked += [run(*importing, data=data) for _ in range(2)]
    told = [process.communicate() for process in asked]
    assert [process.returncode for process in asked] == [0] * 4, [words for _, words in told]
    made = [json.loads(out) for out, _ in told]
    assert sorted(one["cached"] for one in made[:2]) == [False, True]
    assert len(list((data / "bags").glob("*.h5"))) == 1
    features = []
    for name in ("slide", "same"):
        with BagFile(tmp_path / f"{name}.tiff.h5") as bag:
            features.append(bag.read(bag.slide_ids).features)
    np.testing.assert_array_equal(*features)
    assert [one["cases"] for one in made[2:]] == [60, 60]
    assert verify().faults == ()

    training = ("crossval", "mine", "--model", "cox_ridge", "--json")
    asked = [run(*training, data=data) for _ in range(2)]
    told = [process.communicate() for process in asked]
    assert [process.returncode for process in asked] == [0] * 2, [words for _, words in told]
    one, other = (json.loads(out)["cindex"] for out, _ in told)
    assert one == other
    assert [path.name for path in (data / "cohorts" / "mine" / "runs").glob("[!.]*")] == ["cox_ridge"]
    assert verify().faults == ()
