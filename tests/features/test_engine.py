"""An engine gives torch's numbers, or it is not used and the user is told."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from survdash.features import engine as engine_module
from survdash.features.encoders import load_encoder
from survdash.features.engine import CARD, MODEL, TOLERANCE, EngineError, largest_difference, load_engine, made_tiles
from survdash.features.registry import DownloadedWeights, EncoderSpec
from survdash.features.trunks import Normalised, build_trunk
from survdash.settings import settings

SIDE = 32


class Sliced(nn.Module):
    """A small trunk whose result depends on data in a way that a trace cannot know."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        kept = pictures[:, :, : int(pictures.mean().item() > 0) + 1]
        return kept.mean(dim=(2, 3))


def _small() -> nn.Module:
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Normalised(trunk, mean=(0.5,) * 3, std=(0.25,) * 3).eval().requires_grad_(False)


def _broken() -> nn.Module:
    return Normalised(Sliced(), mean=(0.5,) * 3, std=(0.5,) * 3).eval()


@pytest.fixture(autouse=True)
def own_engines(data_dir: Path) -> Path:
    """A folder of engines that these tests may damage."""
    (data_dir / "engines").unlink()
    return data_dir / "engines"


def _load(build: Callable[[], nn.Module] = _small, **made: Callable[[], None]) -> engine_module.Engine:
    return load_engine({"network": "small"}, tile_px=SIDE, build=build, **made)


def _folder(engines: Path) -> Path:
    (folder,) = (path for path in engines.iterdir() if path.is_dir())
    return folder


def test_it_is_made_once_and_gives_torchs_numbers(own_engines: Path) -> None:
    calls: list[str] = []
    first = _load(making=lambda: calls.append("made"))
    stamp = (_folder(own_engines) / MODEL).stat().st_mtime_ns
    again = _load(build=lambda: pytest.fail("it is here already"), making=lambda: calls.append("made"))
    assert calls == ["made"]
    assert (_folder(own_engines) / MODEL).stat().st_mtime_ns == stamp
    tiles = np.random.default_rng(5).integers(0, 256, (9, SIDE, SIDE, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = _small()(torch.from_numpy(tiles)).numpy()
    assert largest_difference(first.encode(tiles), expected) <= TOLERANCE
    np.testing.assert_array_equal(first.encode(tiles), again.encode(tiles))
    assert first.encode(tiles[:0]).shape == (0, 8)
    assert first.name == f"onnxruntime {onnxruntime.__version__}"


def test_neither_neighbours_nor_threads_change_a_tile(own_engines: Path) -> None:
    made = _load()
    tiles = np.random.default_rng(6).integers(0, 256, (64, SIDE, SIDE, 3), dtype=np.uint8)
    together = made.encode(tiles)
    with ThreadPoolExecutor(4) as pool:
        apart = list(pool.map(lambda i: made.encode(tiles[i : i + 1]), reversed(range(64))))
    np.testing.assert_array_equal(np.concatenate(apart[::-1]), together)


@pytest.mark.parametrize("damage", ["cut", "changed", "no card", "gone"])
def test_a_damaged_or_deleted_engine_is_made_anew(own_engines: Path, damage: str) -> None:
    tiles = made_tiles(SIDE)
    expected = _load().encode(tiles)
    folder = _folder(own_engines)
    model = folder / MODEL
    if damage == "cut":
        model.write_bytes(model.read_bytes()[:-20])
    elif damage == "changed":
        model.write_bytes(model.read_bytes()[::-1])
    elif damage == "no card":
        (folder / CARD).unlink()
    else:
        shutil.rmtree(own_engines)
    np.testing.assert_array_equal(_load().encode(tiles), expected)


def test_one_that_gives_other_numbers_is_refused(own_engines: Path) -> None:
    _load()
    folder = _folder(own_engines)
    card = json.loads((folder / CARD).read_text())
    reference = np.load(folder / "reference.npy")
    np.save(folder / "reference.npy", reference + 1e-3)
    card["files"]["reference.npy"] = hashlib.sha256((folder / "reference.npy").read_bytes()).hexdigest()
    (folder / CARD).write_text(json.dumps(card))
    with pytest.raises(EngineError, match="differ from torch's"):
        _load()


def test_a_network_that_cannot_be_exported_says_so_and_leaves_nothing(own_engines: Path) -> None:
    with pytest.raises(EngineError, match="export failed"):
        _load(_broken)
    assert [path for path in own_engines.iterdir() if path.suffix != ".lock"] == []


def test_two_at_once_make_one(own_engines: Path) -> None:
    calls: list[int] = []
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: _load(making=lambda: calls.append(threading.get_ident())), range(3)))
    assert len(calls) == 1
    np.testing.assert_array_equal(made[0].encode(made_tiles(SIDE)), made[2].encode(made_tiles(SIDE)))


