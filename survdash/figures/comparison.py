"""All models on the same folds, side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from survdash.errors import InputError
from survdash.figures.palette import HIGH, LOW, REFERENCE, dress
from survdash.language import tr
from survdash.retelling import retell

LINE_PX = 15  # of a method's name
COLUMNS = ("title", "mean", "low", "high")


def plot_forest(table: pd.DataFrame) -> go.Figure:
    """c-index of each model with its interval, in the order of the table, chance as a line.

    Parameters
    ----------
    table : DataFrame
        One row a model; columns ``title``, ``mean``, ``low`` and ``high`` are drawn, ``modalities`` is told on hover
        and ``best`` (bool) fills the mark; rows without a ``mean`` are left out, as is an interval that is missing.
        Where ``published`` has numbers, they are marked with a cross of their own, and named as what they are.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If a column that is drawn is missing.
    """
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise InputError(f"The comparison has no column {', '.join(missing)}.")
    rows = table[table["mean"].notna()]
    titles, means = [retell(title) for title in rows["title"].astype(str)], rows["mean"].to_numpy(float)
    best = rows["best"].fillna(False).to_numpy(bool) if "best" in rows else np.zeros(len(rows), bool)
    told = [_told(value) for value in rows["modalities"]] if "modalities" in rows else [""] * len(rows)
    places = list(range(len(rows)))  # two models may bear one title, so rows are numbered
    figure = go.Figure()
    for place, low, high in zip(places, rows["low"].to_numpy(float), rows["high"].to_numpy(float), strict=True):
        if np.isfinite(low) and np.isfinite(high):
            figure.add_scatter(
                x=[low, high], y=[place, place], mode="lines", line={"color": LOW.colour, "width": 2}, showlegend=False,
                hovertemplate=tr("95 % CI {low:.3f}–{high:.3f}<extra></extra>", low=low, high=high),
                name=tr("interval"),
            )  # fmt: skip
    figure.add_scatter(
        x=means, y=places, mode="markers", name=tr("c-index"), showlegend=False, customdata=told, text=titles,
        marker={
            "color": LOW.colour, "size": 12, "line": {"width": 2},
            "symbol": ["diamond" if mark else "circle-open" for mark in best],
        },
        hovertemplate="%{text}: %{x:.3f}<br>%{customdata}<extra></extra>",
    )  # fmt: skip
    published = rows["published"].to_numpy(float) if "published" in rows else np.full(len(rows), np.nan)
    if (known := np.isfinite(published)).any():
        figure.add_scatter(
            x=published[known], y=np.flatnonzero(known), mode="markers", name=tr("published by others, other features"),
            marker={"color": HIGH.colour, "size": 9, "symbol": "x-thin", "line": {"width": 2, "color": HIGH.colour}},
            hovertemplate=tr("published: %{x:.3f}, from other features") + "<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=0.5, line={"color": REFERENCE, "dash": "dot"}, annotation_text=tr("chance"))
    lines = max((title.count(", ") + 1 for title in titles), default=1)
    dress(figure, height_px=110 + max(34, LINE_PX * lines + 6) * max(1, len(rows)))
    figure.update_layout(margin={"l": 10})
    drawn = np.concatenate([means, rows["low"].to_numpy(float), rows["high"].to_numpy(float), published[known], [0.5]])
    figure.update_xaxes(
        title=tr("c-index, 95 % CI"), range=[np.nanmin(drawn) - 0.02, np.nanmax(drawn) + 0.02]
    )
    return figure.update_yaxes(
        tickmode="array",
        tickvals=places,
        ticktext=[title.replace(", ", ",<br>") for title in titles],  # what sets a run apart would squeeze the figure
        range=[len(rows) - 0.5, -0.5],
        automargin=True,
        showgrid=False,
    )


def _told(modalities: object) -> str:
    if isinstance(modalities, list | tuple | set | frozenset):
        return tr(", ").join(tr(str(name)) for name in modalities)
    return modalities if isinstance(modalities, str) else ""
