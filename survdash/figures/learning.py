"""How the loss fell in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from survdash.errors import InputError
from survdash.figures.palette import HIGH, LOW, REFERENCE, Look, dress
from survdash.language import tr


def plot_learning_curves(
    history: Sequence[Sequence[float]], inner: Sequence[Mapping[str, Any]] = (), *, height_px: int = 300
) -> go.Figure:
    """Mean training loss of each epoch, one line a network; and where a part was set aside, its loss and the choice.

    Parameters
    ----------
    history : sequence of sequence of float
        One row a network.
    inner : sequence of mapping
        ``training``, ``validation`` (loss of each epoch) and ``epochs`` (the number chosen), one a network; or none.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If nothing was trained by epochs.
    """
    if not any(history):
        raise InputError("This model was not trained by epochs: there is no learning curve.")
    figure = go.Figure()
    for number, row in enumerate(history):
        _line(figure, row, LOW, label=tr("training"), name=tr("network {number}", number=number + 1),
              first=number == 0)  # fmt: skip
    for number, one in enumerate(inner):
        _line(figure, one["validation"], HIGH, label=tr("patients set aside"),
              name=tr("network {number}", number=number + 1), first=number == 0)  # fmt: skip
        chosen = int(one["epochs"])
        figure.add_scatter(
            x=[chosen], y=[one["validation"][chosen - 1]], mode="markers", name=tr("epochs chosen"),
            legendgroup="chosen", showlegend=number == 0, marker={"color": REFERENCE, "symbol": "diamond", "size": 9},
            hovertemplate=tr("network {number}: {chosen} epochs chosen<extra></extra>", number=number + 1,
                             chosen=chosen),
        )  # fmt: skip
    dress(figure, height_px=height_px)
    figure.update_xaxes(title=tr("Epoch"))
    return figure.update_yaxes(title=tr("Mean loss"))


def _line(figure: go.Figure, losses: Sequence[float], look: Look, *, label: str, name: str, first: bool) -> None:
    figure.add_scatter(
        x=list(range(1, len(losses) + 1)), y=list(losses), mode="lines", name=label, legendgroup=label,
        showlegend=first, line={"color": look.colour, "dash": look.dash, "width": 1.5}, opacity=0.7,
        hovertemplate=tr("{name}, {label}: %{{y:.3f}} after epoch %{{x}}<extra></extra>", name=name, label=label),
    )  # fmt: skip
