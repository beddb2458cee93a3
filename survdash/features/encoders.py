"""Image encoders: one way to load, one way to call; which ones there are says ``survdash.features.registry``."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import numpy as np

from survdash.case import BagOrigin
from survdash.errors import InputError
from survdash.features.engine import Engine, EngineError, load_engine
from survdash.features.registry import DEFAULT_ENCODER, ENCODERS, EncoderSpec, HubWeights, find_encoder, weights_file
from survdash.progress import Cancel, Progress, Report, silent
from survdash.settings import settings

if TYPE_CHECKING:
    import torch

BATCH = {"cpu": 8, "cuda": 128}  # small batches stay in a processor's cache


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
    precision : str
        Arithmetic of the network: "fp32", or on a GPU what the setting says.
    """

    def __init__(
        self, name: str, spec: EncoderSpec, *, build: Callable[[], torch.nn.Module], device: str, weights_sha256: str
    ) -> None:
        self.name, self.dim, self.device, self.weights_sha256 = name, spec.dim, device, weights_sha256
        self.precision, self._spec = settings().precision if device == "cuda" else "fp32", spec
        self.engine: Engine | None = None
        half = f"Features were computed in {self.precision}: a model trained on float32 features sees slightly others."
        self.warnings: tuple[str, ...] = () if self.precision == "fp32" else (half,)
        self._build = build

    @property
    def engine_name(self) -> str:
        """What computes the features, as bags record it: library and version."""
        if self.engine is not None:
            return self.engine.name
        return f"torch {version('torch')}" + ("" if self.precision == "fp32" else f" {self.precision}")

    @property
    def facts(self) -> dict[str, str | float]:
        """What bags record of encoders that bring their own size and normalisation."""
        spec = self._spec
        if not isinstance(spec.weights, HubWeights) or spec.input_px is None:
            return {}
        return {
            "encoder.network": spec.network, "encoder.config": spec.weights.config, "encoder.input_px": spec.input_px,
            "encoder.interpolation": spec.interpolation, "encoder.mean": str(list(spec.mean)),
            "encoder.std": str(list(spec.std)),
        }  # fmt: skip

    def prepare(self, tiles: np.ndarray) -> np.ndarray:
        """Tiles (n, h, w, 3) RGB uint8 in the size that the network wants, whole: nothing is cropped."""
        side = self._spec.input_px
        if side is None or tiles.shape[1:3] == (side, side):
            return tiles
        from PIL import Image

        how = Image.Resampling[self._spec.interpolation.upper()]
        made = np.empty((len(tiles), side, side, 3), np.uint8)
        for i, tile in enumerate(tiles):
            made[i] = np.asarray(Image.fromarray(tile).resize((side, side), how))
        return made

    def encode(self, tiles: np.ndarray) -> np.ndarray:
        """Features of tiles, in float32 arithmetic unless a GPU was told otherwise.

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
        tiles = self.prepare(tiles)
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

        if not len(tiles):
            return np.empty((0, self.dim), np.float32)
        step, network = BATCH[self.device], self._build()
        pixels = torch.from_numpy(np.ascontiguousarray(tiles))
        if self.device == "cuda":
            pixels = pixels.pin_memory()  # from there uint8 goes over while the GPU works at the batch before
        exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        half = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(self.precision)
        with torch.inference_mode(), exact, torch.autocast(self.device, dtype=half, enabled=half is not None):
            parts = [network(batch.to(self.device, non_blocking=True)).float() for batch in pixels.split(step)]
            return np.asarray(torch.cat(parts).cpu().numpy())


def cores() -> int:
    """Threads to share work among: the setting, else ``OMP_NUM_THREADS`` (joblib sets it), else what may be used."""
    if (threads := settings().threads) is not None:
        return threads
    stated = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(stated)) if stated.isdecimal() else int(joblib.cpu_count())


def effective_precision() -> str:
    """The arithmetic that encoders will use: the setting on a GPU, "fp32" on a processor whatever the setting says."""
    stated = settings().precision
    return stated if stated == "fp32" or choose_device(settings().device) == "cuda" else "fp32"


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
    if _has_gpu_driver():
        import torch

        if torch.cuda.is_available():
            return "cuda"
    if setting == "cuda":
        raise InputError("No GPU can be used here, but the device is set to cuda.", hint="Use auto or cpu.")
    return "cpu"


@cache
def _has_gpu_driver() -> bool:
    """Whether it is worth asking torch, which takes two seconds to import: without a driver it finds no GPU."""
    if os.name != "posix" or any(Path(f"/dev/{name}").exists() for name in ("kfd", "dxg")):  # AMD; Windows below Linux
        return True
    with suppress(OSError):
        ctypes.CDLL("libcuda.so.1")
        return True
    return False


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
    spec = find_encoder(name, registry=registry, report=report, cancel=cancel)
    chosen = choose_device(device)
    path, sha256 = weights_file(name, registry=registry, report=report, cancel=cancel)

    @cache
    def build() -> torch.nn.Module:
        return _load_network(spec, path, device=chosen)

    encoder = Encoder(name, spec, build=build, device=chosen, weights_sha256=sha256)
    if chosen == "cpu" and fast:
        identity = {
            "network": spec.network, "weights": sha256, "keys": spec.keys, "mean": list(spec.mean),
            "std": list(spec.std), **({"arguments": dict(spec.arguments)} if spec.arguments else {}),
        }  # fmt: skip
        words = f"making the fast engine of {name}, once on this machine"
        try:
            encoder.engine = load_engine(
                identity, tile_px=spec.input_px or tile_px, build=build,
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


def _load_network(spec: EncoderSpec, path: Path, *, device: str) -> torch.nn.Module:
    """The network with its weights, from tiles (n, h, w, 3) uint8 to features (n, dim)."""
    import torch

    from survdash.features.trunks import Normalised, build_trunk, fill_trunk

    trunk = build_trunk(spec.network, spec.arguments)
    fill_trunk(trunk, path, keys=spec.keys, complete=isinstance(spec.weights, HubWeights))
    network = Normalised(trunk, mean=spec.mean, std=spec.std).eval().requires_grad_(False).to(device)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
