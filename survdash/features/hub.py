"""Encoders by name beyond the table: any vision model of timm on the Hugging Face Hub that gives one vector a picture.

``timm:<name>`` is the model of that name in timm's own account, ``hf-hub:<owner>/<name>[@<revision>]`` any other. Its
files lie in ``<data>/weights/hub/<owner>--<name>[@<revision>]/``, fetched on first use or put there by hand, and beside
them ``card.json`` with what was found out when the network was built from them and tried: it is written last, so a
folder with a card is a model that works. Delete the folder to fetch the model anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from survdash.errors import ArtefactError, DownloadError, UnknownNameError
from survdash.progress import Cancel, Report, silent
from survdash.settings import settings
from survdash.store import digest, file_sha256, write_json

SCHEMA = 1
PART = r"([A-Za-z0-9][\w.-]{0,95})"
NAMES = re.compile(rf"(?:timm:|hf-hub:{PART}/){PART}(?:@([\w./-]{{1,80}}))?", re.ASCII)
INTERPOLATIONS = ("bicubic", "bilinear", "nearest")
# Arguments that a configuration may not set: they would load other weights, or undo what is set here.
REFUSED = ("pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir", "features_only")
LARGEST_SIDE = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class HubModel:
    """A model of the hub that lies here and was tried.

    Parameters
    ----------
    path : Path
        File of weights.
    sha256 : str
        Of that file.
    config : str
        Digest of ``config.json``, which says how the network is built and pictures are prepared.
    architecture : str
        Name of the network in timm.
    arguments : mapping
        For timm's builder of it.
    dim : int
        Numbers per picture.
    input_px : int
        Side of the pictures it was trained on.
    interpolation : str
        How pictures of another size are brought to it.
    mean, std : tuple of float
        Per colour, on the scale 0 to 1.
    """

    path: Path
    sha256: str
    config: str
    architecture: str
    arguments: Mapping[str, Any]
    dim: int
    input_px: int
    interpolation: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def is_hub_name(name: str) -> bool:
    """Whether ``name`` has the form of a model on the hub."""
    return NAMES.fullmatch(name) is not None and ".." not in name


def find_model(name: str, *, report: Report = silent, cancel: Cancel | None = None) -> HubModel:
    """A model of the hub, fetched and tried on first use.

    Raises
    ------
    UnknownNameError
        If ``name`` is not of the form ``timm:<name>`` or ``hf-hub:<owner>/<name>``, or timm has no such network.
    DownloadError
        If it cannot be fetched; the hint says how to ask for a gated one.
    ArtefactError
        If it is not a network of timm that gives one vector a picture, or its weights do not fit.
    Cancelled
        If ``cancel`` is set.
    """
    found = NAMES.fullmatch(name)
    if found is None or not is_hub_name(name):
        raise UnknownNameError(f"{name!r} names no model.", hint="Use timm:<name> or hf-hub:<owner>/<name>.")
    owner, model, revision = found[1] or "timm", found[2], found[3]
    at = f"@{revision.replace('/', '--')}" if revision else ""
    folder = settings().data_dir / "weights" / "hub" / f"{owner}--{model}{at}"
    if (card := _read_card(folder)) is not None:
        return card
    from survdash.sources.model_hub import fetch_model

    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(folder.name + ".lock")):
        path = fetch_model(f"{owner}/{model}", folder, revision=revision or "main", report=report, cancel=cancel)
        made = _try(path, name)
        write_json(folder / "card.json", asdict(made) | {"schema": SCHEMA, "path": path.name})
    return made


def _read_card(folder: Path) -> HubModel | None:
    """What was found out before; None where the files are not those any more."""
    try:
        values = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        if values.pop("schema") != SCHEMA or values["config"] != _config_digest(folder):
            return None
        values |= {"path": folder / values["path"], "mean": tuple(values["mean"]), "std": tuple(values["std"])}
        return HubModel(**values)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _config_digest(folder: Path) -> str:
    return digest({"config": (folder / "config.json").read_text(encoding="utf-8")})


def _try(path: Path, name: str) -> HubModel:
    """Build the network from its files, and see that it makes one vector of a picture."""
    import torch

    from survdash.features.trunks import build_trunk, fill_trunk

    values = _read_config(path.parent, name)
    trunk = build_trunk(f"timm:{values['architecture']}", values["arguments"]).eval()
    fill_trunk(trunk, path, keys="by name", complete=True)
    try:
        with torch.inference_mode():
            answer = trunk(torch.zeros(1, 3, values["input_px"], values["input_px"]))
    except (RuntimeError, ValueError, AssertionError, TypeError) as error:
        words = (str(error).splitlines() or [""])[0]
        raise ArtefactError(f"{name} does not take pictures of {values['input_px']} px: {words}.") from error
    if not isinstance(answer, torch.Tensor) or answer.ndim != 2 or not torch.isfinite(answer).all():
        raise ArtefactError(
            f"{name} does not give one vector of numbers a picture.",
            hint="Models that give a table of tokens, or that need code of their own, cannot be used by name.",
        )
    config = _config_digest(path.parent)
    return HubModel(path=path, sha256=file_sha256(path), config=config, dim=int(answer.shape[1]), **values)


def _read_config(folder: Path, name: str) -> dict[str, Any]:
    """How the network is built and its pictures are prepared, from ``config.json`` as timm writes it."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        arguments, prepared = dict(config.get("model_args") or {}), config.get("pretrained_cfg") or config
        size = prepared.get("input_size", [3, 224, 224])
        values: dict[str, Any] = {
            "architecture": str(config["architecture"]),
            "arguments": {key: value for key, value in arguments.items() if key != "num_classes"},
            "input_px": int(size[1]), "interpolation": str(prepared.get("interpolation", "bicubic")),
            "mean": _three(prepared["mean"]), "std": _three(prepared["std"]),
        }  # fmt: skip
        possible = size == [3, size[1], size[1]] and 16 <= size[1] <= LARGEST_SIDE and min(values["std"]) > 0
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise DownloadError(
            f"config.json of {name} is not what timm writes: {type(error).__name__} {error}.",
            hint="Models that timm can load carry the tag timm on the Hub.",
        ) from error
    refused = sorted(set(arguments) & set(REFUSED))
    if refused or not possible or values["interpolation"] not in INTERPOLATIONS:
        raise ArtefactError(
            f"config.json of {name} asks for what is not possible here: pictures of {size}, "
            f"{values['interpolation']}, arguments {refused or 'allowed'}.",
        )
    return values


def _three(values: object) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)  # type: ignore[attr-defined]
    return red, green, blue
