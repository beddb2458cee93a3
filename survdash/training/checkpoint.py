"""Work that was interrupted: kept as safetensors with their JSON inside, and taken up where it stopped.

A file is written whole or not at all, so after a kill there is the last one that was written. The folder is named by
what decides the result, so that other data or another recipe never meet it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as pack_arrays
from safetensors.torch import save as pack_tensors
from torch import Tensor, nn

from survdash import __version__
from survdash.errors import ArtefactError
from survdash.store import digest, new_file
from survdash.training.curve import Curve, curve_from_json
from survdash.training.data import ModelData
from survdash.training.fold_arrays import from_arrays, to_arrays
from survdash.training.fold_model import FoldModel
from survdash.training.recipe import Recipe

KEEP_EVERY_SECONDS = 30.0


def work_key(data: ModelData, recipe: Recipe, *, device: str) -> str:
    """Name of the folder for the work on this data by this recipe; another version of the software starts anew."""
    return digest({
        "data": data.digest(), "recipe": recipe.to_json(), "device": device, "software": __version__,
        "torch": torch.__version__,
    })


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Mean training loss of each epoch so far, and validation loss where there is a validation set."""

    training: tuple[float, ...] = ()
    validation: tuple[float, ...] = ()


def save_state(path: Path, network: nn.Module, optimiser: torch.optim.Optimizer, losses: Losses) -> None:
    """Keep everything that the next epoch depends on: weights, the optimiser's moments, and where chance stands."""
    tensors = {f"network.{key}": value for key, value in network.state_dict().items()}
    for number, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{key}": value for key, value in moments.items()}
    tensors["chance"] = torch.random.get_rng_state()
    device = next(network.parameters()).device
    if device.type == "cuda":
        tensors["chance.cuda"] = torch.cuda.get_rng_state(device)
    _save(path, {key: value.detach().cpu().contiguous() for key, value in tensors.items()}, asdict(losses))


def load_state(path: Path, network: nn.Module, optimiser: torch.optim.Optimizer) -> Losses:
    """Put network, optimiser and chance where ``save_state`` found them; nothing happens where there is no file.

    Raises
    ------
    ArtefactError
        If the file is damaged.
    """
    if not path.is_file():
        return Losses()
    tensors, values = _open(path)
    device = next(network.parameters()).device
    network.load_state_dict({key: tensors[f"network.{key}"] for key in network.state_dict()})
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, number, key = name.split(".")
            moments.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict(optimiser.state_dict() | {"state": moments})
    torch.random.set_rng_state(tensors["chance"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(tensors["chance.cuda"], device)
    return Losses(training=tuple(values["training"]), validation=tuple(values["validation"]))


def save_fold(path: Path, model: FoldModel, curve: Curve) -> None:
    """Keep a fold that is done."""
    with new_file(path) as temporary:
        temporary.write_bytes(pack_arrays(to_arrays(model), metadata={"json": json.dumps({"curve": asdict(curve)})}))


def load_fold(path: Path, data: ModelData, recipe: Recipe) -> tuple[FoldModel, Curve]:
    """The fold that ``save_fold`` kept.

    Raises
    ------
    ArtefactError
        If the file is damaged.
    """
    tensors, values = _open(path)
    arrays: dict[str, np.ndarray] = {name: tensor.numpy() for name, tensor in tensors.items()}
    tile_dim = None if data.bags is None else data.bags.dim
    model = from_arrays(arrays, recipe=recipe, groups=data.groups, tile_dim=tile_dim)
    return model, curve_from_json(values["curve"])


def _save(path: Path, tensors: dict[str, Tensor], values: Mapping[str, object]) -> None:
    with new_file(path) as temporary:
        # Bytes that we write: of a full disk the library's own writer tells in an error of its own.
        temporary.write_bytes(pack_tensors(tensors, metadata={"json": json.dumps(values)}))


def _open(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            values = json.loads(file.metadata()["json"])
            return {name: file.get_tensor(name) for name in file.keys()}, values  # noqa: SIM118, no mapping
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ArtefactError(
            f"Interrupted training was kept in {path.parent.name}/{path.name}, which is damaged.",
            hint=f"Delete {path.parent}; the training then starts anew.",
        ) from error
