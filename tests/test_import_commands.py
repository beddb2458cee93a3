"""The commands on whole cohorts, as a user types them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from survdash.__main__ import main


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [f"P{i:02d},{10 + i},{i % 2},{i / 7},S{i % 9}" for i in range(40)] + ["P99,0,1,0,S1"]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["case_id,survival_months,censorship,TP53_rnaseq,site", *rows]))
    return path


def say(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(one) for one in arguments]) == 0
    return capsys.readouterr().out


def ask(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict:
    return json.loads(say(capsys, *arguments, "--json"))


def test_a_dry_run_is_a_text_that_says_everything_and_writes_nothing(table, data_dir, capsys):
    told = say(capsys, "import-cohort", table, "--name", "mine", "--dry-run")
    for line in (
        "Cohort mine: 40 patients, 20 deaths (50.0%), overall survival.", "  1 case: follow-up not above zero (P99)",
        "  line 42: P99, follow-up not above zero", "  time_months: number, 10 to 49, 0 missing",
        "  event: yes or no, yes 20, no 20, 0 missing", "Folds (made, stratified by event):",
        "  1: 8 patients, 4 deaths", "No cohort was written.",
    ):  # fmt: skip
        assert line in told.splitlines()
    assert "reverse Kaplan-Meier" in told
    assert not (data_dir / "cohorts").exists()


def test_import_undo_report_and_delete(table, tmp_path, data_dir, capsys):
    first = ask(capsys, "import-cohort", table, "--name", "mine", "--folds-by-site")
    assert {"cases", "events", "slides", "dropped", "folds", "genes"} <= set(first)
    assert first["fold_origin"] == "made, by whole sites"
    assert ask(capsys, "cohort-report", "mine") | {"stored": True} == first
    assert "Stored as cohort mine." in say(capsys, "import-cohort", table, "--name", "mine")
    undone = ask(capsys, "undo-import", "mine")
    assert (undone["name"], undone["cases"], undone["runs"]) == ("mine", 40, [])
    assert ask(capsys, "cohort-report", "mine")["fold_origin"] == "made, by whole sites"
    assert main(["delete-cohort", "mine"]) == 2  # nobody is at the terminal
    assert "--yes" in capsys.readouterr().err
    assert ask(capsys, "delete-cohort", "mine", "--only-previous", "--yes")["deleted"]
    assert main(["undo-import", "mine"]) == 2
    capsys.readouterr()
    assert ask(capsys, "delete-cohort", "mine", "--yes")["bytes"] > 0
    assert not (data_dir / "cohorts" / "mine").exists()


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("", 130), ("no", 130)])
def test_who_is_at_a_terminal_sees_what_would_be_stored_and_is_asked(
    table, data_dir, capsys, monkeypatch, answer, status
):
    def reply(question: str) -> str:
        told = capsys.readouterr().out.splitlines()
        assert "Cohort mine: 40 patients, 20 deaths (50.0%), overall survival." in told
        assert question == "Store it as cohort mine? [y/N] "
        assert not (data_dir / "cohorts" / "mine").exists()
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", reply)
    assert main(["import-cohort", str(table), "--name", "mine"]) == status
    assert (data_dir / "cohorts" / "mine").exists() == (status == 0)
    captured = capsys.readouterr()
    assert captured.out.splitlines() == (["Stored as cohort mine."] if status == 0 else [])
    monkeypatch.setattr("builtins.input", lambda question: pytest.fail("nobody is to be asked"))
    assert main(["import-cohort", str(table), "--name", "mine", "--yes"]) == 0


def test_a_name_typed_wrongly_deletes_nothing(table, data_dir, capsys, monkeypatch):
    say(capsys, "import-cohort", table, "--name", "mine")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda words: "blca")
    assert main(["delete-cohort", "mine"]) == 2
    assert (data_dir / "cohorts" / "mine").is_dir()
    monkeypatch.setattr("builtins.input", lambda words: "mine")
    assert main(["delete-cohort", "mine"]) == 0
    assert not (data_dir / "cohorts" / "mine").exists()


def test_a_cohort_travels_as_one_file(table, tmp_path, capsys):
    say(capsys, "import-cohort", table, "--name", "mine")
    packed = ask(capsys, "export-cohort", "mine", "--out", tmp_path / "mine.zip", "--without-runs")
    assert packed["runs"] == []
    say(capsys, "delete-cohort", "mine", "--yes")
    seen = ask(capsys, "import-archive", tmp_path / "mine.zip", "--dry-run")
    assert (seen["stored"], seen["report"]["cases"], seen["report"]["events"]) == (False, 40, 20)
    assert "Cohort mine: 40 patients, 20 deaths" in say(capsys, "import-archive", tmp_path / "mine.zip", "--dry-run")
    assert main(["cohort-report", "mine"]) == 2
    taken = ask(capsys, "import-archive", tmp_path / "mine.zip")
    assert {name: taken[name] for name in ("name", "digest", "files")} == {
        name: packed[name] for name in ("name", "digest", "files")
    }
    assert main(["import-archive", str(table)]) == 2
    assert "is no archive of a cohort" in capsys.readouterr().err


def test_a_hospitals_table_is_proposed_completed_and_imported_with_slide_features(tmp_path, data_dir, capsys):
    table, features, mapping = tmp_path / "haus.csv", tmp_path / "f.csv", tmp_path / "m.yaml"
    rows = [f"P{i:02d};{300 + 40 * i};{i % 2};{'tot' if i % 2 else 'lebt'};{50 + i},5" for i in range(40)]
    lines = ["Fall-Nr.;Überleben;Ereignis;Befund;Alter", *rows, "P40;0;1;tot;1"]
    table.write_bytes("\n".join(lines).encode("cp1252"))
    vectors = [f"P{i:02d},{i * 7 % 13},{300 + 40 * i}" for i in range(40)]
    features.write_text("\n".join(["case_id,area_HE,x_HE", *vectors]))
    told = ask(capsys, "import-cohort", table, "--suggest-mapping", mapping)
    assert set(told["open"]) == {"unit"}, "the status is found by its words"
    assert main(["import-cohort", str(table), "--name", "haus", "--mapping", str(mapping)]) == 2
    assert "unit is still open" in capsys.readouterr().err
    mapping.write_text(mapping.read_text().replace("unit:\n", "unit: days\n"))
    made = ask(capsys, "import-cohort", table, "--name", "haus", "--mapping", mapping, "--features", features)
    assert (made["cases"], made["events"], made["slides"], made["lines"]) == (40, 20, 40, 41)
    assert made["left_out"] == [{"case_id": "P40", "line": 42, "reason": "follow-up of zero"}]
    assert made["doubts"] == ["Column 'x_HE' orders the patients by their outcome (c-index 1.00): "
                              "an outcome under another name?"]  # fmt: skip
    words = {'["tot"]': '["lebt"]', '["lebt"]': '["tot"]'}
    mapping.write_text("".join(words.get(part, part) for part in re.split(r"(\[\"\w+\"\])", mapping.read_text())))
    seen = ask(capsys, "import-cohort", table, "--name", "haus", "--mapping", mapping, "--dry-run")
    assert any("takes the word 'lebt' (20 lines) for dead, but it says alive" in note for note in seen["notes"])
    for wrong in (["--suggest-mapping", str(table)], ["--mapping", str(mapping)]):
        assert main(["import-cohort", str(table), *wrong]) == 2
