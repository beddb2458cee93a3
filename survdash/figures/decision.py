"""Would acting on the predicted risk do more good than harm? Net benefit over thresholds."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from survdash.figures.palette import HIGH, LOW, REFERENCE, dress
from survdash.language import tr
from survdash.statistics.decision_curve import DecisionCurve

DEEPEST = -0.1  # treating all falls without end; below this it only squeezes the rest


def plot_decision(found: DecisionCurve) -> go.Figure:
    """Net benefit of treating by the model, of treating everybody and of treating nobody.

    Parameters
    ----------
    found : DecisionCurve

    Returns
    -------
    Figure
        Thresholds from 0 to 1; the axis of benefits ends a little below 0.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 0], mode="lines", name=tr("treat nobody"), hoverinfo="skip",
        line={"color": REFERENCE, "dash": "dot", "width": 1},
    )  # fmt: skip
    figure.add_scatter(
        x=found.thresholds, y=found.everybody, mode="lines", name=tr("treat everybody"),
        line={"color": HIGH.colour, "dash": HIGH.dash, "width": 2},
        hovertemplate=tr("from %{x:.0%}: %{y:.3f}") + "<extra></extra>",
    )  # fmt: skip
    known = np.isfinite(found.model)
    figure.add_scatter(
        x=found.thresholds[known], y=found.model[known], mode="lines", name=tr("treat by the model"),
        customdata=found.treated[known], line={"color": LOW.colour, "width": 2},
        hovertemplate=tr("from %{x:.0%}: %{y:.3f}, %{customdata} treated") + "<extra></extra>",
    )  # fmt: skip
    dress(figure, height_px=360)
    top = float(max(found.everybody.max(initial=0.0), np.nanmax(found.model, initial=0.0), 0.05))
    figure.update_xaxes(
        title=tr("Risk of dying within {months:g} months from which one would treat", months=found.horizon),
        tickformat=".0%", range=[0, 1],
    )  # fmt: skip
    return figure.update_yaxes(title=tr("Net benefit"), range=[DEEPEST, 1.08 * top])
