"""The command ``report``."""

from __future__ import annotations

import json

import pytest

from survdash.__main__ import main


@pytest.mark.parametrize("name", ["r.pdf", "r.HTML"])
def test_a_report_is_written_as_its_name_says(tmp_path, capsys, name):
    path = tmp_path / "new" / name
    assert main(["report", "demo", "--case", "SIM-0004", "--model", "glg", "--out", str(path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["path"], answer["case_id"], answer["explained"]) == (str(path), "SIM-0004", False)
    assert path.read_bytes().startswith(b"%PDF-" if name.endswith("pdf") else b"<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--case", "SIM-0004", "--out", "r.docx"], "End it with .pdf or .html"),
     (["--case", "nobody", "--out", "r.pdf"], "no case 'nobody'"), (["--out", "r.pdf"], "--case")],
)
def test_a_fault_is_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert main(["report", "demo", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
