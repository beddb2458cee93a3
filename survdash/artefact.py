"""A trained model on disk: what it is (card), how good (evaluation), what it said (predictions), its folds' numbers.

A folder holds ``card.json``, ``evaluation.json``, ``predictions.parquet`` (out of fold), one
``fold_<k>.safetensors`` a fold and, where it was stored, ``references.safetensors``: what a case is compared with.
Nothing in it can run code: JSON, Parquet and safetensors hold numbers and text. The card lists the SHA-256 of every
other file, and a file that does not fit is refused. Reading what is stored costs no torch; only ``load_folds`` of a
network does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from survdash import __version__
from survdash.case import BagOrigin
from survdash.errors import ArtefactError, InputError, SurvdashError
from survdash.genes import GenePanel
from survdash.language import later
from survdash.store import digest, file_sha256, new_file, new_folder, write_json
from survdash.training.recipe import Recipe, recipe_from_json

if TYPE_CHECKING:
    from survdash.training.fold_model import FoldModel

SCHEMA = 1
REFERENCES, PREDICTIONS = "references.safetensors", "predictions.parquet"
INTENDED_USE = later("For research use only. Not for use in diagnostic procedures.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Card:
    """What a trained model is.

    Parameters
    ----------
    name : str
        ``<cohort>-<run>``, unique on this machine.
    cohort, run, title : str
    simulated : bool
        True when it was trained on patients that never lived.
    endpoint : str
    recipe : Recipe
    cases, events : int
        Patients with a prediction, and deaths among them.
    cohort_digest : str
    bag_origin : BagOrigin or None
        Encoder of the bags it was trained on; others are refused.
    panel : GenePanel or None
    months : int
        Curves are given at 0, 1, ... ``months``; nothing is said beyond.
    parameters : int
    seconds : float
    folds : tuple of int
    history : tuple of tuple of float
        Mean training loss of each epoch, one row a network: fold by fold, in each the seeds.
    files : mapping
        File name to SHA-256.
    clinical : tuple of str
        How clinical facts enter and how often they are missing, in words; empty where the model does not look at them.
    about : mapping
        What a reader must know of a model that comes with survdash: data and their terms, metrics with intervals,
        calibration, subgroups, known failures; plain JSON, empty for a model that was trained here.
    software : str
    """

    name: str
    cohort: str
    run: str
    title: str
    simulated: bool
    endpoint: str
    recipe: Recipe
    cases: int
    events: int
    cohort_digest: str
    bag_origin: BagOrigin | None
    panel: GenePanel | None
    months: int
    parameters: int
    seconds: float
    folds: tuple[int, ...]
    history: tuple[tuple[float, ...], ...]
    files: Mapping[str, str]
    clinical: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    software: str = __version__

    @property
    def version(self) -> str:
        """Twelve hex digits that change when any file of the model changes."""
        return digest({"files": dict(self.files)})[:12]

    @property
    def modalities(self) -> tuple[str, ...]:
        """What the model looks at."""
        return self.recipe.modalities

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        values: dict[str, object] = {one.name: getattr(self, one.name) for one in fields(self)}
        return values | {
            "schema": SCHEMA, "intended_use": INTENDED_USE, "version": self.version, "recipe": self.recipe.to_json(),
            "bag_origin": None if self.bag_origin is None else self.bag_origin.to_json(),
            "panel": None if self.panel is None else _panel_to_json(self.panel), "files": dict(self.files),
            "about": dict(self.about),
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Artefact:
    """A trained model's folder, its card read and checked."""

    folder: Path
    card: Card

    @property
    def has_predictions(self) -> bool:
        """False where it came without its patients: then only ``reference_risks`` is known of their risks."""
        return PREDICTIONS in self.card.files

    @property
    def has_weights(self) -> bool:
        """False where it came as figures alone, and cannot predict."""
        return all(f"fold_{number}.safetensors" in self.card.files for number in self.card.folds)

    @property
    def bends_expression(self) -> bool:
        """Whether its weights' rules bend expression (``training.power``); those of before that was done do not."""
        from safetensors import safe_open

        with safe_open(self.file(f"fold_{self.card.folds[0]}.safetensors"), framework="numpy") as file:
            return "genes.power" in set(file.keys())

    def evaluation(self) -> dict[str, Any]:
        """Metrics of the out-of-fold predictions."""
        values: dict[str, Any] = json.loads(self.file("evaluation.json").read_text(encoding="utf-8"))
        return values

    def predictions(self) -> pd.DataFrame:
        """Out-of-fold predictions: ``case_id``, ``fold``, ``risk``, ``survival``, ``low``, ``high`` (lists).

        Raises
        ------
        ArtefactError
            If the model came without its patients.
        """
        if not self.has_predictions:
            raise ArtefactError(f"Model {self.card.name} came without its patients' predictions.",
                                hint="Import its cohort: they are then computed anew.")  # fmt: skip
        return pd.read_parquet(self.file(PREDICTIONS))

    def percentile(self, risk: float) -> float:
        """Rank of a risk among the cohort's out-of-fold risks in 0..100, from their quantiles where only these are."""
        if self.has_predictions:
            return percentile_of(risk, self.predictions()["risk"].to_numpy())
        quantiles = np.asarray(self.evaluation()["aggregates"]["risk_quantiles"], float)
        return float(np.interp(risk, quantiles, np.linspace(0, 100, quantiles.size)))

    def references(self) -> dict[str, np.ndarray] | None:
        """What a case is compared with (``survdash.explanation.references``); None where it was not stored."""
        if REFERENCES not in self.card.files:
            return None
        from safetensors.numpy import load_file

        arrays: dict[str, np.ndarray] = load_file(self.file(REFERENCES))
        return arrays

    def file(self, name: str) -> Path:
        """Path of one file after its hash was compared with the card's.

        Raises
        ------
        ArtefactError
            If it is missing or changed.
        """
        path = self.folder / name
        if not path.is_file() or file_sha256(path) != self.card.files.get(name):
            raise ArtefactError(
                f"{name} of model {self.card.name} is missing or is not what its card says.",
                hint="Train the model again, or restore its folder.",
            )
        return path


