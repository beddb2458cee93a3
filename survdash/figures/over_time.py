"""All methods over time: the AUC at horizons, and the Brier score against knowing nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from survdash.figures.palette import REFERENCE, dress, looks
from survdash.language import tr
from survdash.statistics.prediction_error import BrierScore
from survdash.statistics.time_auc import TimeAuc

MOST_LOOKS = 6  # colours and symbols; from there on symbols are open
SPREAD = 1.6  # months between the marks of two methods at one horizon


def plot_time_auc(methods: Mapping[str, TimeAuc]) -> go.Figure:
    """AUC of each method at each horizon with its interval; methods stand side by side, chance is a line.

    Parameters
    ----------
    methods : mapping
        Title to its values; a horizon without a value is left out.

    Returns
    -------
    Figure
    """
    figure = go.Figure()
    for place, (title, look) in enumerate(looks(methods).items()):
        found = methods[title]
        known = np.isfinite(found.values)
        value = found.values[known]
        figure.add_scatter(
            x=found.times[known] + SPREAD * (place - (len(methods) - 1) / 2), y=value, mode="markers", name=title,
            marker={"color": look.colour, "symbol": look.symbol + ("-open" if place >= MOST_LOOKS else ""), "size": 9},
            customdata=np.stack([found.times[known], found.low[known], found.high[known]], axis=-1),
            error_y={"type": "data", "symmetric": False, "color": look.colour, "thickness": 1.5, "width": 3,
                     "array": found.high[known] - value, "arrayminus": value - found.low[known]},
            hovertemplate=tr("%{customdata[0]:.0f} months: %{y:.3f} (%{customdata[1]:.3f} to %{customdata[2]:.3f})")
            + "<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.add_hline(y=0.5, line={"color": REFERENCE, "dash": "dot"}, annotation_text=tr("chance"))
    dress(figure, height_px=420)
    _room_for_names(figure, len(methods))
    ticks = sorted({float(time) for found in methods.values() for time in found.times})
    figure.update_xaxes(title=tr("Months since diagnosis"), tickmode="array", tickvals=ticks)
    return figure.update_yaxes(title=tr("AUC, 95 % CI"))


def plot_brier(methods: Mapping[str, BrierScore]) -> go.Figure:
    """Brier score of each method over time, and that of everybody's Kaplan-Meier curve; lower is better.

    Parameters
    ----------
    methods : mapping
        Title to its scores, all of the same patients.

    Returns
    -------
    Figure
        First the Kaplan-Meier reference.
    """
    figure = go.Figure()
    reference = next(iter(methods.values()))
    figure.add_scatter(
        x=reference.times, y=reference.reference, mode="lines", name=tr("Kaplan–Meier, knowing nothing of the patient"),
        line={"color": REFERENCE, "dash": "dot", "width": 2}, hovertemplate="%{x:.0f}: %{y:.3f}<extra></extra>",
    )  # fmt: skip
    for title, look in looks(methods).items():
        found = methods[title]
        figure.add_scatter(
            x=found.times, y=found.values, mode="lines", name=title,
            line={"color": look.colour, "dash": look.dash, "width": 2},
            hovertemplate=tr("%{x:.0f} months: %{y:.3f}") + "<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    dress(figure, height_px=420)
    _room_for_names(figure, len(methods) + 1)
    figure.update_xaxes(title=tr("Months since diagnosis"))
    return figure.update_yaxes(title=tr("Brier score (lower is better)"), rangemode="tozero")


def _room_for_names(figure: go.Figure, count: int) -> None:
    """Long names of methods stand one below the other, under the drawing."""
    figure.update_layout(
        legend={"orientation": "v", "yanchor": "top", "y": -0.2, "x": 0}, height=figure.layout.height + 22 * count,
        margin={"b": 60 + 22 * count},
    )  # fmt: skip