def test_other_libraries_or_weights_are_another_engine(own_engines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _load()
    load_engine({"network": "other"}, tile_px=SIDE, build=_small)
    real = engine_module.version
    monkeypatch.setattr(engine_module, "version", lambda name: "9.9" if name == "torch" else real(name))
    _load()
    assert len([path for path in own_engines.iterdir() if path.is_dir()]) == 3


def test_the_difference_is_relative_above_one() -> None:
    assert largest_difference(np.array([[100.0, 0.5]]), np.array([[100.5, 0.25]])) == 0.25
    assert largest_difference(np.array([[101.0, 0.5]]), np.array([[100.0, 0.5]])) == 0.01
    assert largest_difference(np.array([[np.nan]]), np.array([[1.0]])) == float("inf")
    assert largest_difference(np.zeros((1, 2)), np.zeros((2, 2))) == float("inf")


@pytest.mark.slow
def test_resnet50_and_lite0_stay_within_the_tolerance_on_tiles_not_checked_before(own_engines: Path) -> None:
    tiles = np.concatenate([np.roll(made_tiles(256), 40, axis=1), 255 - made_tiles(256)])
    fast, plain = load_encoder(), load_encoder(fast=False)
    assert largest_difference(fast.encode(tiles), plain.encode(tiles)) <= TOLERANCE
    torch.manual_seed(3)
    resnet = Normalised(build_trunk("torchvision:resnet50-stage3"), mean=(0.5,) * 3, std=(0.2,) * 3).eval()
    made = load_engine({"network": "resnet50, random"}, tile_px=256, build=lambda: resnet)
    with torch.inference_mode():
        expected = resnet(torch.from_numpy(tiles)).numpy()
    assert largest_difference(made.encode(tiles), expected) <= TOLERANCE


def test_where_there_is_no_engine_torch_works_and_the_encoder_says_so(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data_dir / "engines").write_text("a file where a folder should be")
    encoder = load_encoder()
    assert encoder.engine is None
    assert encoder.engine_name.startswith("torch 2.")
    assert len(encoder.warnings) == 1
    assert "torch computed the features" in encoder.warnings[0]
    assert str(data_dir) not in encoder.warnings[0]
    tiles = made_tiles(64)
    np.testing.assert_array_equal(encoder.encode(tiles), load_encoder(fast=False).encode(tiles))
    assert load_encoder(fast=False).warnings == ()


def test_a_wrong_weights_file_is_no_reason_to_fall_back(data_dir: Path) -> None:
    path = data_dir / "weights" / "made.pth"
    path.parent.mkdir()
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    prefix = hashlib.sha256(path.read_bytes()).hexdigest()
    weights = DownloadedWeights(url="http://127.0.0.1:9/made.pth", sha256_prefix=prefix)
    spec = EncoderSpec(title="Made", dim=512, network="timm:resnet18", weights=weights)
    with pytest.raises(Exception, match="do not fit") as caught:
        load_encoder("made", registry={"made": spec})
    assert not isinstance(caught.value, EngineError)


def test_a_stored_engine_needs_no_torch(own_engines: Path) -> None:
    load_encoder(tile_px=SIDE)
    code = (
        "import sys, numpy as np; from survdash.features.encoders import load_encoder; "
        f"load_encoder(tile_px={SIDE}).encode(np.zeros((3, {SIDE}, {SIDE}, 3), np.uint8)); "
        "sys.exit('torch' in sys.modules)"
    )
    assert settings().data_dir.is_dir()
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