def percentile_of(risk: float, reference: np.ndarray) -> float:
    """Rank of ``risk`` among (N,) reference risks in 0..100; ties count half."""
    return float(100 * ((reference < risk).sum() + (reference <= risk).sum()) / (2 * reference.size))


def percentiles_of(risk: np.ndarray) -> np.ndarray:
    """Rank of each of (N,) risks among all of them, as ``percentile_of``, in one sort."""
    ordered = np.sort(risk)
    below, upto = np.searchsorted(ordered, risk, side="left"), np.searchsorted(ordered, risk, side="right")
    return np.asarray(100 * (below + upto) / (2 * risk.size))


def read_artefact(folder: Path) -> Artefact:
    """Read and check the card of a model's folder.

    Raises
    ------
    ArtefactError
        If the card is missing, malformed or of a newer schema.
    """
    try:
        values = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        if values["schema"] > SCHEMA:
            raise ArtefactError(f"{folder.name} has model schema {values['schema']}; this survdash reads {SCHEMA}.")
        origin, panel = values["bag_origin"], values["panel"]
        values |= {
            "recipe": recipe_from_json(values["recipe"]),
            "bag_origin": None if origin is None else BagOrigin(**origin),
            "panel": None if panel is None else _panel_from_json(panel),
            "folds": tuple(values["folds"]), "history": tuple(tuple(row) for row in values["history"]),
            "clinical": tuple(values.get("clinical", ())),  # cards written before clinical facts do not say
        }
        values |= {"about": values.get("about", {})}
        card = Card(**{one.name: values[one.name] for one in fields(Card)})
    except (OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, ArtefactError):
            raise
        raise ArtefactError(f"{folder.name}/card.json is missing or malformed.", hint="Train it again.") from error
    return Artefact(folder=folder, card=card)


def write_artefact(
    folder: Path, card: Card, *, evaluation: Mapping[str, object], predictions: pd.DataFrame, folds: list[FoldModel]
) -> Artefact:
    """Write a model's folder, whole or not at all; the card's ``files`` are filled in here.

    Raises
    ------
    InputError
        If ``folder`` holds something else than a model, which would be lost.
    """
    check_model_folder(folder)
    from safetensors.numpy import save

    from survdash.training.fold_arrays import to_arrays

    with new_folder(folder) as temporary:
        write_json(temporary / "evaluation.json", evaluation)
        predictions.to_parquet(temporary / PREDICTIONS, index=False, compression="zstd")
        for number, fold in zip(card.folds, folds, strict=True):
            (temporary / f"fold_{number}.safetensors").write_bytes(save(to_arrays(fold)))
        hashes = {path.name: file_sha256(path) for path in sorted(temporary.iterdir())}
        card = replace(card, files=hashes)
        write_json(temporary / "card.json", card.to_json())
    return Artefact(folder=folder, card=card)


