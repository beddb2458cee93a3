"""Hazard ratios of a multivariable model, one line a level."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from survdash.figures.palette import LOW, REFERENCE, dress
from survdash.figures.words import interval_text, p_text, plain
from survdash.language import tr
from survdash.statistics.adjusted import Adjusted, ForestRow

ROW_PX = 46
WIDEST = 50.0  # ratios beyond 1 / 50 to 50 are told in words; drawn, they would squeeze all others
TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)


def plot_adjusted(model: Adjusted) -> go.Figure:
    """Forest plot: ratio and interval of each level against its reference, on a log axis, with the numbers beside it.

    Parameters
    ----------
    model : Adjusted

    Returns
    -------
    Figure
        First trace the ratios that were estimated, second the references at 1. The axis ends at 1/50 and 50; an
        interval that goes on is told by its numbers.
    """
    places = list(range(len(model.rows)))
    estimated = [(place, row) for place, row in enumerate(model.rows) if not row.is_reference]
    references = [(place, row) for place, row in enumerate(model.rows) if row.is_reference]
    figure = go.Figure()
    ratios = [row.ratio for _, row in estimated]
    figure.add_scatter(
        x=ratios, y=[place for place, _ in estimated], mode="markers", name=tr("hazard ratio"), showlegend=False,
        marker={"color": LOW.colour, "size": 11, "symbol": "square"},
        error_x={
            "type": "data", "symmetric": False, "color": LOW.colour, "thickness": 2, "width": 5,
            "array": [row.high - row.ratio for _, row in estimated],
            "arrayminus": [row.ratio - row.low for _, row in estimated],
        },
        customdata=[[_title(row), row.events, p_text(row.p_value)] for _, row in estimated],
        hovertemplate=tr("%{customdata[0]}: %{x:.2f}<br>%{customdata[1]} died, p %{customdata[2]}<extra></extra>"),
    )  # fmt: skip
    figure.add_scatter(
        x=[1.0] * len(references), y=[place for place, _ in references], mode="markers", name=tr("reference"),
        showlegend=False, marker={"color": REFERENCE, "size": 9, "symbol": "diamond-open"},
        customdata=[[_title(row), row.events] for _, row in references],
        hovertemplate=tr("%{customdata[0]}: reference<br>%{customdata[1]} died<extra></extra>"),
    )  # fmt: skip
    figure.add_vline(x=1.0, line={"color": REFERENCE, "dash": "dot"})
    dress(figure, height_px=100 + ROW_PX * len(places))
    figure.update_layout(margin={"l": 10})
    limits = [edge for _, row in estimated for edge in (row.low, row.high) if math.isfinite(edge)]
    low, high = (max(1 / WIDEST, min([0.5, *limits]) / 1.15), min(WIDEST, max([2.0, *limits]) * 1.15))
    figure.update_xaxes(
        title=tr("Hazard ratio, {level:g} % CI<br>{patients} patients, {events} died", level=100 * model.level,
                 patients=model.patients, events=model.events), type="log",
        range=[math.log10(low), math.log10(high)], tickmode="array", tickvals=list(TICKS),
        ticktext=[f"{tick:g}" for tick in TICKS],
    )  # fmt: skip
    return figure.update_yaxes(
        tickmode="array", tickvals=places, ticktext=[_label(row, model.level) for row in model.rows],
        range=[len(places) - 0.5, -0.5], automargin=True, showgrid=False,
    )  # fmt: skip


def _title(row: ForestRow) -> str:
    factor = tr(row.factor)
    name = f"{factor[:1].upper()}{factor[1:]}"
    return f"{name}: {plain(tr(row.level))}" if row.level else name


def _label(row: ForestRow, level: float) -> str:
    numbers = tr("reference") if row.is_reference else interval_text(row.ratio, row.low, row.high, level=level)
    return f"{_title(row)} (n = {row.patients})<br>{numbers}"
