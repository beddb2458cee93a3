"""The networks of the encoders."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
import torchvision

from survdash.errors import ArtefactError, UnknownNameError
from survdash.features.trunks import build_trunk, fill_trunk


def test_resnet50_ends_after_its_third_stage() -> None:
    torch.manual_seed(0)
    trunk = build_trunk("torchvision:resnet50-stage3").eval()
    whole = torchvision.models.resnet50(weights=None).eval()
    whole.load_state_dict(trunk.state_dict(), strict=False)
    seen: list[torch.Tensor] = []
    whole.layer3.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    with torch.inference_mode():
        pictures = torch.randn(2, 3, 64, 64)
        whole(pictures)
        ours = trunk(pictures)
    assert ours.shape == (2, 1024)
    torch.testing.assert_close(ours, seen[0].mean(dim=(2, 3)))
    assert not any(key.startswith(("layer4", "fc")) for key in trunk.state_dict())


def test_any_network_of_timm_is_pooled_before_its_classifier() -> None:
    trunk = build_trunk("timm:resnet18").eval()
    with torch.inference_mode():
        assert trunk(torch.zeros(2, 3, 64, 64)).shape == (2, 512)


@pytest.mark.parametrize("name", ["timm:no_such_net", "torchvision:resnet18", "resnet50", ""])
def test_an_unknown_network_is_refused(name: str) -> None:
    with pytest.raises(UnknownNameError):
        build_trunk(name)


def test_every_tensor_of_the_file_must_have_a_place_where_that_is_asked(tmp_path: Path) -> None:
    whole = timm.create_model("test_resnet", pretrained=False)
    torch.save(whole.state_dict(), tmp_path / "whole.pth")
    trunk = build_trunk("timm:test_resnet")
    fill_trunk(trunk, tmp_path / "whole.pth", keys="by name", complete=True)  # the classifier alone may be left over
    torch.testing.assert_close(trunk.state_dict()["conv1.0.weight"], whole.state_dict()["conv1.0.weight"])
    torch.save(whole.state_dict() | {"layer9.weight": torch.zeros(1)}, tmp_path / "more.pth")
    with pytest.raises(ArtefactError, match=r"layer9\.weight"):
        fill_trunk(trunk, tmp_path / "more.pth", keys="by name", complete=True)
    fill_trunk(trunk, tmp_path / "more.pth", keys="by name")


def test_what_the_builder_does_not_take_says_so() -> None:
    with pytest.raises(ArtefactError, match="timm cannot build test_vit"):
        build_trunk("timm:test_vit", {"no_such_argument": 1})
