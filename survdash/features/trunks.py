"""The networks of the encoders, without weights: torchvision's ResNet-50 cut short, and any network of timm."""

from __future__ import annotations

from collections import OrderedDict

import timm
import torch
import torchvision
from torch import nn

from survdash.errors import UnknownNameError

STAGES = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3")


def build_trunk(network: str) -> nn.Module:
    """A network from (n, 3, h, w) pictures to (n, D) numbers.

    Parameters
    ----------
    network : str
        ``torchvision:resnet50-stage3`` or ``timm:<name>``.

    Raises
    ------
    UnknownNameError
        If there is no such network.
    """
    library, _, name = network.partition(":")
    if network == "torchvision:resnet50-stage3":
        return _resnet50_stage3()
    if library == "timm" and timm.is_model(name):
        return timm.create_model(name, pretrained=False, num_classes=0)
    raise UnknownNameError(f"No network is called {network!r}.", hint="Use torchvision:resnet50-stage3 or timm:<name>.")


class Normalised(nn.Module):
    """A trunk behind its normalisation: tiles (n, h, w, 3) RGB uint8 in, features (n, D) out.

    Parameters
    ----------
    trunk : Module
    mean, std : tuple of float
        Per colour, on the scale 0 to 1.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, trunk: nn.Module, *, mean: tuple[float, float, float], std: tuple[float, float, float]) -> None:
        super().__init__()
        centre, spread = (torch.tensor(values).view(1, 3, 1, 1) for values in (mean, std))
        self.trunk = trunk
        self.register_buffer("scale", 1 / (255 * spread))
        self.register_buffer("shift", -centre / spread)

    def forward(self, tiles: torch.Tensor) -> torch.Tensor:
        """Features of tiles."""
        # (n, h, w, 3) seen as (n, 3, h, w) is already in channels-last order: nothing is copied.
        return self.trunk(tiles.permute(0, 3, 1, 2).float() * self.scale + self.shift)


def _resnet50_stage3() -> nn.Module:
    """ResNet-50 up to its third stage, averaged over the picture: 1,024 numbers (as CLAM and MCAT use it)."""
    whole = torchvision.models.resnet50(weights=None)
    parts = [(stage, getattr(whole, stage)) for stage in STAGES]
    return nn.Sequential(OrderedDict([*parts, ("pool", nn.AdaptiveAvgPool2d(1)), ("flat", nn.Flatten())]))
