"""How a model is trained: everything that, with the data, decides the result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from survdash.errors import InputError
from survdash.nets.registry import MODALITIES, check_modalities, check_options, get

DEFAULT_BINS = 4
# What means nothing to a model that is no network, and how it is left.
ONLY_NETWORKS: Mapping[str, object] = {"stop": "last", "loss": "nll", "seeds": 1, "max_tiles": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Model, modalities, and training constants; the defaults are the paper's.

    Parameters
    ----------
    model : str
        Name in the registry.
    modalities : tuple of str
        Of "genes", "slide" and "clinical", what the model looks at.
    epochs, learning_rate, weight_decay, batch_cases, bins
        Adam; one optimiser step per ``batch_cases`` cases; the Cox loss has no ``bins``.
    stop : {"last", "inner"}
        "last": the last epoch is the model. "inner": the epoch with the lowest loss on a fifth of the training patients
        says how many epochs all of them are then trained for. The held-out fold chooses nothing in either case.
    loss : {"nll", "cox"}
        Likelihood of the discrete time bins (Zhang 2025, eq. 19), or Cox's partial likelihood over the batch.
    seeds : int
        Networks a fold, each with chance of its own; the fold's curve is their mean.
    max_tiles : int, optional
        Tiles of each case that an epoch looks at, drawn anew each epoch; all by default, and always all in prediction.
    made_folds : int
        Folds that are made anew, stratified by event; 0 for those that the cohort came with.
    by_site : bool
        Made folds never have a hospital on both sides.
    penalty : float
        Ridge penalty of the Cox model, around which late fusion tries others, and by which those of linear paths are
        multiplied; no other model reads it.
    options : mapping
        Switches of the network, see its class; one that is not named is as it usually is.

    Raises
    ------
    InputError
        If the model cannot use these modalities or needs another beside them, or a number cannot be.
    """

    model: str
    modalities: tuple[str, ...]
    seed: int = 0
    epochs: int = 20
    learning_rate: float = 2e-4
    weight_decay: float = 1e-5
    batch_cases: int = 32
    bins: int = DEFAULT_BINS
    stop: Literal["last", "inner"] = "last"
    loss: Literal["nll", "cox"] = "nll"
    seeds: int = 1
    max_tiles: int | None = None
    made_folds: int = 0
    by_site: bool = False
    penalty: float = 1.0
    options: Mapping[str, str | float | int | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        spec = get(self.model)
        check_modalities(self.model, self.modalities)
        ordered = tuple(name for name in MODALITIES if name in self.modalities)
        object.__setattr__(self, "modalities", ordered)
        if self.epochs < 1 or self.batch_cases < 1 or self.bins < 2:
            raise InputError("Training needs at least one epoch, one case a step and two time bins.")
        for name in ("learning_rate", "weight_decay", "penalty"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0) or (name == "learning_rate" and value == 0):
                raise InputError(f"The {name.replace('_', ' ')} cannot be {value}.", hint="Give a number above zero.")
        self._check_choices()
        if spec.fitter == "gradient":
            check_options(self.model, self.options)
            return
        given = [*self.options, *(name for name in ONLY_NETWORKS if getattr(self, name) != ONLY_NETWORKS[name])]
        if given:
            raise InputError(f"{spec.title} has no options; given: {', '.join(given)}.")

    def _check_choices(self) -> None:
        for name, known in (("stop", ("last", "inner")), ("loss", ("nll", "cox"))):
            if getattr(self, name) not in known:
                raise InputError(f"The {name} cannot be {getattr(self, name)!r}.", hint=f"Known: {', '.join(known)}.")
        if self.seeds < 1 or (self.max_tiles is not None and self.max_tiles < 1):
            raise InputError("An ensemble needs at least one seed, and an epoch at least one tile a case.")
        if self.made_folds < 0 or self.made_folds == 1 or (self.by_site and not self.made_folds):
            raise InputError("Folds to be made must be at least two; only made folds can go by site.")

    @property
    def allows_missing(self) -> bool:
        """True where the network has learnt what stands in for a missing modality."""
        return self.options.get("stand_ins") is True

    def run_name(self, available: tuple[str, ...]) -> str:
        """Name of the run: the model, its modalities where it looks at fewer than it could, and what it does without.

        Parameters
        ----------
        available : tuple of str
            Modalities of the cohort.
        """
        parts = [self.model]
        spec = get(self.model)
        unasked = (*available, "clinical") if spec.with_clinical else available
        if self.modalities != tuple(name for name in spec.modalities if name in unasked):
            parts += self.modalities
        return "-".join([*parts, *(f"without-{name}" for name in self.left_out()), *self.differences()])

    def left_out(self) -> tuple[str, ...]:
        """Parts of the network that it does without."""
        return tuple(name for name, value in self._unusual_options().items() if value is False)

    def differences(self) -> list[str]:
        """What else sets the run apart from the usual training, so that it does not replace that run."""
        parts = [
            name.replace("_", "-") if value is True else f"{name.replace('_', '-')}-{value}"
            for name, value in self._unusual_options().items() if value is not False
        ]
        if self.loss == "cox":
            parts.append("cox-loss")
        elif self.bins != DEFAULT_BINS:
            parts.append(f"{self.bins}-bins")
        if self.stop == "inner":
            parts.append("inner-stop")
        if self.seeds > 1:
            parts.append(f"{self.seeds}-seeds")
        if self.max_tiles is not None:
            parts.append(f"{self.max_tiles}-tiles")
        if self.made_folds:
            parts.append(f"{self.made_folds}-folds" + ("-by-site" if self.by_site else ""))
        return parts

    def _unusual_options(self) -> dict[str, object]:
        """The options that are not as they usually are, by alphabet."""
        known = get(self.model).switches
        return {name: value for name, value in sorted(self.options.items()) if value != known[name].usual}

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return {**asdict(self), "modalities": list(self.modalities), "options": dict(self.options)}


def recipe_from_json(values: Mapping[str, object]) -> Recipe:
    """The recipe that ``to_json`` wrote; what an older survdash did not write is as it was then, the default."""
    parts = dict(values)
    return Recipe(**{**parts, "modalities": tuple(parts["modalities"])})  # type: ignore[arg-type]
