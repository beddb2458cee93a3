"""The command ``crossval``: one run with everything it can be told, and all methods at once."""

from __future__ import annotations

import json

import pytest

from survdash.__main__ import main
from survdash.artefact import read_artefact
from survdash.usecases.library import run_folder


def test_one_run_does_what_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = ["--stop", "inner", "--seeds", "2", "--loss", "cox", "--epochs", "2", "--folds", "made", "--k", "2"]
    assert main(["crossval", "demo", "--model", "snn", "--width", "8", *told, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["run"] == "snn-width-8-cox-loss-inner-stop-2-seeds-2-folds"
    assert len(answer["cindex"]["folds"]) == 2
    artefact = read_artefact(run_folder("demo", answer["run"]))
    recipe = artefact.card.recipe
    assert (recipe.stop, recipe.seeds, recipe.loss, recipe.made_folds) == ("inner", 2, "cox", 2)
    inner = artefact.evaluation()["inner"]
    assert len(inner) == len(artefact.card.history) == 4  # two folds, two seeds
    assert [len(row) for row in artefact.card.history] == [one["epochs"] for one in inner]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "other"], "--all"),
        (["demo", "--by-site"], "--folds made"),
        (["demo", "--all", "--option", "width=8"], "--option"),
        (["demo", "--all", "--width", "7"], "multiple of 8"),
        (["demo", "--option", "width"], "NAME=VALUE"),
        (["demo", "--option", "deals=0"], "deals"),
        (["demo", "--model", "cox_ridge", "--stop", "inner"], "stop"),
        (["demo", "--without", "everything"], "everything"),
        (["demo", "nope", "--all"], "nope"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["crossval", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
