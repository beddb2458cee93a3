"""A slide becomes a bag: once, whole, and with everything that made it written beside it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
import tifffile
import torch

from survdash import file_hash
from survdash.bag_file import BagFile
from survdash.errors import (
    BagError,
    InputError,
    NotEnoughDataError,
    SlideError,
    SurvdashError,
    UnknownNameError,
)
from survdash.features.blocks import BLOCK_TILES
from survdash.features.embed import embed_slide, save_bag
from survdash.features.encoders import load_encoder
from survdash.progress import Progress
from survdash.settings import settings
from survdash.slide.reader import open_slide
from survdash.slide.tiles import TileRule, lay_grid
from survdash.slide.tissue import TissueRule, find_tissue
from survdash.store import file_sha256
from tests.features.made_pictures import SMALL, left_bags, pink_pixels, write_picture


def test_the_bag_holds_the_tiles_in_order_and_what_made_them(slide: Path, data_dir: Path) -> None:
    made = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    with open_slide(slide, mpp=0.5) as opened:
        tissue = find_tissue(opened)
        grid = lay_grid(opened, tissue, SMALL)
        tiles = np.stack([opened.read_tile(x, y, level0_px=64, tile_px=64) for x, y in grid.coords.tolist()])
    with BagFile(made.bag_path) as file:
        bag = file.read([made.slide_id])
        facts = file.attributes(made.slide_id)
    assert grid.size > 1.5 * BLOCK_TILES
    assert (made.tiles, made.dim, made.cached, made.mpp, made.mpp_source) == (grid.size, 1280, False, 0.5, "user")
    np.testing.assert_array_equal(bag.coords, grid.coords)
    expected = load_encoder(tile_px=64).encode(tiles)
    np.testing.assert_array_equal(bag.features, expected.astype(np.float16))
    assert bag.origin.encoder == made.encoder == "efficientnet-lite0"
    assert bag.origin.weights == made.weights == load_encoder().weights_sha256
    assert facts["mpp"] == 0.5
    assert facts["mpp_source"] == "user"
    assert facts["slide_sha256"] == made.slide_sha256 == file_sha256(slide)
    assert (facts["tile.tile_px"], facts["tissue.method"], facts["device"]) == (64, "follow", made.device)
    assert made.bag_path.parent == data_dir / "bags"


def test_a_large_slide_is_hashed_beside_its_tissue_and_once(slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    small.bag_path.unlink()
    monkeypatch.setattr(file_hash, "SMALL_BYTES", 0)
    monkeypatch.setattr(file_hash, "SETTLED_SECONDS", 0)
    large = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    assert large.bag_path == small.bag_path
    assert not large.cached
    monkeypatch.setattr(file_hash, "file_sha256", lambda path: pytest.fail(f"{path} was read again"))
    assert embed_slide(slide, mpp=0.5, tile_rule=SMALL).cached


def test_a_name_that_may_be_a_patients_is_not_kept(slide: Path) -> None:
    made = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    assert b"Jane" not in made.bag_path.read_bytes()
    assert made.slide_id == made.slide_sha256[:16]


def test_the_same_slide_is_never_embedded_twice(slide: Path, tmp_path: Path) -> None:
    first = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    stamp = first.bag_path.stat().st_mtime_ns
    copy = tmp_path / "another name.png"
    copy.write_bytes(slide.read_bytes())
    for path in (slide, copy):
        started = time.thread_time()
        again = embed_slide(path, mpp=0.5, tile_rule=SMALL)
        assert time.thread_time() - started < 0.5  # of a processor: wall time depends on who else is at work
        assert again.cached
        assert (again.bag_path, again.slide_id, again.tiles) == (first.bag_path, first.slide_id, first.tiles)
    assert first.bag_path.stat().st_mtime_ns == stamp


def test_other_settings_are_another_bag(slide: Path) -> None:
    first = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    assert embed_slide(slide, mpp=0.25, tile_rule=SMALL).bag_path != first.bag_path
    assert embed_slide(slide, mpp=0.5, tile_rule=TileRule(tile_px=64, min_tissue=0.9)).bag_path != first.bag_path


def test_the_same_input_gives_the_same_bytes(slide: Path) -> None:
    made = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    before = made.bag_path.read_bytes()
    made.bag_path.unlink()
    assert embed_slide(slide, mpp=0.5, tile_rule=SMALL).bag_path.read_bytes() == before


def test_a_damaged_stored_bag_is_made_anew(slide: Path) -> None:
    made = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    made.bag_path.write_bytes(b"half")
    again = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    assert not again.cached
    assert again.tiles == made.tiles


def test_a_repeat_imports_no_torch(slide: Path, data_dir: Path) -> None:
    embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    code = (
        "import sys; from pathlib import Path; from survdash.features.embed import *; "
        f"made = embed_slide(Path({str(slide)!r}), mpp=0.5, tile_rule=TileRule(tile_px=64)); "
        "sys.exit(not made.cached or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here, and torch uses it")
def test_with_an_engine_nothing_waits_for_torch(slide: Path) -> None:
    load_encoder(tile_px=64)
    code = (
        "import sys; from pathlib import Path; from survdash.features.embed import *; "
        f"made = embed_slide(Path({str(slide)!r}), mpp=0.5, tile_rule=TileRule(tile_px=64)); "
        "sys.exit(made.cached or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0


def test_progress_has_three_steps_in_order(slide: Path) -> None:
    seen: list[Progress] = []
    made = embed_slide(slide, mpp=0.5, tile_rule=SMALL, report=seen.append)
    assert list(dict.fromkeys(step.step for step in seen)) == ["Reading", "Finding tissue", "Embedding"]
    last = [step for step in seen if step.step == "Embedding"]
    assert (last[-1].done, last[-1].total) == (made.tiles, made.tiles)
    assert [step.done for step in last] == sorted(step.done for step in last)


def test_an_unreadable_tile_is_named_and_leaves_nothing(tmp_path: Path, data_dir: Path) -> None:
    path = tmp_path / "slide.tiff"
    tifffile.imwrite(path, pink_pixels(1024, 1536), tile=(256, 256), photometric="rgb", compression="jpeg")
    with tifffile.TiffFile(path) as file:
        offset, length = file.pages[0].dataoffsets[7], file.pages[0].databytecounts[7]
    data = bytearray(path.read_bytes())
    data[offset : offset + length] = bytes(length)
    path.write_bytes(data)
    with pytest.raises(SlideError, match=r"slide\.tiff: the part at x=\d+, y=\d+"):
        embed_slide(path, mpp=0.5)
    assert left_bags(data_dir) == []


def test_a_saved_copy_has_the_name_it_is_given(slide: Path, tmp_path: Path) -> None:
    made = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    target = tmp_path / "out" / "bag.h5"
    save_bag(made, target, slide_id="TCGA-XX-0001-01Z")
    with BagFile(target) as copy, BagFile(made.bag_path) as own:
        assert copy.slide_ids == ("TCGA-XX-0001-01Z",)
        np.testing.assert_array_equal(copy.read(["TCGA-XX-0001-01Z"]).features, own.read([made.slide_id]).features)
    with pytest.raises(BagError):
        save_bag(made, target, slide_id="a/b")


def test_a_coarse_slide_is_embedded_with_a_warning(slide: Path) -> None:
    made = embed_slide(slide, mpp=1.0, tile_rule=SMALL)
    assert "enlarged" in made.warnings[0]
    assert embed_slide(slide, mpp=0.5, tile_rule=SMALL).warnings == ()


def test_a_real_slide_with_its_own_resolution(shared: Path) -> None:
    made = embed_slide(shared / "slides" / "CMU-1-Small-Region.svs")
    assert (made.mpp, made.mpp_source, made.tiles, made.dim) == (pytest.approx(0.499), "file", 33, 1280)
    with h5py.File(made.bag_path) as file:
        features = file[f"slides/{made.slide_id}/features"][:]
    # An encoder that has collapsed gives any two tiles a correlation of .999.
    assert np.median(np.corrcoef(features.astype(float))) < 0.95


def test_a_slide_without_resolution_is_refused(shared: Path) -> None:
    for name in ("TCGA-CR-7395-01A-01-TS1.svs", "histoprep_slide.jpeg", "tcga_lgg_region.png"):
        with pytest.raises(SlideError, match="does not state its resolution"):
            embed_slide(shared / "slides" / name)


def test_what_cannot_be_embedded_says_so(slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tmp_path / "text.svs"
    text.write_text("words " * 500)
    white = write_picture(tmp_path / "white.png", np.full((600, 600, 3), 255, np.uint8))
    dot = write_picture(tmp_path / "dot.png", np.full((1, 1, 3), 128, np.uint8))
    with pytest.raises(SlideError, match="is not a slide"):
        embed_slide(text, mpp=0.5)
    with pytest.raises(NotEnoughDataError, match="no tissue found"):
        embed_slide(white, mpp=0.5)
    black = write_picture(tmp_path / "black.png", np.zeros((600, 600, 3), np.uint8))
    with pytest.raises(NotEnoughDataError, match=r"no tissue found.*Black padding in 4 tiles"):
        embed_slide(black, mpp=0.5)
    with pytest.raises(SurvdashError, match="smaller than one tile"):
        embed_slide(dot, mpp=0.5)
    with pytest.raises(UnknownNameError, match="No encoder"):
        embed_slide(slide, mpp=0.5, encoder="resnet5")
    monkeypatch.setenv("SURVDASH_DEVICE", "cuda")
    settings.cache_clear()
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="No GPU"):
            embed_slide(slide, mpp=0.5, tile_rule=SMALL)


def test_unreadable_tiles_are_left_out_counted_and_told(tmp_path: Path) -> None:
    path = tmp_path / "slide.tiff"
    pixels = pink_pixels(2048, 3072)
    how = {"tile": (256, 256), "photometric": "rgb", "compression": "jpeg"}
    with tifffile.TiffWriter(path) as file:  # tissue is found on the second level, which stays whole
        file.write(pixels, **how)
        file.write(pixels[::8, ::8], subfiletype=1, **how)
    rule = TissueRule(view_px=256)
    whole = embed_slide(path, mpp=0.5, tissue_rule=rule)
    with tifffile.TiffFile(path) as opened:
        offset, length = opened.pages[0].dataoffsets[1], opened.pages[0].databytecounts[1]
    data = bytearray(path.read_bytes())
    data[offset : offset + length] = bytes(length)
    path.write_bytes(data)
    made = embed_slide(path, mpp=0.5, tissue_rule=rule, skip_unreadable=True)
    assert (made.tiles, made.tiles_lost) == (whole.tiles - 1, 1)
    assert "1 of" in made.warnings[0]
    with BagFile(made.bag_path) as bag:
        assert bag.attributes(made.slide_id)["tiles_lost"] == 1
    again = embed_slide(path, mpp=0.5, tissue_rule=rule, skip_unreadable=True)
    assert again.cached
    assert again.warnings == made.warnings
    with pytest.raises(SlideError, match=r"slide\.tiff: the part at x=\d+, y=\d+"):
        embed_slide(path, mpp=0.5, tissue_rule=rule)


def test_the_bag_records_the_engine_and_a_fall_back_is_told_each_time(slide: Path, data_dir: Path) -> None:
    made = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    assert made.engine.startswith("onnxruntime ")
    assert made.warnings == ()
    fast = made.bag_path.read_bytes()
    made.bag_path.unlink()
    (data_dir / "engines").unlink()
    (data_dir / "engines").write_text("no folder")
    slow = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    assert slow.bag_path == made.bag_path  # what computed the numbers is no part of what they are
    assert slow.engine.startswith("torch ")
    assert "torch computed the features" in slow.warnings[0]
    assert embed_slide(slide, mpp=0.5, tile_rule=SMALL).warnings == slow.warnings
    with BagFile(slow.bag_path) as bag:
        by_torch = bag.read([slow.slide_id]).features
    slow.bag_path.write_bytes(fast)
    with BagFile(slow.bag_path) as bag:
        by_engine = bag.read([slow.slide_id]).features
    # 6e-5 before rounding; after it the two may lie on both sides of one step of float16 (2^-8 between 4 and 8)
    np.testing.assert_allclose(by_engine.astype(float), by_torch.astype(float), atol=6e-5, rtol=2**-10)


def test_a_normalised_slide_is_another_bag_that_says_so(slide: Path) -> None:
    plain = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    made = embed_slide(slide, mpp=0.5, tile_rule=SMALL, stain="macenko")
    assert (plain.stain, made.stain) == ("none", "macenko")
    assert made.bag_path != plain.bag_path
    with BagFile(plain.bag_path) as before, BagFile(made.bag_path) as after:
        assert (before.origin.stain, after.origin.stain) == ("none", "macenko")
        facts = after.attributes(made.slide_id)
        assert facts["stain"] == "macenko"
        assert len(json.loads(str(facts["stain.fit"]))["matrix"]) == 3
        assert np.abs(before.read([plain.slide_id]).features - after.read([made.slide_id]).features).max() > 0.1
    bytes_made = made.bag_path.read_bytes()
    made.bag_path.unlink()
    assert embed_slide(slide, mpp=0.5, tile_rule=SMALL, stain="macenko").bag_path.read_bytes() == bytes_made
    with pytest.raises(InputError, match="Vahadane"):
        embed_slide(slide, mpp=0.5, tile_rule=SMALL, stain="Vahadane")


def test_a_stain_that_cannot_be_estimated_is_an_error_and_leaves_nothing(tmp_path: Path, data_dir: Path) -> None:
    pixels = pink_pixels()
    pixels[:, :800] = (200, 90, 150)
    with pytest.raises(NotEnoughDataError, match="one colour"):
        embed_slide(write_picture(tmp_path / "flat.png", pixels), mpp=0.5, tile_rule=SMALL, stain="reinhard")
    assert left_bags(data_dir) == []


def test_ink_and_blur_are_told_each_time_the_bag_is_found(tmp_path: Path) -> None:
    pixels = cv2.GaussianBlur(pink_pixels(1280, 1920), (0, 0), 2)
    pixels[:, 400:800] = (30, 120, 60)  # 200 um of green pen
    path = write_picture(tmp_path / "inked.png", pixels)
    made = embed_slide(path, mpp=0.5, tile_rule=SMALL)
    assert any("Possible ink" in words and "excluded" in words for words in made.warnings)
    assert any("are blurred; they were not left out" in words for words in made.warnings)
    again = embed_slide(path, mpp=0.5, tile_rule=SMALL)
    assert again.cached
    assert again.warnings == made.warnings


def test_a_bag_of_before_there_were_such_facts_is_used_and_says_so(slide: Path) -> None:
    made = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    with h5py.File(made.bag_path, "r+") as file:
        facts = file[f"slides/{made.slide_id}"].attrs
        for name in [name for name in facts if name.startswith("ink.") or name in ("tiles_blurred", "focus_median")]:
            del facts[name]
    again = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    assert again.cached
    assert ["did not count" in words for words in again.warnings] == [True]


def test_a_file_cut_short_is_named_and_leaves_nothing(tmp_path: Path, data_dir: Path) -> None:
    path = tmp_path / "cut.tiff"
    tifffile.imwrite(path, pink_pixels(1024, 1536), tile=(256, 256), photometric="rgb", compression="jpeg")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SlideError, match=r"cut\.tiff"):
        embed_slide(path, mpp=0.5)
    assert left_bags(data_dir) == []


