"""Trained models on disk: what is written is what is read, and nothing else is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from survdash.artefact import Artefact, load_folds, read_artefact
from survdash.cohort import Cohort
from survdash.errors import ArtefactError, InputError
from survdash.store import file_sha256
from survdash.training.data import model_data
from survdash.training.recipe import Recipe
from survdash.usecases import crossval

MONTHS = np.arange(5.0)
RECIPES = [
    Recipe(model="glg", modalities=("genes", "slide"), epochs=2, options={"width": 8}),
    Recipe(model="attnmil", modalities=("slide",), epochs=2, options={"width": 8}),
    Recipe(model="cox_ridge", modalities=("genes", "slide")),
    Recipe(model="glg_linear", modalities=("genes", "slide"), epochs=1, options={"width": 8}),
    Recipe(model="late_fusion", modalities=("genes", "slide")),  # holds Cox models and forests
]


@pytest.fixture(scope="module", params=RECIPES, ids=lambda recipe: recipe.model)
def trained(request: pytest.FixtureRequest, cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Artefact:
    return crossval(cohort, request.param, folder=tmp_path_factory.mktemp("models") / "made")


def test_a_model_read_back_repeats_its_out_of_fold_predictions(trained: Artefact, cohort: Cohort) -> None:
    again = read_artefact(trained.folder)
    assert again.card.version == trained.card.version
    data = model_data(cohort, again.card.modalities)
    table = again.predictions().set_index("case_id")
    for number, fold in zip(again.card.folds, load_folds(again), strict=True):
        held_out = np.flatnonzero(data.folds == number)
        scores = fold.score(data.inputs(held_out), MONTHS)
        # The stored weights are the trained ones, bit for bit; batches of another size may round a last bit otherwise.
        np.testing.assert_allclose(scores.risk, table.loc[data.case_ids[held_out], "risk"], rtol=1e-5, atol=1e-6)


def test_training_again_gives_the_same_numbers(trained: Artefact, cohort: Cohort, tmp_path: Path) -> None:
    again = crossval(cohort, trained.card.recipe, folder=tmp_path / "made")
    assert again.card.files == trained.card.files


def test_a_changed_file_is_refused_by_name(trained: Artefact, tmp_path: Path) -> None:
    copy = _copy(trained.folder, tmp_path / "copy")
    path = copy / "fold_0.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtefactError, match=r"fold_0\.safetensors"):
        load_folds(read_artefact(copy))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 99}', "not json"])
def test_a_malformed_or_newer_card_is_a_message(trained: Artefact, tmp_path: Path, text: str) -> None:
    copy = _copy(trained.folder, tmp_path / "copy")
    (copy / "card.json").write_text(text)
    with pytest.raises(ArtefactError):
        read_artefact(copy)


def test_weights_that_do_not_fit_a_card_made_to_fit_them_are_refused(trained: Artefact, tmp_path: Path) -> None:
    for spoiled in (b"", b"\x10\0\0\0\0\0\0\0" + b"{" * 16, save({"x": np.zeros(3, np.float32)})):
        copy = tmp_path / "copy"
        shutil.copytree(trained.folder, copy, dirs_exist_ok=True)
        (copy / "fold_0.safetensors").write_bytes(spoiled)
        card = json.loads((copy / "card.json").read_text())
        card["files"]["fold_0.safetensors"] = file_sha256(copy / "fold_0.safetensors")
        (copy / "card.json").write_text(json.dumps(card))
        with pytest.raises(ArtefactError):
            load_folds(read_artefact(copy))


def test_weights_say_whether_they_bend_expression(trained: Artefact) -> None:
    assert trained.bends_expression == ("genes" in trained.card.modalities)


def test_a_card_says_what_it_is_for_and_what_made_it(trained: Artefact) -> None:
    values = json.loads((trained.folder / "card.json").read_text())
    assert "research use only" in values["intended_use"].lower()
    assert values["simulated"] is True
    assert set(values["files"]) == {path.name for path in trained.folder.iterdir()} - {"card.json"}


def _copy(folder: Path, target: Path) -> Path:
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def test_a_folder_with_other_files_is_not_taken_for_a_model(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="other files"):
        crossval(cohort, RECIPES[-1], folder=tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    with pytest.raises(InputError, match="is a file"):
        crossval(cohort, RECIPES[-1], folder=tmp_path / "thesis.txt")
