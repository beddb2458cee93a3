"""The encoders are what they say: real weights, right preprocessing, the same numbers as their sources."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torchvision

from survdash.errors import ArtefactError, DownloadError, InputError
from survdash.features.encoders import choose_device, load_encoder, origin
from survdash.features.registry import ENCODERS, DownloadedWeights, EncoderSpec, weights_file
from survdash.slide.reader import open_slide

NOWHERE = "http://127.0.0.1:9"  # nobody listens on port 9


def _square(picture: np.ndarray) -> np.ndarray:
    side = min(picture.shape[:2])
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    return cv2.resize(picture[top : top + side, left : left + side], (256, 256), interpolation=cv2.INTER_AREA)


def test_lite0_knows_a_coffee_a_cat_and_a_rocket() -> None:
    from skimage import data

    tiles = np.stack([_square(picture) for picture in (data.coffee(), data.chelsea(), data.rocket())])
    encoder = load_encoder("efficientnet-lite0")
    features = encoder.encode(tiles)
    # The file's own classifier, which the encoder leaves out, must make sense of the encoder's numbers.
    path, _ = weights_file("efficientnet-lite0")
    weight, bias = list(torch.load(path, weights_only=True).values())[-2:]
    logits = features @ weight.numpy().T + bias.numpy()
    best = logits.argmax(axis=1)
    assert best[0] == 967  # espresso
    assert best[1] in (281, 282, 285)  # tabby, tiger cat, Egyptian cat
    assert best[2] in (657, 744)  # missile, projectile
    chance = np.exp(logits[0] - logits[0].max())
    # Measured: .81 as we do it; .52 with ImageNet's mean and deviation, .68 with timm's efficientnet_lite0 (other
    # padding), .67 with red and blue exchanged.
    assert chance[967] / chance.sum() > 0.75


def test_lite0_is_timms_whole_network_before_its_classifier() -> None:
    import timm

    path, _ = weights_file("efficientnet-lite0")
    whole = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    stored = torch.load(path, weights_only=True)
    whole.load_state_dict(dict(zip(whole.state_dict(), stored.values(), strict=True)))
    tiles = np.random.default_rng(0).integers(0, 256, (3, 256, 256, 3), dtype=np.uint8)
    with torch.inference_mode():
        pictures = (torch.from_numpy(tiles).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
        expected = whole.forward_head(whole.forward_features(pictures), pre_logits=True)
    # Two memory layouts add up in another order: float32 rounding over sums of about a thousand numbers.
    np.testing.assert_allclose(load_encoder().encode(tiles), expected.numpy(), atol=2e-5, rtol=1e-4)


@pytest.fixture
def resnet(data_dir: Path) -> tuple[Mapping[str, EncoderSpec], torch.nn.Module]:
    """A registry whose resnet50 expects a weights file made here, and torchvision's network with these weights."""
    torch.manual_seed(1)
    network = torchvision.models.resnet50(weights=None)
    with torch.no_grad():  # running statistics as training leaves them, so that a missed one would show
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
    path = data_dir / "weights" / "resnet50-made.pth"
    path.parent.mkdir(parents=True)
    torch.save(network.state_dict(), path)
    prefix = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    weights = DownloadedWeights(url=f"{NOWHERE}/resnet50-made.pth", sha256_prefix=prefix)
    return {"resnet50": replace(ENCODERS["resnet50"], weights=weights)}, network.eval()


def test_resnet50_gives_the_numbers_of_torchvision_on_a_file_put_there_by_hand(resnet) -> None:
    from torchvision.models.feature_extraction import create_feature_extractor

    registry, network = resnet
    encoder = load_encoder("resnet50", registry=registry)
    tiles = np.random.default_rng(0).integers(0, 256, (2, 256, 256, 3), dtype=np.uint8)
    features = encoder.encode(tiles)
    normalise = torchvision.transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    with torch.inference_mode():
        pictures = normalise(torch.from_numpy(tiles).permute(0, 3, 1, 2).float() / 255)
        expected = create_feature_extractor(network, ["layer3"])(pictures)["layer3"].mean(dim=(2, 3)).numpy()
    assert features.shape == (2, 1024)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())  # float32 rounding
    assert origin(encoder).encoder == "resnet50"
    assert origin(encoder).dim == 1024
    assert origin(encoder).weights.startswith(registry["resnet50"].weights.sha256_prefix)


def test_a_wrong_file_put_there_by_hand_is_refused(resnet, data_dir: Path) -> None:
    registry, _ = resnet
    path = data_dir / "weights" / "resnet50-made.pth"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DownloadError, match="SHA-256"):
        load_encoder("resnet50", registry=registry)


