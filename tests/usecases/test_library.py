"""What is on this machine, and how a wrong name is answered."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from survdash.errors import ArtefactError, CohortError, UnknownNameError
from survdash.settings import SHIPPED_MODELS
from survdash.usecases.library import (
    cohort_folder,
    find_model,
    list_cohorts,
    list_models,
    list_problems,
    list_runs,
    open_cohort,
    open_run,
)


def test_the_demo_cohort_stands_first_and_is_called_simulated() -> None:
    first = list_cohorts()[0]
    assert (first.name, first.simulated, first.cases) == ("demo", True, 200)
    assert "simulated" in first.title.lower()


def test_the_recommended_model_comes_first_and_is_the_default() -> None:
    runs = [run.name for run in list_runs("demo")]
    assert runs[0] == "glg"
    assert {"glg", "glg-genes", "glg-slide", "snn", "attnmil", "cox_ridge"} <= set(runs)
    assert open_run("demo", "default").card.run == "glg"
    assert find_model("demo-snn").card.run == find_model("snn").card.run == "snn"


@pytest.mark.parametrize("name", ["nope", "../demo", "", "demo/..", "DEMO", "x" * 200])
def test_an_unknown_or_hostile_cohort_name_is_a_message(name: str) -> None:
    with pytest.raises(UnknownNameError):
        open_cohort(name)


def test_an_unknown_model_names_those_that_are_there() -> None:
    with pytest.raises(UnknownNameError, match="glg"):
        open_run("demo", "nope")
    with pytest.raises(UnknownNameError, match="demo-glg"):
        find_model("nope")


def test_a_damaged_cohort_is_left_out_of_the_list_and_explained_when_opened(data_dir: Path) -> None:
    folder = cohort_folder("broken")
    shutil.copytree(SHIPPED_MODELS / "demo", folder)
    (folder / "patients.parquet").write_bytes(b"no parquet")
    assert "broken" not in [one.name for one in list_cohorts()]
    with pytest.raises(CohortError, match=r"patients\.parquet"):
        open_cohort("broken")
    (told,) = list_problems()
    assert told.startswith("Cohort broken is left out: ")
    assert "patients.parquet" in told


def test_a_sound_machine_has_nothing_to_tell(data_dir: Path) -> None:
    shutil.copytree(SHIPPED_MODELS / "demo-glg", cohort_folder("demo") / "runs" / "glg")  # trained here, shipped cohort
    (data_dir / "cohorts" / ".half.part").mkdir()
    assert list_problems() == []


@pytest.mark.parametrize("damage", ["no card", "half a card", "another evaluation"])
def test_a_damaged_model_is_left_out_and_told(data_dir: Path, damage: str) -> None:
    folder = cohort_folder("demo") / "runs" / "mine"
    shutil.copytree(SHIPPED_MODELS / "demo-glg", folder)
    if damage == "no card":
        (folder / "card.json").unlink()
    elif damage == "half a card":
        (folder / "card.json").write_text((folder / "card.json").read_text()[:200])
    else:
        (folder / "evaluation.json").write_text("{}")
    assert "glg" in [run.name for run in list_runs("demo")]  # the others stay
    (told,) = list_problems()
    assert told.startswith("Model demo-mine is left out: ")
    assert "Train" in told
    with pytest.raises(ArtefactError, match="demo-mine is left out"):
        open_run("demo", "mine")
    assert sum(card["cohort"] == "demo" for card in list_models()) == len(list_runs("demo"))


def test_a_folder_that_is_no_cohort_is_told(data_dir: Path) -> None:
    (data_dir / "cohorts" / "lost").mkdir(parents=True)
    shutil.copytree(SHIPPED_MODELS / "demo", data_dir / "cohorts" / "My Cohort")
    first, second = list_problems()
    assert "My Cohort" in first
    assert "name" in first
    assert "lost" in second
    assert "cohort.json" in second


def test_every_shipped_model_lists_its_concordance() -> None:
    for card in list_models():
        assert 0.5 < card["cindex"]["mean"] < 1  # type: ignore[index]


def test_a_model_of_another_state_of_the_cohort_is_not_offered(data_dir: Path) -> None:
    folder = cohort_folder("demo")
    shutil.copytree(SHIPPED_MODELS / "demo", folder)
    manifest = json.loads((folder / "cohort.json").read_text())
    (folder / "cohort.json").write_text(json.dumps(manifest | {"digest": "another"}))
    assert list_runs("demo") == []
    with pytest.raises(UnknownNameError, match="no trained model"):
        open_run("demo", "glg")


def test_runs_are_comparable_where_the_very_patients_and_folds_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    # As many patients is not the same patients: each of two runs may read others.
    runs = list_runs("demo")
    assert len({run.judged_on for run in runs}) == 1
    read = pd.read_parquet

    def others(path, **options):
        table = read(path, **options)
        return table.iloc[::-1] if "snn" in str(path) else table

    monkeypatch.setattr("survdash.usecases.library.pd.read_parquet", others)
    assert len({run.judged_on for run in list_runs("demo")}) == 2
