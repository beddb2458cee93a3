"""The commands ``tissue`` and ``embed``, as another program calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from survdash.__main__ import main


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
    import numpy as np
    from PIL import Image

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
