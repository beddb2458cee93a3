"""Every file of the data folder is whole or absent, and what is not is named."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from survdash import usecases
from survdash.__main__ import main
from survdash.bag_file import new_bag_file
from survdash.case import BagOrigin
from survdash.jobs.queue import file_job
from survdash.store import write_json
from survdash.usecases.verify import verify


@pytest.fixture
def filled(data_dir: Path, tmp_path: Path) -> Path:
    """A data folder with a cohort, a model, a bag, a job and a note."""
    rng = np.random.default_rng(0)
    rows = [f"P{i:02d},{1 + 30 * rng.random():.3f},{i % 2},{rng.normal():.5f},{rng.normal():.5f}" for i in range(60)]
    table = tmp_path / "t.csv"
    table.write_text("\n".join(["case_id,survival_months,censorship,TP53_rnaseq,MYC_rnaseq", *rows]))
    usecases.import_cohort(table, name="mine")
    cohort = usecases.open_cohort("mine")
    usecases.crossval(cohort, usecases.make_recipe(cohort, model="cox_ridge"))
    with new_bag_file(data_dir / "bags" / "a.h5", BagOrigin(encoder="made", weights="", dim=8)) as writer:
        writer.add_slide("S", [(rng.normal(size=(2000, 8)), np.zeros((2000, 2), np.int32))], {})
    file_job("predict", {"slide": "a.svs"})
    write_json(data_dir / "hashes" / "note.json", {"size": 1})
    return data_dir


def test_a_sound_folder_has_no_fault(filled):
    found = verify()
    assert (found.faults, found.leftovers) == ((), ())
    assert found.files > 10


@pytest.mark.parametrize(
    "name",
    ["cohorts/mine/patients.parquet", "cohorts/mine/folds.csv", "cohorts/mine/runs/cox_ridge/fold_0.safetensors",
     "cohorts/mine/runs/cox_ridge/evaluation.json", "bags/a.h5", "hashes/note.json", "jobs/queue.sqlite"],
)  # fmt: skip
def test_a_file_cut_short_is_named(filled, name):
    path = filled / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert any(name in told or name.rsplit("/", 1)[1] in told for told in verify().faults)


def test_a_changed_byte_in_a_cohort_is_named_though_the_file_can_be_read(filled):
    path = filled / "cohorts" / "mine" / "folds.csv"
    path.write_text(path.read_text().replace("P00,0", "P00,1").replace("P01,1", "P01,0"))
    assert any("folds.csv" in told for told in verify().faults)


def test_half_written_files_are_told_apart_and_are_no_fault(filled):
    (filled / "bags" / ".b.h5.x.part").write_bytes(b"half")
    found = verify()
    assert (found.faults, found.leftovers) == ((), ("bags/.b.h5.x.part",))


def test_files_of_users_are_not_ours_to_judge(filled):
    (filled / "inbox").mkdir()
    (filled / "inbox" / "odd.json").write_text("{")
    assert verify().faults == ()


def test_the_command_ends_with_2_where_something_is_torn(filled, capsys):
    assert main(["doctor", "--verify", "--json"]) == 0
    with sqlite3.connect(filled / "jobs" / "queue.sqlite") as connection:
        connection.execute("PRAGMA user_version = 7")
    assert main(["doctor", "--verify", "--json"]) == 0
    (filled / "hashes" / "note.json").write_text("{")
    assert main(["doctor", "--verify", "--json"]) == 2
    assert "hashes/note.json" in capsys.readouterr().out
