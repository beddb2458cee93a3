"""How a model is trained: everything that, with the data, decides the result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from survdash.errors import InputError
from survdash.nets.registry import MODALITIES, check_modalities, check_options, get


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Model, modalities, and training constants; the defaults are the paper's.

    Parameters
    ----------
    model : str
        Name in the registry.
    modalities : tuple of str
        Of "genes" and "slide", what the model looks at.
    epochs, learning_rate, weight_decay, batch_cases, bins
        Adam; one optimiser step per ``batch_cases`` cases; the last epoch is the model.
    penalty : float
        Ridge penalty of the Cox model; no other model reads it.
    options : mapping
        Switches of the network, see its class.

    Raises
    ------
    InputError
        If the model cannot use these modalities, or needs another beside them.
    """

    model: str
    modalities: tuple[str, ...]
    seed: int = 0
    epochs: int = 20
    learning_rate: float = 2e-4
    weight_decay: float = 1e-5
    batch_cases: int = 32
    bins: int = 4
    penalty: float = 1.0
    options: Mapping[str, float | int | bool] = field(default_factory=dict)

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
        if spec.fitter == "gradient":
            check_options(self.model, self.options)
        elif self.options:
            raise InputError(f"{spec.title} has no options; given: {', '.join(self.options)}.")

    def run_name(self, available: tuple[str, ...]) -> str:
        """Name of the run: the model, its modalities where it looks at fewer than it could, and what it does without.

        Parameters
        ----------
        available : tuple of str
            Modalities of the cohort.
        """
        parts = [self.model]
        if self.modalities != tuple(name for name in get(self.model).modalities if name in available):
            parts += self.modalities
        left_out = sorted(name for name, value in self.options.items() if value is False)
        return "-".join([*parts, *(f"without-{name}" for name in left_out)])

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return {**asdict(self), "modalities": list(self.modalities), "options": dict(self.options)}


def recipe_from_json(values: Mapping[str, object]) -> Recipe:
    """The recipe that ``to_json`` wrote."""
    parts = dict(values)
    return Recipe(**{**parts, "modalities": tuple(parts["modalities"])})  # type: ignore[arg-type]
