"""The command line, as another program calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from survdash.__main__ import main

COMMANDS = (
    "tissue", "embed", "import-cohort", "cohorts", "models", "crossval", "compare", "predict", "export", "sample-case",
    "make-demo", "worker", "doctor",
)  # fmt: skip


def answer(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, object]:
    assert main([*map(str, arguments), "--json"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    values: dict[str, object] = json.loads(out)
    return values


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"example: python -m survdash {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["crossval", "nope"],
        ["compare", "nope"],
        ["export", "demo", "--model", "nope", "--out", "x.csv"],
        ["predict", "--model", "nope"],
        ["tissue", "nothing.svs"],
        ["embed", "nothing.svs", "--out", "bag.h5"],
        ["import-cohort", "nothing.csv", "--name", "a"],
        ["crossval", "demo", "--model", "snn", "--modalities", "slide"],
    ],
)
def test_the_user_s_fault_is_one_line_and_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("survdash: ")
    assert captured.err.count("\n") == 1


def test_tissue_and_embed_tell_what_the_contract_names(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slide = shared / "slides" / "CMU-1-Small-Region.svs"
    found = answer(capsys, "tissue", slide, "--out", tmp_path / "out")
    assert {"width", "height", "mpp", "tissue_fraction", "tiles"} <= set(found)
    assert (found["width"], found["height"], found["mpp"]) == (2220, 2967, 0.499)
    lines = (tmp_path / "out" / "tiles.csv").read_text().splitlines()
    assert lines[0] == "x,y,tissue"
    assert len(lines) == int(str(found["tiles"])) + 1
    assert (tmp_path / "out" / "overlay.png").read_bytes().startswith(b"\x89PNG")
    first = answer(capsys, "embed", slide, "--out", tmp_path / "bag.h5")
    assert (first["tiles"], first["dim"], first["cached"]) == (found["tiles"], 1280, False)
    assert answer(capsys, "embed", slide, "--out", tmp_path / "again.h5")["cached"] is True
    assert (tmp_path / "bag.h5").read_bytes() == (tmp_path / "again.h5").read_bytes()


def test_predict_gives_the_curve_and_the_same_csv_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = answer(capsys, "sample-case", "--out", tmp_path / "sample")
    case = ["predict", "--model", "default", "--slide", sample["slide"], "--genes", sample["genes"]]
    found = answer(capsys, *map(str, case), "--out", tmp_path / "one")
    assert {"risk", "percentile", "group", "survival", "warnings", "role", "model_version"} <= set(found)
    survival = found["survival"]
    assert isinstance(survival, dict)
    assert {"months", "probability", "low", "high"} == set(survival)
    assert len({len(values) for values in survival.values()}) == 1
    answer(capsys, *map(str, case), "--out", tmp_path / "two")
    for name in ("prediction.csv", "prediction.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_export_and_compare_of_the_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "export", "demo", "--model", "glg", "--out", tmp_path / "risks.csv")
    assert found == {"path": str(tmp_path / "risks.csv"), "rows": 200}
    assert json.loads((tmp_path / "risks.json").read_text())["cohort"] == "demo"
    rows = answer(capsys, "compare", "demo", "--models", "glg,snn")["rows"]
    assert isinstance(rows, list)
    assert {row["run"] for row in rows} == {"glg", "snn"}


def test_it_runs_as_a_module_and_logs_nothing_on_stdout() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "survdash", "cohorts", "--json"], capture_output=True, text=True, check=True, timeout=120
    )
    assert json.loads(done.stdout)[0]["name"] == "demo"


@pytest.mark.usefixtures("fresh_workers")
def test_embed_of_a_folder_does_the_rest_when_one_fails(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "slides"
    folder.mkdir()
    (folder / "good.svs").symlink_to(shared / "slides" / "CMU-1-Small-Region.svs")
    (folder / "bad.svs").write_text("words " * 500)
    assert main(["embed", str(folder), "--out", str(tmp_path / "bags"), "--json"]) == 2
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert [one["slide"] for one in found["done"]] == ["good"]
    assert [one["slide"] for one in found["failed"]] == ["bad"]
    assert "is not a slide" in found["failed"][0]["error"]
    lines = [line for line in captured.err.splitlines() if line.startswith("[")]
    assert [line.partition("]")[0] for line in lines] == ["[1/2", "[2/2"]
    (folder / "bad.svs").unlink()
    assert main(["embed", str(folder), "--out", str(tmp_path / "bags"), "--jobs", "2"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == ["done: 1", "tiles: 33", "failed: []"]
    assert "[1/1] good: 33 tiles, was there" in captured.err
