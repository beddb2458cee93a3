"""The networks of the encoders."""

from __future__ import annotations

import pytest
import torch
import torchvision

from survdash.errors import UnknownNameError
from survdash.features.trunks import build_trunk


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
