"""The figures of a cohort as files."""

from __future__ import annotations

import json

from survdash import usecases
from survdash.__main__ import main
from survdash.usecases.figure_set import figure_set


def test_what_the_page_shows_is_written_with_its_stamp():
    made = figure_set(usecases.analyse_cohort("demo", "glg"), kinds=("html",))
    assert sorted(made) == ["demo_glg_cuts.html", "demo_glg_km.html", "demo_glg_risks.html"]
    assert all(b"model demo-glg, version" in content for content in made.values())


def test_the_command_writes_risks_figures_and_methods(tmp_path, capsys):
    out = tmp_path / "risks.csv"
    words = ["export", "demo", "--model", "glg", "--out", str(out), "--figures", str(tmp_path / "figures"),
             "--format", "html", "--methods", str(tmp_path / "methods.txt"), "--json"]  # fmt: skip
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["figures"]) == 3
    assert (tmp_path / "methods.txt").read_text(encoding="utf-8").startswith("The outcome of 200 simulated patients")
    assert out.is_file()
