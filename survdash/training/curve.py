"""How the loss fell while a network was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerStop:
    """How the number of epochs was chosen, on a fifth of the training patients.

    Mean loss of each epoch over the other four fifths, which were trained on, and over that fifth, which was not; and
    the number of epochs (from 1) after which the latter was lowest.
    """

    training: tuple[float, ...]
    validation: tuple[float, ...]
    epochs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Mean training loss of each epoch of the network that was kept, and how their number was chosen if it was."""

    training: tuple[float, ...] = ()
    inner: InnerStop | None = None


def curve_from_json(values: Mapping[str, Any]) -> Curve:
    """The curve that was written as plain JSON values."""
    inner = values["inner"]
    return Curve(
        training=tuple(values["training"]),
        inner=None if inner is None else InnerStop(
            training=tuple(inner["training"]), validation=tuple(inner["validation"]), epochs=inner["epochs"]
        ),
    )
