"""The data folder's layout: noted, brought up to date, and refused where a newer survdash wrote it."""

from __future__ import annotations

import json
import stat
import tarfile
from pathlib import Path

import pandas as pd
import pytest

from survdash import data_folder
from survdash.__main__ import main
from survdash.data_folder import LAYOUT, NOTE, PRIVATE, prepare_data_folder
from survdash.errors import InputError

REFERENCE = Path(__file__).parent / "reference"


def test_a_new_folder_is_noted_once(data_dir: Path) -> None:
    assert prepare_data_folder() == data_dir
    before = (data_dir / NOTE).stat().st_mtime_ns
    assert json.loads((data_dir / NOTE).read_text()) == {"layout": LAYOUT}
    prepare_data_folder()
    assert (data_dir / NOTE).stat().st_mtime_ns == before


def test_a_folder_of_a_survdash_without_notes_is_kept_as_it_is(data_dir: Path) -> None:
    (data_dir / "cohorts" / "old").mkdir(parents=True)
    prepare_data_folder()
    assert (data_dir / "cohorts" / "old").is_dir()


@pytest.mark.parametrize("layout", [0, 1])
def test_a_folder_that_an_older_survdash_wrote_is_brought_up_to_date_and_gives_the_same_answers(
    data_dir: Path, layout: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Written by the commits 5eb2b90 (layout 0) and d399ac0: a cohort, a trained model, the bag of a slide.
    with tarfile.open(REFERENCE / f"data_folder_layout_{layout}.tar.gz") as packed:
        packed.extractall(data_dir, filter="data")
    (data_dir / "cohorts").chmod(0o755)
    assert main(["export", "mine", "--model", "cox_ridge", "--out", str(tmp_path / "now.csv")]) == 0
    assert json.loads((data_dir / NOTE).read_text()) == {"layout": LAYOUT}
    assert {stat.S_IMODE((data_dir / name).stat().st_mode) for name in PRIVATE
            if (data_dir / name).is_dir()} == {0o700}
    found, expected = (pd.read_csv(path).drop(columns="warnings", errors="ignore")
                       for path in (tmp_path / "now.csv", REFERENCE / f"data_folder_layout_{layout}.csv"))
    pd.testing.assert_frame_equal(found[expected.columns], expected)
    capsys.readouterr()
    assert main(["doctor", "--verify", "--json"]) == 0
    verified = json.loads(capsys.readouterr().out)["verified"]
    assert verified["faults"] == []
    assert verified["files"] >= 14


def test_a_step_that_failed_is_begun_again(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def step(folder: Path) -> None:
        calls.append(folder)
        if len(calls) == 1:
            raise OSError("the power went")

    monkeypatch.setattr(data_folder, "LAYOUT", LAYOUT + 1)
    monkeypatch.setattr(data_folder, "STEPS", {**data_folder.STEPS, LAYOUT: step})
    with pytest.raises(OSError, match="power"):
        prepare_data_folder()
    prepare_data_folder()
    assert calls == [data_dir, data_dir]
    assert json.loads((data_dir / NOTE).read_text())["layout"] == LAYOUT + 1


@pytest.mark.parametrize(("note", "words"), [('{"layout": 99}', "newer survdash"), ("{", "damaged"), ("[]", "damaged")])
def test_a_newer_or_damaged_note_is_refused_and_nothing_is_touched(
    data_dir: Path, note: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (data_dir / NOTE).write_text(note)
    with pytest.raises(InputError, match=words):
        prepare_data_folder()
    assert main(["cohorts"]) == 2
    assert words in capsys.readouterr().err
    assert (data_dir / NOTE).read_text() == note
    assert words in str(main(["doctor"]) or capsys.readouterr().out)
