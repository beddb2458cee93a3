"""A copy of a slide without the patient's name; the slide stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
import pytest

from survdash.__main__ import main
from survdash.errors import InputError, SlideError
from survdash.slide.header_texts import HeaderHint, header_hints, strip
from survdash.usecases.deidentify import HeaderLook, deidentify, look_at_headers
from tests.slide.made_slides import tissue_and_glass, write_dicom
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


def test_a_slide_that_keeps_something_gets_no_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (slide,) = write_dicom(tmp_path / "dicom", [tissue_and_glass(512, 512)])
    one = pydicom.dcmread(slide)
    one.PatientName = "Miller^Anna"
    one.save_as(slide)
    before = slide.read_bytes()
    assert main(["deidentify", str(slide), "--out", str(tmp_path / "b.dcm")]) == 2
    told = capsys.readouterr().err
    assert "cannot be taken out of" in told
    assert "PatientName" in told
    assert "Miller" not in told
    assert not (tmp_path / "b.dcm").exists()
    with pytest.raises(SlideError, match="nothing of it was"):
        strip(slide)
    assert slide.read_bytes() == before


def test_a_command_refuses_headers_that_name_somebody_until_told_to_go_on(tmp_path: Path) -> None:
    named = write_svs(tmp_path / "a.svs", NAMED)
    pictured, plain = write_svs(tmp_path / "b.svs", ""), write_svs(tmp_path / "c.svs", "", label=False)
    (tmp_path / "d.svs").write_text("words " * 500)
    look = look_at_headers([named, pictured, plain, tmp_path / "d.svs", tmp_path / "nowhere.svs"])
    with pytest.raises(InputError, match=r"a\.svs \(ImageDescription: Patient Name, ") as refused:
        look.accept(even_if_named=False)
    assert "--even-if-named" in refused.value.hint
    assert "b.svs" not in refused.value.message
    warned = look.accept(even_if_named=True)
    assert len(warned) == 3
    assert "a.svs, b.svs" in warned[1]
    assert "d.svs" in warned[2]
    assert "nowhere.svs" not in warned[2]
    assert not any("Miller" in words or "c.svs" in words for words in warned)
    assert look_at_headers([plain]).accept(even_if_named=False) == ()


def test_many_slides_are_counted() -> None:
    hint = HeaderHint(place="label picture", can_strip=True)
    look = HeaderLook(hints=tuple((Path(f"{number}.svs"), (hint,)) for number in range(1000)))
    (words,) = look.accept(even_if_named=False)
    assert "0.svs, 1.svs, 2.svs, 3.svs, 4.svs and 995 more" in words