def test_without_network_the_error_names_file_url_and_place(data_dir: Path) -> None:
    weights = DownloadedWeights(url=f"{NOWHERE}/resnet50-0676ba61.pth", sha256_prefix="0676ba61")
    registry = {"resnet50": replace(ENCODERS["resnet50"], weights=weights)}
    with pytest.raises(DownloadError, match=r"resnet50-0676ba61\.pth") as caught:
        load_encoder("resnet50", registry=registry)
    assert f"{NOWHERE}/resnet50-0676ba61.pth" in str(caught.value)
    assert str(data_dir / "weights" / "resnet50-0676ba61.pth") in caught.value.hint


def test_weights_of_another_network_are_refused(resnet, data_dir: Path) -> None:
    path = data_dir / "weights" / "resnet50-made.pth"
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    prefix = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    weights = DownloadedWeights(url=f"{NOWHERE}/resnet50-made.pth", sha256_prefix=prefix)
    with pytest.raises(ArtefactError, match="do not fit"):
        load_encoder("resnet50", registry={"resnet50": replace(ENCODERS["resnet50"], weights=weights)})


def test_a_timm_encoder_is_one_entry(data_dir: Path) -> None:
    import timm

    path = data_dir / "weights" / "resnet18.pth"
    path.parent.mkdir()
    torch.save(timm.create_model("resnet18", pretrained=False).state_dict(), path)
    prefix = hashlib.sha256(path.read_bytes()).hexdigest()
    spec = EncoderSpec(
        title="ResNet-18",
        dim=512,
        network="timm:resnet18",
        weights=DownloadedWeights(url=f"{NOWHERE}/resnet18.pth", sha256_prefix=prefix),
    )
    tiles = np.zeros((1, 64, 64, 3), np.uint8)
    assert load_encoder("mine", registry={"mine": spec}).encode(tiles).shape == (1, 512)


def test_encoding_is_repeatable_and_does_not_depend_on_neighbours() -> None:
    encoder = load_encoder()
    tiles = np.random.default_rng(2).integers(0, 256, (11, 64, 64, 3), dtype=np.uint8)
    once = encoder.encode(tiles)
    np.testing.assert_array_equal(once, encoder.encode(tiles))
    alone = np.concatenate([encoder.encode(tiles[i : i + 1]) for i in range(11)])
    np.testing.assert_allclose(alone, once, atol=2e-5, rtol=1e-4)  # other batch sizes take other kernels
    assert encoder.encode(tiles[:0]).shape == (0, 1280)


@pytest.mark.parametrize("shape", [(4, 64, 64), (1, 64, 64, 4), (1, 3, 64, 64)])
def test_what_is_not_rgb_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="uint8"):
        load_encoder().encode(np.zeros(shape, np.uint8))
    with pytest.raises(InputError, match="uint8"):
        load_encoder().encode(np.zeros((1, 64, 64, 3), np.float32))


def test_devices() -> None:
    assert choose_device("cpu") == "cpu"
    assert choose_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(InputError, match="not known"):
        choose_device("abacus")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_cuda_without_a_gpu_is_an_error_and_no_fall_back() -> None:
    with pytest.raises(InputError, match="No GPU"):
        choose_device("cuda")
    with pytest.raises(InputError, match="No GPU"):
        load_encoder(device="cuda")


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_gives_nearly_the_same_float32_features(shared: Path, precision: str) -> None:
    """The arithmetic that a GPU may be told to use, on a processor: the same calls of torch, only slower."""
    with open_slide(shared / "slides" / "CMU-1-Small-Region.svs") as slide:
        tiles = np.stack([slide.read_tile(x, 1200, level0_px=96, tile_px=96) for x in range(800, 1300, 100)])
    encoder = load_encoder(fast=False)
    whole = encoder.encode(tiles)
    encoder.precision = precision
    half = encoder.encode(tiles)
    assert (half.shape, half.dtype) == (whole.shape, np.float32)
    assert np.isfinite(half).all()
    assert encoder.engine_name.endswith(f" {precision}")
    cosine = (half * whole).sum(axis=1) / np.linalg.norm(half, axis=1) / np.linalg.norm(whole, axis=1)
    # bfloat16 keeps 8 bits of a number and float16 11: measured 4e-3 and 2e-5 of cosine distance on these tiles.
    assert (1 - cosine).max() < (1e-2 if precision == "bf16" else 1e-4)
    assert np.abs(half - whole).max() > 0
    between = np.linalg.norm(whole[:, None] - whole[None], axis=2)[np.triu_indices(len(tiles), 1)]
    assert np.linalg.norm(half - whole, axis=1).max() < 0.25 * between.min()  # no tile comes near another


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_gives_the_numbers_of_the_processor() -> None:
    tiles = np.random.default_rng(0).integers(0, 256, (9, 256, 256, 3), dtype=np.uint8)
    on_gpu, on_cpu = load_encoder(device="cuda"), load_encoder(device="cpu")
    assert on_gpu.device == "cuda"
    np.testing.assert_allclose(on_gpu.encode(tiles), on_cpu.encode(tiles), atol=1e-3, rtol=1e-3)


