"""The fast way through an encoder on a processor: its network exported to ONNX once and run by ONNX Runtime.

An engine lies at ``<data>/engines/<digest>/``; the digest covers the weights, the network, the tile size and the
versions of the libraries that made it. The folder may be deleted at any time. An engine is used only after its numbers
were compared with torch's on a few made tiles, anew in every process, so that a folder carried to another machine or
damaged on disk cannot give other features; the last one stays loaded for the next slide. Each tile is a batch of its
own: no slower than larger batches, and what a tile becomes depends neither on its neighbours nor on the number of
threads.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import shutil
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock

from survdash.errors import ArtefactError
from survdash.file_hash import content_state
from survdash.settings import settings
from survdash.store import digest, file_sha256, new_folder, write_json

if TYPE_CHECKING:
    import torch

VERSION = 1  # raise it when the export changes
TOLERANCE = 6e-5  # to torch's float32, relative above 1; float16, in which bags are kept, rounds to 5e-4
LIBRARIES = ("torch", "torchvision", "timm", "onnxscript", "onnxruntime")
MODEL, REFERENCE, CARD = "engine.onnx", "reference.npy", "card.json"
REASON_CHARACTERS = 160


_lock = threading.Lock()
_last: tuple[object, Engine] | None = None  # with the state of its files; more are not held, for each takes tens of MB


class EngineError(ArtefactError):
    """An engine that cannot be made, or whose numbers are not torch's; the caller falls back and says so."""


class Engine:
    """An encoder as ONNX Runtime runs it; made by ``load_engine``.

    Attributes
    ----------
    name : str
        Library and version, as bags record it.
    tile_px : int
        Side of the tiles it takes; fixed, because a fixed size is faster.
    """

    def __init__(self, model: Path, *, tile_px: int) -> None:
        import onnxruntime

        self.name, self.tile_px = f"onnxruntime {onnxruntime.__version__}", tile_px
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        # The callers' threads share the tiles among them, so one run has one thread and nobody spins.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        with _runtime_faults():
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def encode(self, tiles: np.ndarray) -> np.ndarray:
        """Features of tiles in the calling thread; many threads may call at once.

        Parameters
        ----------
        tiles : ndarray, shape (n, tile_px, tile_px, 3)
            RGB uint8.

        Returns
        -------
        ndarray, shape (n, dim)
            float32.

        Raises
        ------
        EngineError
            If ONNX Runtime fails.
        """
        with _runtime_faults():
            rows = [self._session.run(None, {"tiles": tiles[i : i + 1]})[0] for i in range(len(tiles))]
        return np.concatenate(rows) if rows else np.empty((0, self._session.get_outputs()[0].shape[1]), np.float32)


def load_engine(
    identity: Mapping[str, object],
    *,
    tile_px: int,
    build: Callable[[], torch.nn.Module],
    making: Callable[[], None] = lambda: None,
) -> Engine:
    """The engine of an encoder for tiles of one size, made when it is not here or damaged; one process makes it.

    Parameters
    ----------
    identity : mapping of JSON values
        What determines the encoder's numbers: network, weights, normalisation.
    tile_px : int
    build : callable
        Gives torch's network from tiles (n, h, w, 3) uint8 to features (n, dim); called only when one is made.
    making : callable
        Called before one is made, which takes seconds.

    Raises
    ------
    EngineError
        If it cannot be made here, or its features are not torch's within ``TOLERANCE``.
    """
    versions = {name: _version(name) for name in LIBRARIES}
    key = digest({
        "kind": "engine", "version": VERSION, "tile_px": tile_px, "machine": platform.machine(), **versions, **identity,
    })  # fmt: skip
    folder = settings().data_dir / "engines" / key
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not _is_whole(folder):
                making()
                shutil.rmtree(folder, ignore_errors=True)
                _make(folder, build(), tile_px=tile_px, card={"identity": dict(identity), "versions": versions})
            return _loaded(folder, tile_px)
    except OSError as error:
        raise EngineError(f"An engine cannot be kept: {error.strerror or error}.") from error
    except ImportError as error:
        raise EngineError(f"A library cannot be loaded: {_reason(error)}.") from error


