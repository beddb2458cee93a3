"""Predicted against observed risk."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from survdash.figures.palette import HIGH, LOW, REFERENCE, dress
from survdash.language import tr
from survdash.statistics.calibration import Calibration, SmoothCalibration


def plot_calibration(found: Calibration, smooth: SmoothCalibration | None) -> go.Figure:
    """Groups of patients by predicted risk, what became of them, and the smooth curve; on the diagonal all is right.

    Parameters
    ----------
    found : Calibration
        A group that was not followed to the horizon is left out.
    smooth : SmoothCalibration or None

    Returns
    -------
    Figure
        Both axes from 0 to 1.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", name=tr("as predicted"), line={"color": REFERENCE, "dash": "dot", "width": 1},
        hoverinfo="skip",
    )  # fmt: skip
    if smooth is not None:
        figure.add_scatter(
            x=smooth.predicted, y=smooth.observed, mode="lines", name=tr("smoothed"),
            line={"color": HIGH.colour, "width": 2, "dash": HIGH.dash},
            hovertemplate=tr("predicted %{x:.0%}: seen %{y:.0%}<extra></extra>"),
        )  # fmt: skip
    known = np.isfinite(found.observed)
    observed = found.observed[known]
    figure.add_scatter(
        x=found.predicted[known], y=observed, mode="markers",
        name=tr("groups, {level:g} % CI", level=100 * found.level),
        marker={"color": LOW.colour, "size": 9}, customdata=found.sizes[known],
        error_y={
            "type": "data", "symmetric": False, "color": LOW.colour, "thickness": 1.5, "width": 4,
            "array": np.nan_to_num(found.high[known] - observed),
            "arrayminus": np.nan_to_num(observed - found.low[known]),
        },
        hovertemplate=tr("%{customdata} patients: predicted %{x:.0%}, seen %{y:.0%}<extra></extra>"),
    )  # fmt: skip
    dress(figure, height_px=420)
    room = {"range": [-0.03, 1.03], "tickformat": ".0%", "tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1]}
    figure.update_xaxes(title=tr("Predicted to die within {horizon:g} months", horizon=found.horizon), **room)
    return figure.update_yaxes(title=tr("Died (Kaplan–Meier)"), **room)
