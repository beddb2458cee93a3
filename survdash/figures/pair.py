"""Two models over the same patients: where they agree, and where they part."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from survdash.figures.palette import HIGH, LOW, REFERENCE, dress
from survdash.figures.words import plain
from survdash.language import tr

MOST_IN_SVG = 3000  # above, points are drawn by WebGL


def plot_pair(
    first: np.ndarray, second: np.ndarray, event: np.ndarray, *, names: tuple[str, str], case_ids: np.ndarray
) -> go.Figure:
    """Percentile of each patient by one model against that by the other.

    Parameters
    ----------
    first, second : ndarray, shape (N,)
        Percentiles, 0 to 100.
    event : ndarray, shape (N,)
        bool: died.
    names : tuple of str
        Of the two models.
    case_ids : ndarray, shape (N,)

    Returns
    -------
    Figure
        Those alive as open circles, those who died as filled diamonds; on the diagonal both say the same.
    """
    figure = go.Figure()
    figure.add_scatter(x=[0, 100], y=[0, 100], mode="lines", showlegend=False, hoverinfo="skip",
                       line={"color": REFERENCE, "dash": "dot", "width": 1})  # fmt: skip
    draw = go.Scattergl if len(first) > MOST_IN_SVG else go.Scatter
    for label, look, symbol, mine in ((tr("alive when last seen"), LOW, "circle-open", ~event),
                                      (tr("died"), HIGH, "diamond", event)):  # fmt: skip
        figure.add_trace(draw(
            x=first[mine], y=second[mine], mode="markers", name=f"{label} (n = {int(mine.sum()):,})",
            text=[plain(str(one)) for one in case_ids[mine]],
            marker={"color": look.colour, "symbol": symbol, "size": 7, "opacity": 0.75},
            hovertemplate="%{text}: %{x:.0f} / %{y:.0f}<extra></extra>",
        ))  # fmt: skip
    dress(figure, height_px=460)
    room = {"range": [-3, 103], "tickvals": [0, 20, 40, 60, 80, 100]}
    figure.update_xaxes(title=tr("Percentile by {model}", model=names[0]), **room)
    return figure.update_yaxes(title=tr("Percentile by {model}", model=names[1]), **room)
