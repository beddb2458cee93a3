"""Take back, delete, carry: what was trained comes back, and predictions on another machine are the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from survdash import usecases
from survdash.errors import ArtefactError, CohortError, InputError, UnknownNameError
from survdash.progress import silent
from survdash.settings import settings
from survdash.usecases.keeping import HANDLERS, own_folder
from survdash.usecases.library import list_cohorts
from tests.conftest import REPOSITORY


def table(folder: Path, patients: int = 60) -> Path:
    rng = np.random.default_rng(0)
    genes = rng.normal(size=(patients, 3))
    path = folder / f"t{patients}.csv"
    rows = [f"P{i:02d},{1 + 30 * rng.random():.3f},{i % 2},{genes[i, 0]:.5f},{genes[i, 1]:.5f},{genes[i, 2]:.5f}"
            for i in range(patients)]  # fmt: skip
    path.write_text("\n".join(["case_id,survival_months,censorship,TP53_rnaseq,MYC_rnaseq,EGFR_rnaseq", *rows]))
    return path


@pytest.fixture
def trained(tmp_path: Path) -> str:
    usecases.import_cohort(table(tmp_path), name="mine")
    cohort = usecases.open_cohort("mine")
    usecases.crossval(cohort, usecases.make_recipe(cohort, model="cox_ridge"))
    return "mine"


def test_undo_brings_back_the_tables_and_the_models_and_undone_twice_nothing_changed(trained, tmp_path):
    before = usecases.open_cohort(trained).digest
    usecases.import_cohort(table(tmp_path, 50), name=trained)
    assert usecases.list_runs(trained) == []
    facts = usecases.previous_facts(trained)
    assert (facts.cases, facts.events, facts.runs) == (60, 30, ("cox_ridge",))
    assert usecases.undo_import(trained).digest == before
    assert [run.name for run in usecases.list_runs(trained)] == ["cox_ridge"]
    assert len(usecases.undo_import(trained).patients) == 50


def test_without_an_earlier_import_there_is_nothing_to_undo(trained):
    assert usecases.previous_facts(trained) is None
    with pytest.raises(UnknownNameError, match="No earlier state"):
        usecases.undo_import(trained)


def test_a_deleted_cohort_is_gone_with_its_bytes(trained, data_dir):
    assert usecases.delete_cohort(trained) > 1000
    assert trained not in [one.name for one in list_cohorts()]
    with pytest.raises(UnknownNameError, match="no cohort"):
        usecases.delete_cohort(trained)


@pytest.mark.parametrize("change", ["delete", "replace"])
def test_a_cohort_that_goes_while_a_model_is_trained_on_it_is_told_and_leaves_nothing_behind(
    trained, tmp_path, data_dir, change
):
    cohort, gone = usecases.open_cohort(trained), []

    def meanwhile(progress) -> None:
        if not gone:
            gone.append(progress)
            if change == "delete":
                usecases.delete_cohort(trained)
            else:
                usecases.import_cohort(table(tmp_path, 50), name=trained)

    with pytest.raises(CohortError, match="deleted or replaced while a model was trained"):
        usecases.crossval(cohort, usecases.make_recipe(cohort, model="snn", epochs=1), report=meanwhile)
    assert gone
    assert not list((data_dir / "cohorts").glob("mine/runs/*"))
    assert usecases.list_problems() == []


def test_with_a_cohort_go_the_explanations_of_its_patients_and_no_others(trained, data_dir):
    from survdash.usecases.explaining import explain_patient

    explain_patient(trained, "cox_ridge", "P01")
    (kept,) = (data_dir / "explanations").iterdir()
    other = kept.with_name("other.json")
    other.write_text(kept.read_text().replace('"mine-cox_ridge"', '"mine-2-cox_ridge"'))
    usecases.delete_cohort(trained)
    assert list((data_dir / "explanations").iterdir()) == [other]


def test_what_came_with_survdash_stays(tmp_path):
    with pytest.raises(CohortError, match="came with survdash"):
        usecases.delete_cohort("demo")
    with pytest.raises(CohortError, match="came with survdash"):
        usecases.export_archive("demo", tmp_path / "d.zip")
    assert own_folder("demo") is None


def test_an_archive_gives_the_same_predictions_byte_by_byte_on_a_clean_machine(trained, tmp_path, monkeypatch):
    here = usecases.export_cohort(trained, "cox_ridge")
    report, compared = usecases.cohort_report(trained), usecases.compare_models(trained).to_json()
    archive = usecases.export_archive(trained, tmp_path / "mine.zip")
    assert archive.runs == ("cox_ridge",)
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(tmp_path / "elsewhere"))
    settings.cache_clear()
    assert trained not in [one.name for one in list_cohorts()]
    made = HANDLERS["import_archive"]({"path": str(tmp_path / "mine.zip")}, silent, threading.Event())
    assert made == {"name": trained, "runs": ["cox_ridge"]}
    there = usecases.export_cohort(trained, "cox_ridge")
    assert (there.csv, there.sidecar()) == (here.csv, here.sidecar())
    assert usecases.cohort_report(trained) == report
    assert usecases.compare_models(trained).to_json() == compared
    again = usecases.export_archive(trained, tmp_path / "again.zip")
    assert again.digest == archive.digest
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "mine.zip").read_bytes()


@pytest.mark.slow  # seven processes
def test_other_processes_on_a_clean_data_folder_predict_the_same_bytes(trained, tmp_path, data_dir):
    """Export, predict and explain here; pack; unpack elsewhere; again: the default model, another, and the demo's."""
    cohort = usecases.open_cohort(trained)
    usecases.crossval(cohort, usecases.make_recipe(cohort, epochs=1, seeds=1))
    (tmp_path / "genes.csv").write_text("TP53_rnaseq,MYC_rnaseq,EGFR_rnaseq\n0.31,-1.25,0.5\n")

    def run(folder: Path, *arguments: object) -> None:
        done = subprocess.run([sys.executable, "-m", "survdash", *map(str, arguments)], cwd=REPOSITORY, text=True,
                              env=os.environ | {"SURVDASH_DATA_DIR": str(folder)}, capture_output=True,
                              check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr

    def answers(folder: Path, out: Path) -> dict[str, bytes]:
        run(folder, "export", trained, "--model", "default", "--out", out / "cohort.csv")
        run(folder, "predict", "--model", f"{trained}-glg_linear-genes", "--genes", tmp_path / "genes.csv", "--explain",
            "--even-if-unlike", "--out", out / "case")  # fmt: skip
        run(folder, "export", "demo", "--model", "glg", "--out", out / "demo.csv")
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}

    here = answers(data_dir, tmp_path / "here")
    usecases.export_archive(trained, tmp_path / "mine.zip")
    run(tmp_path / "clean", "import-archive", tmp_path / "mine.zip")
    assert answers(tmp_path / "clean", tmp_path / "there") == here
    assert {"cohort.csv", "case/prediction.json", "case/explanation.json", "demo.csv"} <= set(here)


