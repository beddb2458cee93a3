"""The commands ``tissue`` and ``embed``, as another program calls them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from survdash.__main__ import main
from survdash.bag_file import BagFile
from survdash.features.encoders import cores
from tests.slide.test_header_texts import NAMED, write_svs


def answer(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, object]:
    assert main([*map(str, arguments), "--json"]) == 0
    values: dict[str, object] = json.loads(capsys.readouterr().out)
    return values


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


def test_tissue_tells_of_ink_and_focus_and_writes_geojson(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pixels = np.random.default_rng(0).integers(0, 40, (2048, 2048, 3)) + np.array([200, 110, 170])
    pixels[900:1500] = (0, 130, 70)
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "inked.png")
    command = ["tissue", tmp_path / "inked.png", "--mpp", "0.5", "--out", tmp_path / "out"]
    found = answer(capsys, *command, "--focus")
    assert found["ink_excluded"] is True
    assert found["warnings"] == [f"Possible ink, {found['ink_tiles']} tiles excluded."]
    assert found["blurred_share"] == 0
    header = (tmp_path / "out" / "tiles.csv").read_text().splitlines()[0]
    assert header == "x,y,tissue,focus"
    made = json.loads((tmp_path / "out" / "tissue.geojson").read_text())
    assert {one["properties"]["classification"]["name"] for one in made["features"]} == {"Tissue", "Possible ink"}
    kept = answer(capsys, *command, "--keep-ink")
    assert kept["tiles"] == int(str(found["tiles"])) + int(str(found["ink_tiles"])) == 64
    assert "focus_median" not in kept


def _stained(path: Path, seed: int = 0) -> Path:
    """Two dyes in changing amounts, four tiles large."""
    amounts = np.random.default_rng(seed).uniform(0.1, 1.0, (2, 64, 64, 1)).repeat(8, axis=1).repeat(8, axis=2)
    optical = amounts[0] * (0.65, 0.70, 0.29) + amounts[1] * (0.07, 0.99, 0.11)
    Image.fromarray((255 * np.exp(-optical)).astype(np.uint8)).save(path)
    return path


def test_embed_normalises_the_stain_where_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slide, found = _stained(tmp_path / "a.png"), {}
    for stain in ("none", "macenko", "reinhard"):
        out = tmp_path / f"{stain}.h5"
        told = answer(capsys, "embed", slide, "--mpp", "0.5", "--stain", stain, "--out", out)
        assert (told["tiles"], told["stain"], told["cached"]) == (4, stain, False)
        with BagFile(out) as bag:
            assert bag.origin.stain == stain
            found[stain] = np.asarray(bag.read(["a"]).features, float)
    assert np.abs(found["macenko"] - found["none"]).max() > 0.1
    assert np.abs(found["macenko"] - found["reinhard"]).max() > 0.1
    assert main(["embed", str(slide), "--mpp", "0.5", "--stain", "vahadane", "--out", str(tmp_path / "b.h5")]) == 2
    captured = capsys.readouterr()
    assert "vahadane" in captured.err
    assert "macenko" in captured.err


def test_embed_with_any_number_of_threads_writes_the_same_bag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    monkeypatch.setenv("SURVDASH_THREADS", "2")  # put back after the test, which the command changes
    slide, bags = _stained(tmp_path / "a.png"), set()
    for threads in ("1", "3"):
        out = tmp_path / f"{threads}.h5"
        told = answer(capsys, "embed", slide, "--mpp", "0.5", "--threads", threads, "--out", out)
        assert told["cached"] is False
        assert cores() == int(threads)
        bags.add(out.read_bytes())
        for made in (data_dir / "bags").iterdir():
            made.unlink()
    assert len(bags) == 1
    assert main(["embed", str(slide), "--mpp", "0.5", "--threads", "0", "--out", str(tmp_path / "b.h5")]) == 2
    assert "threads" in capsys.readouterr().err.lower()


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


@pytest.mark.usefixtures("fresh_workers")
def test_no_command_begins_with_a_slide_whose_header_names_somebody_unless_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "slides", tmp_path / "out"
    folder.mkdir()
    named = write_svs(folder / "a.svs", NAMED)
    (tmp_path / "t.csv").write_text("case_id,slides\nA,slides/a.svs\n")
    for command in (["embed", named], ["embed", folder], ["predict", "--slide", named],
                    ["predict", "--manifest", tmp_path / "t.csv"]):  # fmt: skip
        assert main([*map(str, command), "--out", str(out)]) == 2
        words = capsys.readouterr().err
        assert "Patient Name" in words
        assert "--even-if-named" in words
        assert "Miller" not in words
        assert not out.exists()
    main(["embed", str(folder), "--out", str(out), "--even-if-named"])
    words = capsys.readouterr().err
    assert "warning: Slides whose header may say who the patient is: a.svs" in words
    assert "[1/1] a: failed: a.svs: no tissue found" in words  # it went on to read the slide, which is a small one
