"""An encoder by name is timm's network with its own weights, size and normalisation, or a message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from timm.data import create_transform, resolve_data_config

from survdash.bag_file import BagFile
from survdash.errors import ArtefactError, DownloadError, UnknownNameError
from survdash.features.embed import embed_slide
from survdash.features.encoders import load_encoder
from survdash.features.engine import TOLERANCE, largest_difference
from survdash.features.hub import find_model, is_hub_name
from survdash.features.registry import config_digest, weights_file
from survdash.settings import settings
from survdash.slide.tiles import TileRule

PREPARED: dict[str, Any] = {
    "input_size": [3, 160, 160], "interpolation": "bicubic", "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.3],
    "crop_pct": 0.95, "classifier": "head",
}  # fmt: skip


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network: the files are put there by hand. What is fetched, and how, is in tests/sources/test_model_hub.py."""
    monkeypatch.setenv("SURVDASH_HUB_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_TOKEN", "hf_made_for_this_test")  # never the machine's own
    settings.cache_clear()


def _model(folder: Path, name: str = "test_vit", *, prepared: dict[str, Any] = PREPARED, **arguments: Any) -> Any:
    """A network of timm with weights made here, and its files as timm writes them to the hub."""
    torch.manual_seed(0)
    network = timm.create_model(name, pretrained=False, num_classes=7, **arguments).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.08)
    folder.mkdir(parents=True)
    save_file(network.state_dict(), folder / "model.safetensors")
    config = {"architecture": name, "num_classes": 7, "model_args": arguments, "pretrained_cfg": prepared}
    (folder / "config.json").write_text(json.dumps(config))
    return network


@pytest.fixture
def folder(data_dir: Path) -> Path:
    return data_dir / "weights" / "hub" / "some--model"


@pytest.mark.parametrize("name", ["test_vit", "test_resnet"])
def test_the_features_are_plain_timms(folder: Path, name: str) -> None:
    network = _model(folder, name, prepared=PREPARED | {"classifier": "head" if name == "test_vit" else "fc"})
    network.reset_classifier(0)
    tiles = np.random.default_rng(0).integers(0, 256, (3, 256, 256, 3), dtype=np.uint8)
    transform = create_transform(**resolve_data_config(PREPARED | {"crop_pct": 1.0}))  # the whole tile, not its middle
    with torch.inference_mode():
        expected = network(torch.stack([transform(Image.fromarray(tile)) for tile in tiles])).numpy()
    encoder = load_encoder("hf-hub:some/model")
    assert encoder.warnings == ()
    assert encoder.engine is not None  # on a processor too, because its numbers are torch's
    assert encoder.dim == expected.shape[1] == network.num_features
    assert largest_difference(encoder.encode(tiles), expected) <= TOLERANCE
    assert largest_difference(load_encoder("hf-hub:some/model", fast=False).encode(tiles), expected) <= TOLERANCE


def test_a_slide_is_embedded_by_it_and_the_bag_says_how(folder: Path, tmp_path: Path) -> None:
    _model(folder)
    pixels = np.random.default_rng(0).integers(0, 90, (512, 512, 3)) + np.array([160, 60, 120])
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "a.png")
    made = embed_slide(tmp_path / "a.png", mpp=0.5, encoder="hf-hub:some/model", tile_rule=TileRule(tile_px=128))
    assert (made.encoder, made.dim, made.tiles) == ("hf-hub:some/model", 64, 16)
    path, sha256 = weights_file("hf-hub:some/model")
    assert path == folder / "model.safetensors"
    assert made.weights == sha256
    with BagFile(made.bag_path) as bag:
        facts = bag.attributes(made.slide_id)
    assert facts["encoder.network"] == "timm:test_vit"
    assert facts["encoder.input_px"] == 160
    assert facts["encoder.mean"] == "[0.4, 0.5, 0.6]"
    assert facts["encoder.config"] == config_digest("hf-hub:some/model")


def test_what_was_found_out_is_kept_until_the_configuration_changes(folder: Path) -> None:
    _model(folder)
    first = find_model("hf-hub:some/model")
    stamp = (folder / "card.json").stat().st_mtime_ns
    assert find_model("hf-hub:some/model") == first
    assert (folder / "card.json").stat().st_mtime_ns == stamp
    config = json.loads((folder / "config.json").read_text())
    config["pretrained_cfg"]["mean"] = [0.5, 0.5, 0.5]
    (folder / "config.json").write_text(json.dumps(config))
    again = find_model("hf-hub:some/model")
    assert again.mean == (0.5, 0.5, 0.5)
    assert again.config != first.config


def test_timm_is_an_account_of_the_hub_and_a_revision_another_model(data_dir: Path) -> None:
    hub = data_dir / "weights" / "hub"
    _model(hub / "timm--test_vit.r160_in1k")
    _model(hub / "some--model@v1--x")
    assert find_model("timm:test_vit.r160_in1k").path.parent.name == "timm--test_vit.r160_in1k"
    assert find_model("hf-hub:some/model@v1/x").path.parent.name == "some--model@v1--x"
    assert not is_hub_name("hf-hub:some/../model")
    with pytest.raises(UnknownNameError):
        find_model("hf-hub:some")


def test_what_is_not_here_and_cannot_be_fetched_says_where_to_put_it(folder: Path) -> None:
    with pytest.raises(DownloadError, match="some/model could not be fetched") as caught:
        load_encoder("hf-hub:some/model")
    assert str(folder) in caught.value.hint


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architecture": "no_such_network"}, "No network"),
        ({"architecture": "test_vit2"}, "do not fit"),
        ({"model_args": {"depth": 1}}, "do not fit"),  # tensors that have no place
        ({"model_args": {"global_pool": ""}}, "one vector"),  # a table of tokens
        ({"model_args": {"mlp_layer": "SwiGLUPacked"}}, "cannot build"),  # what only code can say
        ({"model_args": {"pretrained": True}}, "not possible here"),
        ({"model_args": {"checkpoint_path": "/etc/passwd"}}, "not possible here"),
        ({"pretrained_cfg": PREPARED | {"input_size": [1, 160, 160]}}, "not possible here"),
        ({"pretrained_cfg": PREPARED | {"std": [0, 1, 1]}}, "not possible here"),
        ({"pretrained_cfg": {"mean": 3}}, "not what timm writes"),
        ({"architecture": None}, "No network"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_encoder_is_refused(folder: Path, change: dict[str, Any], words: str) -> None:
    _model(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises((ArtefactError, DownloadError, UnknownNameError), match=words):
        find_model("hf-hub:some/model")
    assert not (folder / "card.json").exists()


def test_damaged_weights_are_refused(folder: Path) -> None:
    _model(folder)
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(ArtefactError, match="cannot be read as weights"):
        find_model("hf-hub:some/model")
    path.write_bytes(whole)
    find_model("hf-hub:some/model")
    path.write_bytes(whole[:-1] + b"x")
    with pytest.raises(DownloadError, match="SHA-256"):
        weights_file("hf-hub:some/model")


def test_a_file_of_torch_may_hold_nothing_but_tensors(folder: Path) -> None:
    network = _model(folder)
    (folder / "model.safetensors").unlink()
    torch.save(network.state_dict(), folder / "pytorch_model.bin")
    assert find_model("hf-hub:some/model").path.name == "pytorch_model.bin"
    (folder / "card.json").unlink()
    torch.save({"network": network}, folder / "pytorch_model.bin")  # an object runs code when it is read
    with pytest.raises(ArtefactError, match="cannot be read as weights"):
        find_model("hf-hub:some/model")
