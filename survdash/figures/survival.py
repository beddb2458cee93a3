"""Survival curves of groups with the number at risk, and of one patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from survdash.errors import InputError
from survdash.figures.palette import PATIENT, REFERENCE, Look, dress, looks
from survdash.language import tr
from survdash.prediction import NO_WIDTH
from survdash.statistics.kaplan_meier import KaplanMeier

CURVE_PX, ROW_PX = 400, 26


def plot_groups(
    curves: Mapping[str, KaplanMeier], *, horizon_months: float, at_risk_times: Sequence[float]
) -> go.Figure:
    """Step curves with bands and censor ticks, over the number at risk.

    Parameters
    ----------
    curves : mapping
        Group label to its curve, times in months; drawn in the order low, medium, high, then as given.
    horizon_months : float
        Right end of the time axis; a curve ends earlier where its follow-up does.
    at_risk_times : sequence of float
        Months of the axis ticks, each with its column of the table exactly below.

    Returns
    -------
    Figure
        First row the curves (x, y), second row the table (x2 matching x, y2), one line of it per group.

    Raises
    ------
    InputError
        If there is no curve or the horizon is not above zero.
    """
    if not curves or not horizon_months > 0:
        raise InputError("A survival figure needs a group and a time axis.", hint="Choose a horizon above zero.")
    shown = looks(curves)
    table_px = ROW_PX * len(shown) + 10
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[CURVE_PX, table_px], vertical_spacing=80 / (CURVE_PX + table_px)
    )
    for label, look in shown.items():
        _add_curve(figure, curves[label], label=label, look=look, horizon=horizon_months)
    ticks = [float(time) for time in at_risk_times if time <= horizon_months]
    for line, (label, look) in enumerate(shown.items()):
        numbers = [str(n) for n in curves[label].at_risk_at(ticks)]
        figure.add_scatter(
            x=ticks, y=[line] * len(ticks), text=numbers, mode="text", showlegend=False, cliponaxis=False,
            textfont={"color": look.colour}, name=tr("{label}, at risk", label=tr(label)), hoverinfo="skip",
            row=2, col=1,
        )  # fmt: skip
    dress(figure, height_px=CURVE_PX + table_px + 130)
    room = 0.03 * horizon_months  # half a number to the left of 0 and to the right of the last tick
    figure.update_xaxes(range=[-room, horizon_months + room], tickmode="array", tickvals=ticks)
    figure.update_xaxes(
        title={"text": tr("Months since diagnosis"), "standoff": 6}, showticklabels=True, ticks="outside", row=1, col=1
    )
    figure.update_xaxes(showticklabels=False, showgrid=False, row=2, col=1)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", title=tr("Share alive"), row=1, col=1)
    figure.update_yaxes(
        range=[len(shown) - 0.5, -0.5],  # first group on top
        showgrid=False,
        tickmode="array",
        tickvals=list(range(len(shown))),
        ticktext=[f'<span style="color:{look.colour}">{tr(label)}</span>' for label, look in shown.items()],
        row=2,
        col=1,
    )
    figure.add_annotation(
        text=tr("Number at risk"),
        xref="paper",
        yref="y2 domain",
        x=0,
        y=1,
        yanchor="bottom",
        xanchor="left",
        showarrow=False,
    )
    return figure


def plot_patient(
    prediction_months: Sequence[float] | np.ndarray,
    survival: Sequence[float] | np.ndarray,
    low: Sequence[float] | np.ndarray,
    high: Sequence[float] | np.ndarray,
    *,
    cohort_curves: Mapping[str, KaplanMeier] | None = None,
    landmarks: Sequence[float] = (12, 36, 60),
) -> go.Figure:
    """Predicted survival of one patient with the model's variation, before the cohort's groups.

    Parameters
    ----------
    prediction_months, survival, low, high : array_like, shape (K,)
        Months, and the predicted probability of being alive with its band. A band of no width is not drawn: it would
        look like certainty where there is only one answer.
    cohort_curves : mapping, optional
        Group label to its Kaplan-Meier curve, drawn thin.
    landmarks : sequence of float, optional
        Months to mark; those beyond the prediction are left out.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If the prediction is empty or its arrays differ in length.
    """
    months, alive, lower, upper = (np.asarray(a, float) for a in (prediction_months, survival, low, high))
    if months.size == 0 or not months.shape == alive.shape == lower.shape == upper.shape:
        raise InputError("A predicted curve needs as many probabilities and limits as months.")
    known = np.isfinite(alive)
    months, alive, lower, upper = months[known], alive[known], lower[known], upper[known]
    figure = go.Figure()
    curves = cohort_curves or {}
    for label, look in looks(curves).items():
        x, y = _steps(curves[label], curves[label].survival, float(months[-1]))
        figure.add_scatter(
            x=x, y=y, mode="lines", name=tr("{label}-risk group", label=tr(label)), line_shape="hv", opacity=0.8,
            line={"color": look.colour, "dash": look.dash, "width": 2},
            hovertemplate=tr("{label}: %{{y:.0%}} at %{{x:.0f}} months<extra></extra>", label=tr(label)),
        )  # fmt: skip
    banded = np.isfinite(lower) & np.isfinite(upper)
    if np.any(upper[banded] - lower[banded] > NO_WIDTH):
        figure.add_scatter(
            x=[*months[banded], *months[banded][::-1]], y=[*upper[banded], *lower[banded][::-1]], fill="toself",
            mode="lines", fillcolor=PATIENT.band(0.25), line={"width": 0}, hoverinfo="skip",
            name=tr("model variation, not all uncertainty"),
        )  # fmt: skip
    figure.add_scatter(
        x=months, y=alive, mode="lines", name=tr("this patient"), line={"color": PATIENT.colour, "width": 3},
        hovertemplate=tr("%{y:.0%} alive at %{x:.0f} months<extra></extra>"),
    )  # fmt: skip
    marked = [place for place in (np.flatnonzero(np.isclose(months, mark)) for mark in landmarks) if place.size]
    for place in marked:
        figure.add_vline(x=float(months[place[0]]), line={"color": REFERENCE, "dash": "dot", "width": 1})
    if marked:
        places = np.concatenate(marked)
        figure.add_scatter(
            x=months[places], y=alive[places], mode="markers+text", showlegend=False, texttemplate="%{y:.0%}",
            textposition="top right", marker={"color": PATIENT.colour, "size": 9, "symbol": "diamond"},
            hoverinfo="skip",
        )  # fmt: skip
    dress(figure, height_px=CURVE_PX + 60)
    figure.update_xaxes(title=tr("Months since diagnosis"), range=[0, float(months[-1])])
    figure.update_xaxes(tickmode="linear", tick0=0, dtick=12 if months[-1] <= 120 else 24)
    # Above 1 there is room for the number of a landmark, and no tick.
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    figure.update_yaxes(title=tr("Probability of being alive"), range=[0, 1.08], tickvals=ticks, tickformat=".0%")
    return figure


def _add_curve(figure: go.Figure, fit: KaplanMeier, *, label: str, look: Look, horizon: float) -> None:
    lower, upper = _steps(fit, fit.low, horizon), _steps(fit, fit.high, horizon)
    band_x, band_low = _corners(*lower)
    _, band_high = _corners(*upper)
    figure.add_scatter(
        x=[*band_x, *band_x[::-1]], y=[*band_high, *band_low[::-1]], fill="toself", fillcolor=look.band(), mode="lines",
        line={"width": 0}, hoverinfo="skip", showlegend=False, legendgroup=label,
        name=tr("{label}, {level:.0%} band", label=tr(label), level=fit.level), row=1, col=1,
    )  # fmt: skip
    x, y = _steps(fit, fit.survival, horizon)
    figure.add_scatter(
        x=x, y=y, mode="lines", line={"color": look.colour, "dash": look.dash, "width": 2}, line_shape="hv",
        name=f"{tr(label)} (n = {fit.size})", legendgroup=label,
        hovertemplate=tr("{label}: %{{y:.0%}} at %{{x:.0f}} months<extra></extra>", label=tr(label)), row=1, col=1,
    )  # fmt: skip
    ticked = (fit.censored > 0) & (fit.time <= horizon)
    figure.add_scatter(
        x=fit.time[ticked], y=fit.survival[ticked], mode="markers", showlegend=False, legendgroup=label,
        marker={"symbol": "line-ns-open", "size": 8, "color": look.colour, "line": {"width": 1}},
        name=tr("{label}, last contact", label=tr(label)), row=1, col=1,
        hovertemplate=tr("{label}: last contact at %{{x:.0f}} months<extra></extra>", label=tr(label)),
    )  # fmt: skip


def _steps(fit: KaplanMeier, values: np.ndarray, horizon: float) -> tuple[np.ndarray, np.ndarray]:
    """Steps from (0, 1) to the end of follow-up or the horizon; a band stops where it has no value."""
    known = (fit.time <= horizon) & np.isfinite(values)
    x, y = np.concatenate([[0.0], fit.time[known]]), np.concatenate([[1.0], values[known]])
    end = min(horizon, fit.last_follow_up)
    return (np.append(x, end), np.append(y, y[-1])) if end > x[-1] else (x, y)


def _corners(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps as a polyline, so that a band can be one closed shape."""
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
