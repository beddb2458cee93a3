"""A working instance in one file and back: the same answers, byte for byte; what is no backup is refused."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from survdash import usecases
from survdash.__main__ import main
from survdash.audit import check_log, note
from survdash.errors import InputError
from survdash.jobs import record
from survdash.settings import settings
from survdash.store import write_text
from survdash.usecases.backup import restore_backup, write_backup
from survdash.usecases.verify import verify


@pytest.fixture
def working(data_dir: Path, tmp_path: Path) -> Path:
    """An instance with a cohort, its model and an earlier state."""
    rng = np.random.default_rng(0)
    for patients in (50, 60):
        rows = [f"P{i:02d},{1 + 30 * rng.random():.3f},{i % 2},{rng.normal():.5f},{rng.normal():.5f}"
                for i in range(patients)]  # fmt: skip
        write_text(tmp_path / "t.csv", "\n".join(["case_id,survival_months,censorship,TP53_rnaseq,MYC_rnaseq", *rows]))
        usecases.import_cohort(tmp_path / "t.csv", name="mine")
    train()
    write_text(tmp_path / "genes.csv", "gene,value\nTP53_rnaseq,0.5\nMYC_rnaseq,-1\n")
    return data_dir


def train() -> None:
    cohort = usecases.open_cohort("mine")
    usecases.crossval(cohort, usecases.make_recipe(cohort, model="cox_ridge"))


def answers(folder: Path, tmp_path: Path, name: str) -> list[bytes]:
    """What another process says of the cohort and of a new case from a data folder."""
    out = tmp_path / name
    environment = {"SURVDASH_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin"}
    for words in (["export", "mine", "--model", "cox_ridge", "--out", str(out / "risks.csv")],
                  ["predict", "--model", "mine-cox_ridge", "--genes", str(tmp_path / "genes.csv"), "--out", str(out)]):
        subprocess.run([sys.executable, "-m", "survdash", *words], env=environment, check=True, capture_output=True)
    return [(out / file).read_bytes() for file in ("risks.csv", "prediction.csv", "prediction.json")]


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(folder))
    settings.cache_clear()


@pytest.mark.slow
def test_a_restored_instance_gives_the_same_bytes(working, tmp_path, monkeypatch):
    write_text(working / "audits" / "found.json", "{}")
    usecases.file_what_if(usecases.WhatIf(cohort="mine", run="cox_ridge", case_id="P00", genes={}, clinical={}))
    note("export", cohort="mine")
    log = (working / "audit" / "log.jsonl").read_bytes()
    assert main(["backup", "--out", str(tmp_path / "all.tar")]) == 0
    assert (tmp_path / "all.tar").stat().st_mode & 0o077 == 0
    use(tmp_path / "other", monkeypatch)
    assert main(["restore", str(tmp_path / "all.tar")]) == 0
    assert verify().faults == ()
    assert (tmp_path / "other" / "audits" / "found.json").read_text() == "{}"
    assert usecases.previous_facts("mine").cases == 50
    assert log
    assert (tmp_path / "other" / "audit" / "log.jsonl").read_bytes().startswith(log)
    assert check_log().broken_at == 0
    assert record.job_ids() == []  # jobs live for hours and are left out
    assert answers(tmp_path / "other", tmp_path, "there") == answers(working, tmp_path, "here")


def test_taken_while_models_are_trained_it_holds_a_whole_one(working, tmp_path, monkeypatch):
    over = threading.Event()
    run = working / "cohorts" / "mine" / "runs" / "cox_ridge"
    spare = tmp_path / "spare"
    shutil.copytree(run, spare)
    write_text(spare / "card.json", (run / "card.json").read_text().replace('"seconds"', ' "seconds"'))

    def exchange() -> None:
        # A training that ends: the folder is exchanged for another, again and again.
        while not over.is_set():
            shutil.copytree(spare, run.parent / ".next.part")
            (run.parent / ".next.part").rename(run.parent / ".later.part")
            run.rename(run.parent / ".before.old")
            (run.parent / ".later.part").rename(run)
            shutil.rmtree(run.parent / ".before.old")

    thread = threading.Thread(target=exchange)
    thread.start()
    try:
        made = []
        for number in range(5):
            # Where the folder keeps changing it is refused, and no file is left.
            with suppress(InputError):
                write_backup(tmp_path / f"{number}.tar")
                made.append(number)
        assert sorted(path.stem for path in tmp_path.glob("[0-9].tar")) == [str(number) for number in made]
    finally:
        over.set()
        thread.join()
    for number in made:
        use(tmp_path / f"other{number}", monkeypatch)
        restore_backup(tmp_path / f"{number}.tar")
        assert verify().faults == ()


def test_a_folder_that_goes_while_it_is_looked_through_is_passed_over(working, tmp_path, monkeypatch):
    (working / "cohorts" / "mine" / "runs" / "gone").mkdir()
    scandir = os.scandir

    def look(path="."):
        if str(path).endswith("gone"):  # as it was moved away since it was listed
            raise FileNotFoundError(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", look)
    assert write_backup(tmp_path / "all.tar").files > 1


def test_a_folder_that_cannot_be_read_is_not_left_out_without_a_word(working, tmp_path, monkeypatch):
    (working / "cohorts" / "mine" / "runs" / "shut").mkdir()
    scandir = os.scandir

    def look(path="."):
        if str(path).endswith("shut"):
            raise PermissionError(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", look)
    with pytest.raises(PermissionError):
        write_backup(tmp_path / "all.tar")
    assert not (tmp_path / "all.tar").exists()


def test_a_folder_with_something_in_it_is_not_filled(working, tmp_path):
    write_backup(tmp_path / "all.tar")
    with pytest.raises(InputError, match="not empty: it holds cohorts"):
        restore_backup(tmp_path / "all.tar")


@pytest.mark.parametrize("share", [0.02, 0.5, 0.8])
def test_a_backup_cut_short_is_refused_and_nothing_is_left(working, tmp_path, monkeypatch, share):
    write_backup(tmp_path / "all.tar")
    data = (tmp_path / "all.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(data[: int(share * len(data))])
    use(tmp_path / "other", monkeypatch)
    with pytest.raises(InputError):
        restore_backup(tmp_path / "cut.tar")
    assert [path for path in (tmp_path / "other").rglob("*") if path.is_file()] == []


def test_a_backup_that_ends_after_its_first_note_is_refused(working, tmp_path, monkeypatch):
    write_backup(tmp_path / "all.tar")
    (tmp_path / "cut.tar").write_bytes((tmp_path / "all.tar").read_bytes()[:1100])  # into the header of the first file
    use(tmp_path / "other", monkeypatch)
    with pytest.raises(InputError, match="not whole"):
        restore_backup(tmp_path / "cut.tar")


def test_a_changed_byte_is_found(working, tmp_path, monkeypatch):
    write_backup(tmp_path / "all.tar")
    data = bytearray((tmp_path / "all.tar").read_bytes())
    place = data.index(b"PAR1") + 100
    data[place] ^= 1
    (tmp_path / "all.tar").write_bytes(data)
    use(tmp_path / "other", monkeypatch)
    with pytest.raises(InputError, match=r"not whole, from cohorts/.*parquet"):
        restore_backup(tmp_path / "all.tar")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../evil", tarfile.REGTYPE), ("cohorts/../../evil", tarfile.REGTYPE), ("/etc/evil", tarfile.REGTYPE),
     ("evil", tarfile.REGTYPE), ("uploads/evil", tarfile.REGTYPE), ("cohorts/evil", tarfile.SYMTYPE),
     ("cohorts/evil", tarfile.LNKTYPE), ("cohorts/evil", tarfile.FIFOTYPE)],
)  # fmt: skip
def test_a_made_up_backup_cannot_write_elsewhere(data_dir, tmp_path, name, kind):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "evil.tar", "w") as packed:
        packed.addfile(member, io.BytesIO())
    with pytest.raises(InputError, match="does not belong into a backup"):
        restore_backup(tmp_path / "evil.tar")
    assert not any(path.name == "evil" for path in tmp_path.rglob("*"))


def test_a_newer_backup_and_another_file_are_refused(data_dir, tmp_path, working, monkeypatch):
    write_backup(tmp_path / "all.tar")
    data = (tmp_path / "all.tar").read_bytes().replace(b'"schema": 1', b'"schema": 9', 1)
    (tmp_path / "newer.tar").write_bytes(data)
    (tmp_path / "no.tar").write_bytes(b"hello")
    use(tmp_path / "other", monkeypatch)
    with pytest.raises(InputError, match="another survdash"):
        restore_backup(tmp_path / "newer.tar")
    with pytest.raises(InputError, match="no backup"):
        restore_backup(tmp_path / "no.tar")
