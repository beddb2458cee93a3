"""Probabilities as people: of a hundred, how many are alive at each horizon."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from survdash.errors import InputError
from survdash.figures.palette import HIGH, LOW, dress
from survdash.figures.words import years
from survdash.language import tr

SIDE = 10
PEOPLE = SIDE**2
HEIGHT_PX = 215


def plot_of_100(shares: Mapping[int, float]) -> go.Figure:
    """A hundred people for each horizon: a full circle for each who is alive, an open cross for each who is not.

    Told apart by their form, so that no colour is needed; the number stands above.

    Parameters
    ----------
    shares : mapping
        Month to the probability of being alive.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If there is no horizon, or a share is none.
    """
    if not shares or not all(0 <= share <= 1 for share in shares.values()):
        raise InputError("People are drawn for shares between 0 and 1.", hint="Give at least one horizon.")
    titles = [f"<b>{round(PEOPLE * share)}</b><br>{years(month)}" for month, share in shares.items()]
    figure = make_subplots(rows=1, cols=len(shares), subplot_titles=titles, horizontal_spacing=0.06)
    for column, share in enumerate(shares.values(), start=1):
        alive = round(PEOPLE * share)
        for name, places, marker in (
            (tr("alive"), range(alive), {"symbol": "circle", "color": LOW.colour}),
            (tr("died"), range(alive, PEOPLE), {"symbol": "x-thin", "color": HIGH.colour,
                                                "line": {"color": HIGH.colour, "width": 1.5}}),
        ):  # fmt: skip
            figure.add_scatter(
                x=[place % SIDE for place in places], y=[place // SIDE for place in places], mode="markers", name=name,
                marker={"size": 7, **marker}, legendgroup=name, showlegend=column == 1, hoverinfo="skip", row=1,
                col=column,
            )  # fmt: skip
    dress(figure, height_px=HEIGHT_PX)
    figure.update_layout(
        margin={"l": 4, "r": 4, "t": 46, "b": 26}, legend={"y": -0.02, "yanchor": "top", "x": 0.5, "xanchor": "center"}
    )
    figure.update_annotations(font_size=15)
    figure.update_xaxes(visible=False, range=[-0.7, SIDE - 0.3], fixedrange=True)
    return figure.update_yaxes(visible=False, range=[SIDE - 0.3, -0.7], fixedrange=True)