def write_without_patients(
    folder: Path, card: Card, *, evaluation: Mapping[str, object], folds: list[FoldModel],
    references: Mapping[str, np.ndarray],
) -> Artefact:
    """Write a model's folder with nothing of a single patient in it, whole or not at all.

    Parameters
    ----------
    folds : list of FoldModel
        Empty for a model that comes as figures alone; hazards are made to step at whole months.
    references : mapping
        What a case is compared with, summed up.
    """
    check_model_folder(folder)
    from safetensors.numpy import save

    from survdash.training.fold_arrays import to_arrays, without_times

    with new_folder(folder) as temporary:
        write_json(temporary / "evaluation.json", evaluation)
        for number, fold in zip(card.folds, folds, strict=bool(folds)):
            (temporary / f"fold_{number}.safetensors").write_bytes(save(without_times(to_arrays(fold))))
        if references and folds:
            ordered = {name: np.asarray(array, order="C") for name, array in references.items()}
            (temporary / REFERENCES).write_bytes(save(ordered))
        card = replace(card, files={path.name: file_sha256(path) for path in sorted(temporary.iterdir())})
        write_json(temporary / "card.json", card.to_json())
    return Artefact(folder=folder, card=card)


def write_references(artefact: Artefact, arrays: Mapping[str, np.ndarray]) -> Artefact:
    """Store what a case is compared with beside a trained model, and name it in the card: a new version of the model.

    Until the card is written, last, the model is what it was: a file that the card does not name is not read.
    """
    from safetensors.numpy import save

    with new_file(artefact.folder / REFERENCES) as temporary:
        temporary.write_bytes(save({name: np.asarray(array, order="C") for name, array in arrays.items()}))
        sha256 = file_sha256(temporary)
    card = replace(artefact.card, files={**artefact.card.files, REFERENCES: sha256})
    write_json(artefact.folder / "card.json", card.to_json())
    return Artefact(folder=artefact.folder, card=card)


def check_arrays(path: Path) -> None:
    """Read every array of a safetensors file.

    Raises
    ------
    ArtefactError
        If the file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118, no mapping
                file.get_tensor(name)
    except SafetensorError as error:
        raise ArtefactError(f"{path.name} is damaged.", hint="Make it anew.") from error


def check_model_folder(folder: Path) -> None:
    """Refuse a place where a model cannot be written without loss.

    Raises
    ------
    InputError
        If ``folder`` is a file, or a folder with something else than a model in it.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file.", hint="Name a folder for the model.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "card.json").is_file():
        raise InputError(f"{folder} holds other files; a model takes a folder of its own.", hint="Name a new folder.")


def load_folds(artefact: Artefact) -> list[FoldModel]:
    """The fold models, ready to score, on the CPU.

    Raises
    ------
    ArtefactError
        If a file does not fit the card.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    from survdash.training.fold_arrays import from_arrays

    card = artefact.card
    if not artefact.has_weights:
        raise ArtefactError(f"Model {card.name} came as figures alone and cannot predict.",
                            hint=f"Train it: python -m survdash crossval {card.cohort} --model {card.recipe.model}")
    try:
        groups, tile_dim = _group_positions(card.panel), None if card.bag_origin is None else card.bag_origin.dim
        return [
            from_arrays(
                load_file(artefact.file(f"fold_{number}.safetensors")), recipe=card.recipe, groups=groups,
                tile_dim=tile_dim,
            )
            for number in card.folds
        ]
    except SurvdashError:
        raise
    except (SafetensorError, LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        # Its hashes fit, so somebody made it so: RuntimeError is torch's, for weights of another shape.
        raise ArtefactError(f"The weights of model {card.name} do not fit its card ({type(error).__name__}).",
                            hint="Train the model again, or restore its folder.") from error  # fmt: skip


def _panel_to_json(panel: GenePanel) -> dict[str, object]:
    # Pairs: JSON is written with sorted keys, and a network knows its groups by their order.
    return asdict(panel) | {"groups": [[title, list(columns)] for title, columns in panel.groups.items()]}


def _panel_from_json(values: Mapping[str, Any]) -> GenePanel:
    groups = {title: tuple(columns) for title, columns in values["groups"]}
    numbers = {name: tuple(values[name]) for name in ("mean", "std", "low", "high")}
    return GenePanel(columns=tuple(values["columns"]), groups=groups, **numbers)


def _group_positions(panel: GenePanel | None) -> tuple[np.ndarray, ...]:
    if panel is None:
        return ()
    place = {name: position for position, name in enumerate(panel.columns)}
    return tuple(np.array([place[name] for name in members]) for members in panel.groups.values())
