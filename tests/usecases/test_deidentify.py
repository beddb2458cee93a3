"""A copy of a slide without the patient's name; the slide stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from survdash.__main__ import main
from survdash.errors import InputError
from survdash.slide.header_texts import header_hints
from survdash.usecases.deidentify import deidentify
from tests.slide.test_header_texts import NAMED, write_svs


def test_the_copy_names_nobody_and_the_slide_is_untouched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slide = write_svs(tmp_path / "a.svs", NAMED)
    before = slide.read_bytes()
    assert main(["deidentify", str(slide), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["found"] == told["left"] != []
    assert main(["deidentify", str(slide), "--out", str(tmp_path / "b.svs"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["left"] == []
    assert "Miller" not in json.dumps(told)
    assert slide.read_bytes() == before
    assert header_hints(tmp_path / "b.svs") == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svs", "b.svs"]
    with pytest.raises(InputError, match="there already"):
        deidentify(slide, tmp_path / "b.svs")
