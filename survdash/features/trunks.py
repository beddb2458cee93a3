"""The networks of the encoders: torchvision's ResNet-50 cut short and any network of timm, filled from a file."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from timm.models import load_state_dict
from torch import nn

from survdash.errors import ArtefactError, UnknownNameError

STAGES = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3")


def build_trunk(network: str, arguments: Mapping[str, Any] | None = None) -> nn.Module:
    """A network from (n, 3, h, w) pictures to (n, D) numbers.

    Parameters
    ----------
    network : str
        ``torchvision:resnet50-stage3`` or ``timm:<name>``.
    arguments : mapping, optional
        For timm's builder of this network.

    Raises
    ------
    UnknownNameError
        If there is no such network.
    ArtefactError
        If it does not take these arguments.
    """
    library, _, name = network.partition(":")
    if network == "torchvision:resnet50-stage3":
        return _resnet50_stage3()
    if library == "timm" and timm.is_model(name):
        try:
            return timm.create_model(name, pretrained=False, num_classes=0, **(arguments or {}))
        except (TypeError, ValueError, RuntimeError, KeyError, AttributeError) as error:  # whatever its builder says
            words = (str(error).splitlines() or [""])[0]
            raise ArtefactError(f"timm cannot build {name} with {dict(arguments or {})}: {words}.") from error
    raise UnknownNameError(f"No network is called {network!r}.", hint="Use torchvision:resnet50-stage3 or timm:<name>.")


def fill_trunk(trunk: nn.Module, path: Path, *, keys: str, complete: bool = False) -> None:
    """Load weights from a safetensors file, or a file of torch that holds nothing but tensors.

    Parameters
    ----------
    keys : {"by name", "in order"}
        How the tensors of the file find their place.
    complete : bool
        Whether every tensor of the file must have a place, those of timm's classifier apart.

    Raises
    ------
    ArtefactError
        If the file cannot be read, or its tensors are not those of the network.
    """
    from safetensors import SafetensorError

    try:
        stored = load_state_dict(str(path), use_ema=False, device="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, KeyError, EOFError, TypeError, SafetensorError) as error:
        raise ArtefactError(f"{path.name} cannot be read as weights: {type(error).__name__}.") from error
    own = trunk.state_dict()
    if keys == "in order":
        stored = dict(zip(own, stored.values(), strict=False))  # the classifier comes last and is left over
    wrong = [key for key in own if key not in stored or stored[key].shape != own[key].shape]
    if complete:
        head = getattr(trunk, "default_cfg", {}).get("classifier") or ()
        heads = tuple(f"{name}." for name in ((head,) if isinstance(head, str) else head))
        wrong += [key for key in stored if key not in own and not key.startswith(heads)]
    if wrong:
        raise ArtefactError(
            f"The weights in {path.name} do not fit: {len(wrong)} of {len(own)} tensors, first {wrong[0]}."
        )
    trunk.load_state_dict({key: stored[key] for key in own}, strict=True)


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