def made_tiles(tile_px: int) -> np.ndarray:
    """Four tiles (4, tile_px, tile_px, 3) on which an engine is compared with torch: noise, stain-like, ramp, white."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 255, tile_px)
    tiles = np.empty((4, tile_px, tile_px, 3))
    tiles[0] = rng.integers(0, 256, tiles[0].shape)
    tiles[1] = np.array([200, 110, 170]) + rng.normal(0, 25, (tile_px, tile_px, 1))
    tiles[2] = np.stack([np.add.outer(ramp, ramp) / 2, np.add.outer(ramp, -ramp) % 256, np.tile(ramp, (tile_px, 1))], 2)
    tiles[3] = 245
    return tiles.clip(0, 255).astype(np.uint8)


def largest_difference(features: np.ndarray, reference: np.ndarray) -> float:
    """Largest difference between two tables of features, relative where the reference exceeds 1."""
    if features.shape != reference.shape or not np.isfinite(features).all():
        return float("inf")
    return float((np.abs(features - reference) / np.maximum(1, np.abs(reference))).max())


def _version(library: str) -> str:
    try:
        return version(library)
    except ModuleNotFoundError as error:
        raise EngineError(f"{library} is not installed.", hint=f"pip install {library}") from error


def _is_whole(folder: Path) -> bool:
    """Whether the folder holds the files that its card names, bit for bit."""
    try:
        files = json.loads((folder / CARD).read_text(encoding="utf-8"))["files"]
        return all(file_sha256(folder / name) == files[name] for name in (MODEL, REFERENCE))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _loaded(folder: Path, tile_px: int) -> Engine:
    """The engine of a folder, checked; the one of the last call where its files are the same still."""
    global _last
    key = folder, tile_px, *(content_state(folder / name) for name in (MODEL, REFERENCE))
    with _lock:
        if _last is None or _last[0] != key:
            _last = None  # two are not held at once
            _last = key, _checked(folder, tile_px)
        return _last[1]


def _checked(folder: Path, tile_px: int) -> Engine:
    engine = Engine(folder / MODEL, tile_px=tile_px)
    found = largest_difference(engine.encode(made_tiles(tile_px)), np.load(folder / REFERENCE, allow_pickle=False))
    if not found <= TOLERANCE:
        raise EngineError(f"Its features differ from torch's by {found:.2g}, more than {TOLERANCE:g}.")
    return engine


def _make(folder: Path, network: torch.nn.Module, *, tile_px: int, card: dict[str, object]) -> None:
    import torch

    tiles = torch.from_numpy(made_tiles(tile_px))
    with torch.inference_mode():
        reference = np.concatenate([network(tile[None]).numpy() for tile in tiles])
    with new_folder(folder) as temporary:
        _export(network, tiles[:1], temporary / MODEL)
        np.save(temporary / REFERENCE, reference, allow_pickle=False)
        files = {name: file_sha256(temporary / name) for name in (MODEL, REFERENCE)}
        write_json(temporary / CARD, card | {"files": files})
        _checked(temporary, tile_px)  # before it is in place: what gives other numbers is not kept


def _export(network: torch.nn.Module, tiles: torch.Tensor, path: Path) -> None:
    import torch

    chatty = logging.getLogger("torch.onnx")
    level = chatty.level
    try:
        chatty.setLevel(logging.ERROR)
        with warnings.catch_warnings(), torch.no_grad(), _muted_exporter():
            warnings.simplefilter("ignore")  # the exporter's own deprecations are not ours to mend
            torch.onnx.export(
                network, (tiles,), path, dynamo=True, external_data=False, verbose=False,
                input_names=["tiles"], output_names=["features"],
            )  # fmt: skip
    # What the exporter and its libraries raise; OSError (no place to write) is told by the caller.
    except (torch.onnx.OnnxExporterError, ImportError, AttributeError, RuntimeError, TypeError, ValueError) as error:
        raise EngineError(f"The export failed: {_reason(error)}.") from error
    finally:
        chatty.setLevel(level)


@contextmanager
def _muted_exporter() -> Iterator[None]:
    """Some versions of the exporter print progress whatever ``verbose`` says; stdout belongs to the answer."""
    from contextlib import redirect_stderr, redirect_stdout

    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


@contextmanager
def _runtime_faults() -> Iterator[None]:
    """Turn ONNX Runtime's errors, which share no base of their own, into ``EngineError``."""
    from onnxruntime.capi import onnxruntime_pybind11_state as native

    known: list[type[Exception]] = [RuntimeError]
    known += [value for value in vars(native).values() if isinstance(value, type) and issubclass(value, Exception)]
    try:
        yield
    except tuple(known) as error:
        raise EngineError(f"ONNX Runtime failed: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    """First line of a library's error, short, without the paths of this machine."""
    text = (str(error).splitlines() or [""])[0].replace(str(settings().data_dir), "<data>")
    return f"{type(error).__name__} {text[:REASON_CHARACTERS]}".strip().rstrip(".")
