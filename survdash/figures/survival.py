"""Survival curves of groups with the number at risk, and of one patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from survdash.errors import InputError
from survdash.figures.palette import PATIENT, REFERENCE, Look, dress, looks
from survdash.language import later, tr
from survdash.prediction import NO_WIDTH
from survdash.statistics.kaplan_meier import KaplanMeier

Unit = Literal["months", "years"]
CURVE_PX, ROW_PX = 400, 19
MOST_STEPS, MOST_TICKS = 1200, 400  # a screen has no room for more, and a browser no patience
MARKS = {"circle": "●", "square": "■", "diamond": "◆"}
PER_UNIT: dict[Unit, float] = {"months": 1.0, "years": 12.0}
SINCE: dict[Unit, str] = {"months": later("Months since {start}"), "years": later("Years since {start}")}
# Without the event, and with it.
EVENT_WORDS = {
    "OS": (later("alive"), later("died")), "DSS": (later("not dead of this cancer"), later("died of it")),
    "PFI": (later("free of progression"), later("progressed")),
    "DFI": (later("free of recurrence"), later("recurred")),
}  # fmt: skip


def plot_groups(
    curves: Mapping[str, KaplanMeier],
    *,
    horizon_months: float,
    at_risk_times: Sequence[float],
    unit: Unit = "months",
    outcome: str = "OS",
    start: str = "diagnosis",
) -> go.Figure:
    """Step curves with bands and censor ticks, over the numbers at risk, censored and with the event.

    Parameters
    ----------
    curves : mapping
        Group label to its curve, times in months; drawn in the order low, medium, high, then as given.
    horizon_months : float
        Right end of the time axis; a curve ends earlier where its follow-up does.
    at_risk_times : sequence of float
        Months of the axis ticks, each with its column of the table exactly below.
    unit : {"months", "years"}, optional
        Of the axis.
    outcome : {"OS", "DSS", "PFI", "DFI"}, optional
        What the curves are of, for the words.
    start : str, optional
        What time is counted from.

    Returns
    -------
    Figure
        First row the curves (x, y), second row the table (x2 matching x, y2), three lines of it per group.

    Raises
    ------
    InputError
        If there is no curve or the horizon is not above zero.

    Notes
    -----
    The table is that of KMunicate (Morris et al. 2019, BMJ Open 9, e030215): of each group how many are at risk at a
    time, and how many were censored or had the event up to it.
    """
    if not curves or not horizon_months > 0:
        raise InputError("A survival figure needs a group and a time axis.", hint="Choose a horizon above zero.")
    shown = looks(curves)
    table_px = 3 * ROW_PX * len(shown) + 10
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[CURVE_PX, table_px], vertical_spacing=62 / (CURVE_PX + table_px)
    )
    scale, words = PER_UNIT[unit], EVENT_WORDS[outcome]
    for label, look in shown.items():
        _add_curve(figure, curves[label], label=label, look=look, horizon=horizon_months, unit=unit)
    months = [float(time) for time in at_risk_times if time <= horizon_months]
    ticks = [month / scale for month in months]
    names: list[str] = []
    for label, look in shown.items():
        names += _add_counts(figure, curves[label], label=label, look=look, months=months, ticks=ticks,
                             first=len(names), happened=tr(words[1]))  # fmt: skip
    dress(figure, height_px=CURVE_PX + table_px + 112)
    end = horizon_months / scale
    room = 0.03 * end  # half a number to the left of 0 and to the right of the last tick
    figure.update_xaxes(range=[-room, end + room], tickmode="array", tickvals=ticks, ticktext=[f"{t:g}" for t in ticks])
    axis = tr(SINCE[unit], start=tr(start))
    figure.update_xaxes(title={"text": axis, "standoff": 6}, showticklabels=True, ticks="outside", row=1, col=1)
    figure.update_xaxes(showticklabels=False, showgrid=False, row=2, col=1)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", title=tr("Share {free}", free=tr(words[0])), row=1, col=1)
    return figure.update_yaxes(
        range=[len(names) - 0.5, -0.5],  # first group on top
        showgrid=False, tickmode="array", tickvals=list(range(len(names))), ticktext=names, automargin=True,
        row=2, col=1,
    )  # fmt: skip


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
        x, y = _thinned(*_steps(curves[label], curves[label].survival, float(months[-1])))
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


def _add_counts(
    figure: go.Figure, fit: KaplanMeier, *, label: str, look: Look, months: list[float], ticks: list[float], first: int,
    happened: str,
) -> list[str]:  # fmt: skip
    """Three lines of the table; returns their names."""
    events, censored = fit.counts_at(months)
    # The colour is a mark: letters in it could not be read on a light and on a dark page.
    name = f'<span style="color:{look.colour}">{MARKS.get(look.symbol, "●")}</span> <b>{tr(label)}</b>'
    rows = {tr("{group}, at risk", group=name): fit.at_risk_at(months), tr("censored"): censored, happened: events}
    for line, (what, numbers) in enumerate(rows.items()):
        plain = tr("{group}, at risk", group=tr(label)) if line == 0 else f"{tr(label)}, {what}"
        figure.add_scatter(
            x=ticks, y=[first + line] * len(ticks), text=[f"{number:,}" for number in numbers], mode="text", name=plain,
            showlegend=False, cliponaxis=False, textfont={"size": 13 if line == 0 else 11},
            hoverinfo="skip", row=2, col=1,
        )  # fmt: skip
    return list(rows)


def _add_curve(
    figure: go.Figure, fit: KaplanMeier, *, label: str, look: Look, horizon: float, unit: Unit
) -> None:
    scale, shown = PER_UNIT[unit], tr(label)
    lower, upper = _steps(fit, fit.low, horizon), _steps(fit, fit.high, horizon)
    band_x, band_low = _corners(*_thinned(*lower))
    _, band_high = _corners(*_thinned(*upper))
    figure.add_scatter(
        x=np.concatenate([band_x, band_x[::-1]]) / scale, y=[*band_high, *band_low[::-1]], fill="toself",
        fillcolor=look.band(), mode="lines", line={"width": 0}, hoverinfo="skip", showlegend=False, legendgroup=label,
        name=tr("{label}, {level:.0%} band", label=shown, level=fit.level), row=1, col=1,
    )  # fmt: skip
    x, y = _thinned(*_steps(fit, fit.survival, horizon))
    at = tr("at %{x:.0f} months") if unit == "months" else tr("at %{x:.1f} years")
    figure.add_scatter(
        x=x / scale, y=y, mode="lines", line={"color": look.colour, "dash": look.dash, "width": 2}, line_shape="hv",
        name=f"{shown} (n = {fit.size:,})", legendgroup=label,
        hovertemplate=f"{shown}: %{{y:.0%}} {at}<extra></extra>", row=1, col=1,
    )  # fmt: skip
    ticked = (fit.censored > 0) & (fit.time <= horizon)
    x, y = _thinned(fit.time[ticked], fit.survival[ticked], most=MOST_TICKS)
    figure.add_scatter(
        x=x / scale, y=y, mode="markers", showlegend=False, legendgroup=label,
        marker={"symbol": "line-ns-open", "size": 8, "color": look.colour, "line": {"width": 1}},
        name=tr("{label}, last contact", label=shown),
        hovertemplate=f"{shown}: {tr('last contact')} {at}<extra></extra>",
        row=1, col=1,
    )  # fmt: skip


def _thinned(x: np.ndarray, y: np.ndarray, *, most: int = MOST_STEPS) -> tuple[np.ndarray, np.ndarray]:
    """As many points as a figure can show apart: of those within one step of the screen the last, and both ends."""
    if len(x) <= most:
        return x, y
    place = np.floor((x - x[0]) / (x[-1] - x[0]) * (most - 2)).astype(int)
    last = np.append(np.diff(place) > 0, True)
    last[0] = True
    return x[last], y[last]


def _steps(fit: KaplanMeier, values: np.ndarray, horizon: float) -> tuple[np.ndarray, np.ndarray]:
    """Steps from (0, 1) to the end of follow-up or the horizon; a band stops where it has no value."""
    known = (fit.time <= horizon) & np.isfinite(values)
    x, y = np.concatenate([[0.0], fit.time[known]]), np.concatenate([[1.0], values[known]])
    end = min(horizon, fit.last_follow_up)
    return (np.append(x, end), np.append(y, y[-1])) if end > x[-1] else (x, y)


def _corners(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps as a polyline, so that a band can be one closed shape."""
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