def test_models_may_stay_at_home_and_an_archive_of_the_name_is_undone_like_an_import(trained, tmp_path):
    usecases.export_archive(trained, tmp_path / "bare.zip", with_runs=False)
    usecases.import_cohort(table(tmp_path, 50), name=trained)
    usecases.import_archive(tmp_path / "bare.zip")
    assert usecases.list_runs(trained) == []
    assert len(usecases.undo_import(trained).patients) == 50


@pytest.mark.parametrize(("change", "said"), [
    (lambda card: {"cohort_digest": "0"}, "of another cohort"), (lambda card: {"run": "glg"}, "of another cohort"),
    (lambda card: {"files": {**card["files"], "fold_0.safetensors": "0" * 64}}, "is not what its card says"),
    (lambda card: {"files": {name: one for name, one in card["files"].items() if name != "fold_0.safetensors"}},
     "does not name"),
    (lambda card: {"schema": 99}, "model schema 99"),
])  # fmt: skip
def test_a_model_that_is_not_of_the_cohort_is_refused_with_the_whole_archive(trained, tmp_path, data_dir, change, said):
    folder = data_dir / "cohorts" / trained / "runs" / "cox_ridge"
    usecases.export_archive(trained, tmp_path / "mine.zip")
    card = json.loads((folder / "card.json").read_text())
    content = json.dumps(card | change(card)).encode()
    with zipfile.ZipFile(tmp_path / "mine.zip") as old, zipfile.ZipFile(tmp_path / "forged.zip", "w") as new:
        contents = json.loads(old.read("survdash-archive.json"))
        contents["files"]["runs/cox_ridge/card.json"] = {
            "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
        }  # fmt: skip
        for name in old.namelist():
            new.writestr(name, {"runs/cox_ridge/card.json": content,
                                "survdash-archive.json": json.dumps(contents).encode()}.get(name) or old.read(name))
    usecases.delete_cohort(trained)
    with pytest.raises(ArtefactError, match=said):
        usecases.import_archive(tmp_path / "forged.zip")
    assert trained not in [one.name for one in list_cohorts()]


def test_an_archive_is_seen_with_the_outcome_of_its_patients_before_it_is_taken_in(trained, tmp_path, data_dir):
    usecases.export_archive(trained, tmp_path / "mine.zip")
    curve = usecases.cohort_curve(trained)
    usecases.delete_cohort(trained)
    seen = usecases.preview_archive(tmp_path / "mine.zip")
    np.testing.assert_array_equal(seen.curve.survival, curve.survival)
    assert seen.archive.report.cases == 60
    assert trained not in [one.name for one in list_cohorts()]
    with zipfile.ZipFile(tmp_path / "mine.zip") as old, zipfile.ZipFile(tmp_path / "forged.zip", "w") as new:
        contents = json.loads(old.read("survdash-archive.json"))
        told = json.dumps(json.loads(old.read("import_report.json")) | {"events": 3}).encode()
        contents["files"]["import_report.json"] = {"sha256": hashlib.sha256(told).hexdigest(), "bytes": len(told)}
        for name in old.namelist():
            new.writestr(name, {"import_report.json": told,
                                "survdash-archive.json": json.dumps(contents).encode()}.get(name) or old.read(name))
    with pytest.raises(CohortError, match="tells of 60 patients and 3 deaths, its table of 60 and 30"):
        usecases.preview_archive(tmp_path / "forged.zip")


def test_a_folder_is_no_place_for_an_archive(trained, tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        usecases.export_archive(trained, tmp_path)
