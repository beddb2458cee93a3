"""Of what patients die when causes compete: cumulative incidence by risk group."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from survdash.figures.palette import dress, looks
from survdash.language import later, tr
from survdash.statistics.competing_risks import Incidence

CAUSES = {1: later("of this cancer"), 2: later("of something else")}
WIDTHS = {1: 3, 2: 1.5}


def plot_incidence(groups: Mapping[str, Incidence], *, horizon_months: float) -> go.Figure:
    """Share that has died of each cause over time; the cancer thick, all else thin with marks.

    Parameters
    ----------
    groups : mapping
        Risk group to its incidences of causes 1 (the cancer) and 2 (something else).
    horizon_months : float

    Returns
    -------
    Figure
    """
    figure = go.Figure()
    for label, look in looks(groups).items():
        found = groups[label]
        for place, cause in enumerate(found.causes):
            inside = found.time <= horizon_months
            x = np.concatenate([[0.0], found.time[inside]])
            y = np.concatenate([[0.0], found.incidence[place][inside]])
            figure.add_scatter(
                x=x, y=y, mode="lines", line_shape="hv", name=f"{tr(label)}: {tr(CAUSES[cause])}",
                line={"color": look.colour, "dash": look.dash if cause == 1 else "dot", "width": WIDTHS[cause]},
                hovertemplate=tr("%{y:.0%} died by %{x:.0f} months") + f" {tr(CAUSES[cause])}<extra></extra>",
            )  # fmt: skip
    dress(figure, height_px=400)
    figure.update_layout(margin={"t": 60})
    figure.update_xaxes(title=tr("Months since diagnosis"), range=[0, horizon_months])
    return figure.update_yaxes(title=tr("Share that has died"), tickformat=".0%", rangemode="tozero")
