"""The data folder's layout: noted, brought up to date, and refused where a newer survdash wrote it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from survdash import data_folder
from survdash.__main__ import main
from survdash.data_folder import LAYOUT, NOTE, prepare_data_folder
from survdash.errors import InputError


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
