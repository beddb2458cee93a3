"""The command ``compare``: what is on the screen is what is in the files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from survdash.__main__ import main


def answer(capsys: pytest.CaptureFixture[str], *words: object) -> dict:
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_files_hold_the_rows_of_the_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, paper = tmp_path / "methods.csv", tmp_path / "methods.tex"
    told = answer(capsys, "compare", "demo", "--models", "glg,snn", "--csv", table, "--latex", paper)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == [row["run"] for row in told["rows"]] == ["glg", "snn"]
    # six decimals are written
    assert all(abs(float(row["mean"]) - one["mean"]) < 1e-6 for row, one in zip(rows, told["rows"], strict=True))
    assert json.loads(Path(told["provenance"]).read_text())["rows"] == 2
    assert told["provenance"] == str(tmp_path / "methods.provenance.json")
    assert paper.read_text().count(r"\pm") == 2


def test_without_files_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert set(answer(capsys, "compare", "demo", "--models", "snn")) == {"cohort", "rows"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("csv_name", "latex_name", "words"),
    [("a", "a", "need a file each"), ("x.csv", "x.provenance.json", "need a file each"),
     ("folder", "a", "is a folder")],
)
def test_places_that_cannot_be_are_said_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], csv_name: str, latex_name: str, words: str
) -> None:
    (tmp_path / "folder").mkdir()
    command = ["compare", "nope", "--csv", str(tmp_path / csv_name), "--latex", str(tmp_path / latex_name)]
    assert main(command) == 2
    assert words in capsys.readouterr().err
