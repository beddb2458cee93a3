"""``predict --manifest``: nothing starts with a fault in the table; a second run goes on."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from survdash.__main__ import main
from survdash.simulation.sample_case import sample_case


@pytest.fixture
def table(tmp_path: Path) -> Path:
    for number in range(2):
        sample_case(tmp_path / str(number), number=number)
    path = tmp_path / "cases.csv"
    path.write_text("case_id,genes,age\n=A,0/genes.csv,60\nB,1/genes.csv,\n")
    return path


def test_a_table_is_predicted_and_the_second_run_goes_on(table, capsys):
    out = table.parent / "out"
    for kept in (0, 2):
        assert main(["predict", "--manifest", str(table), "--out", str(out), "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert (answer["cases"], answer["predicted"], answer["kept"], answer["failed"]) == (2, 2, kept, [])
    rows = list(csv.DictReader((out / "predictions.csv").open()))
    assert [row["case_id"] for row in rows] == ["'=A", "B"]
    assert (out / "failures.csv").read_text().splitlines() == ["case_id,what is wrong,what to do"]
    assert json.loads((out / "predictions.json").read_text())["rows"] == 2


def test_a_fault_in_the_table_is_told_and_nothing_is_written(table, capsys):
    table.write_text("case_id,genes,age\nA,0/genes.csv,old\nB,2/genes.csv,\n")
    out = table.parent / "out"
    assert main(["predict", "--manifest", str(table), "--out", str(out)]) == 2
    words = capsys.readouterr().err
    assert "row 2, age: 'old' is no number" in words
    assert "row 3, genes: 2/genes.csv is not there" in words
    assert not out.exists()


@pytest.mark.parametrize("more", [["--out", "o", "--age", "60"], [], ["--out", "o", "--slide", "a.svs"]])
def test_what_does_not_go_with_a_table_is_told(table, capsys, more, monkeypatch):
    monkeypatch.chdir(table.parent)
    assert main(["predict", "--manifest", str(table), *more]) == 2
    assert "survdash: " in capsys.readouterr().err


def test_the_template_is_written(tmp_path, capsys):
    assert main(["predict", "--manifest-template", str(tmp_path / "t.csv")]) == 0
    assert (tmp_path / "t.csv").read_text().startswith("case_id,slides,genes,age,sex,stage,mpp\n")
