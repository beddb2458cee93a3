"""The command line, as another program calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from survdash.__main__ import main
from survdash.settings import settings

COMMANDS = (
    "tissue", "embed", "import-cohort", "cohort-report", "undo-import", "delete-cohort", "export-cohort",
    "import-archive", "cohorts", "models", "crossval", "compare", "predict", "export", "sample-case",
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
        ["predict", "--slide", "a.svs", "--slide", "b.svs", "--mask", "m.geojson"],
        ["predict", "--slide", "a.svs", "--slide", "b.svs", "--mask", "m.geojson", "--mask", "n.geojson"],
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
    sidecar = tmp_path / "risks.provenance.json"
    assert found == {"path": str(tmp_path / "risks.csv"), "provenance": str(sidecar), "rows": 200}
    assert json.loads(sidecar.read_text())["cohort"] == "demo"
    rows = answer(capsys, "compare", "demo", "--models", "glg,snn")["rows"]
    assert isinstance(rows, list)
    assert {row["run"] for row in rows} == {"glg", "snn"}


def test_it_runs_as_a_module_and_logs_nothing_on_stdout() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "survdash", "cohorts", "--json"], capture_output=True, text=True, check=True, timeout=120
    )
    assert json.loads(done.stdout)["cohorts"][0]["name"] == "demo"


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "demo", "--model", "glg", "--out", "{folder}"],
        ["export", "demo", "--model", "glg", "--out", "{file}/x.csv"],
        ["predict", "--genes", "nothing.csv", "--out", "{file}"],
        ["sample-case", "--out", "{file}"],
        ["nope"],
        [],
        ["crossval", "demo", "--seed", "a"],
        ["import-cohort", "x.csv", "--name", "Demo"],
        ["import-cohort", "x.csv", "--name", "é"],
        ["import-cohort", "x.csv", "--name", "demo"],
        ["compare", "demo", "--models", "glg,nope"],
        ["crossval", "demo", "--model", "snn", "--without", "transport"],
        ["crossval", "demo", "--without", "hazards"],
    ],
)
def test_places_names_and_arguments_too(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("kept")
    places = {"folder": str(tmp_path), "file": str(tmp_path / "file")}
    test_the_user_s_fault_is_one_line_and_status_2([part.format(**places) for part in arguments], capsys)
    assert (tmp_path / "file").read_text() == "kept"


def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SURVDASH_DEVICE", "gpu")
    settings.cache_clear()
    test_the_user_s_fault_is_one_line_and_status_2(["doctor"], capsys)


def test_a_sidecar_never_takes_the_place_of_the_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer(capsys, "export", "demo", "--model", "glg", "--out", tmp_path / "risks.json")
    assert (tmp_path / "risks.json").read_text().startswith("case_id,")
    assert json.loads((tmp_path / "risks.provenance.json").read_text())["rows"] == 200


def test_a_reader_that_leaves_early_is_no_fault() -> None:
    command = f"{sys.executable} -m survdash models --json | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=120)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_a_run_without_a_part_has_a_name_of_its_own_and_says_what_it_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["crossval", "demo", "--model", "glg", "--modalities", "genes", "--epochs", "1", "--width", "16",
               "--without", "alignment,transport"]  # fmt: skip
    first = answer(capsys, *command)
    assert first["run"] == "glg-genes-without-alignment-without-transport-width-16"
    assert first["replaced"] is False
    assert answer(capsys, *command)["replaced"] is True


def test_an_import_can_be_tried_first(tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"P{i},{10 + i},{i % 2},{i / 7}" for i in range(40)]
    table = tmp_path / "t.csv"
    table.write_text("\n".join(["case_id,survival_months,censorship,TP53_rnaseq", *rows]))
    tried = answer(capsys, "import-cohort", table, "--name", "mine", "--dry-run")
    # Every second patient is censored, at 11, 13 to 49 months; 39 is what lifelines gives with the status turned round.
    assert (tried["stored"], tried["event_rate"], tried["median_follow_up_months"]) == (False, 0.5, 39.0)
    assert not (data_dir / "cohorts").exists()
    assert answer(capsys, "import-cohort", table, "--name", "mine") == tried | {"stored": True}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc to see processes in")
@pytest.mark.parametrize("wait", [0.0, 6.0])
def test_an_interrupt_of_several_processes_is_one_line(wait: float) -> None:
    command = [sys.executable, "-m", "survdash", "crossval", "demo", "--model", "snn", "--epochs", "500", "--jobs", "2"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)  # fmt: skip
    deadline = time.monotonic() + 60
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children")
    while time.monotonic() < deadline and len(children.read_text().split()) < 4:  # two trackers, two workers
        time.sleep(0.05)
    time.sleep(wait)  # they have begun, or are at work
    os.killpg(started.pid, signal.SIGINT)
    _, told = started.communicate(timeout=60)
    assert (started.returncode, told) == (130, "survdash: stopped; nothing half-written is left.\n")


@pytest.mark.parametrize("command", ["cohorts", "models"])
def test_what_a_list_leaves_out_is_said(capsys: pytest.CaptureFixture[str], data_dir: Path, command: str) -> None:
    folder = data_dir / "cohorts" / "mine"
    folder.mkdir(parents=True)
    (folder / "cohort.json").write_text("{")
    assert main([command, "--json"]) == 0
    assert "survdash: warning: Cohort mine is left out: " in capsys.readouterr().err
