"""Why: shares as bars to either side, genes of a group, and the tiles on their slide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from survdash.errors import InputError
from survdash.figures.palette import HIGH, LOW, REFERENCE, dress
from survdash.figures.words import plain
from survdash.language import tr

ROW_PX = 26


def plot_shares(names: Sequence[str], shares: Sequence[float], *, told: Sequence[str] = ()) -> go.Figure:
    """Shares in a risk as bars, the first on top: to the right what raises it, to the left what lowers it.

    Parameters
    ----------
    names : sequence of N str
    shares : sequence of N float
    told : sequence of N str, optional
        What is said of each on hover.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If the columns differ in length.
    """
    names = [plain(name) for name in names]
    words = [plain(word) for word in told] or [""] * len(names)
    if not len(names) == len(shares) == len(words):
        raise InputError(f"{len(names)} names, {len(shares)} shares and {len(words)} words are not one table.")
    values = np.asarray(shares, float)
    figure = go.Figure()
    for label, look, mine in ((tr("lowers the risk"), LOW, values < 0), (tr("raises the risk"), HIGH, values >= 0)):
        places = np.flatnonzero(mine).tolist()
        figure.add_bar(
            x=values[places], y=places, orientation="h", name=label, customdata=[words[place] for place in places],
            text=[names[place] for place in places], textposition="none",
            marker={"color": look.colour, "pattern": {"shape": look.pattern, "fillmode": "overlay", "size": 6}},
            hovertemplate=f"%{{text}}: %{{x:+.3g}}, {label}<br>%{{customdata}}<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": REFERENCE, "width": 1})
    dress(figure, height_px=110 + ROW_PX * max(2, len(names)))
    figure.update_layout(margin={"l": 10}, bargap=0.25, showlegend=True)
    reach = 1.05 * float(np.abs(values).max(initial=1e-9))
    figure.update_xaxes(title=tr("Share in the risk score"), range=[-reach, reach])
    return figure.update_yaxes(
        tickmode="array", tickvals=list(range(len(names))), ticktext=list(names), range=[len(names) - 0.5, -0.5],
        automargin=True, showgrid=False,
    )  # fmt: skip


def plot_tiles(coords: np.ndarray, values: np.ndarray, *, title: str) -> go.Figure:
    """Tiles of one slide where they lie, coloured by how much each has of an equal share.

    Parameters
    ----------
    coords : ndarray, shape (M, 2)
        Top-left corners at level 0, on a grid.
    values : ndarray, shape (M,)
        Weights; they are shown in units of their mean, so that 1 is an equal share.
    title : str
        Of the colour bar.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If there is no tile, or the columns differ in length.
    """
    if len(coords) != len(values) or not len(values):
        raise InputError(f"{len(coords)} places and {len(values)} values are no map.")
    step = _grid_step(coords)
    columns, rows = np.round((coords - coords.min(axis=0)) / step).astype(int).T
    table = np.full((rows.max() + 1, columns.max() + 1), np.nan)
    mean = float(values.mean())
    table[rows, columns] = values / mean if mean else values
    figure = go.Figure(go.Heatmap(
        z=table, colorscale="Cividis", xgap=1, ygap=1, colorbar={"title": {"text": title, "side": "right"}},
        hovertemplate=tr("tile %{x}, %{y}: %{z:.2f} times an equal share<extra></extra>"), hoverongaps=False,
    ))  # fmt: skip
    dress(figure, height_px=420)
    figure.update_xaxes(visible=False)
    return figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x")


def _grid_step(coords: np.ndarray) -> float:
    """Distance of neighbouring tiles, from the corners themselves; 1 for a single tile."""
    gaps = np.concatenate([np.diff(np.unique(axis)) for axis in np.asarray(coords).T])
    return float(gaps.min()) if gaps.size else 1.0
