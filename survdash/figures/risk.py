"""Where the risks of a cohort lie, and how each possible cut would do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from survdash.errors import InputError
from survdash.figures.palette import HIGH, LOW, PATIENT, REFERENCE, dress
from survdash.language import tr

BINS = 40


def plot_risk_distribution(
    risk: Sequence[float] | np.ndarray,
    high: Sequence[bool] | np.ndarray,
    cutpoint: float | None,
    *,
    marked: float | None = None,
) -> go.Figure:
    """Histogram of the risks, low and high apart, with the cut and perhaps one patient.

    Parameters
    ----------
    risk : array_like, shape (N,)
    high : array_like, shape (N,)
        True for the high group.
    cutpoint : float or None
        None or nan draws no line (groups were cut per fold, or there is no cutpoint).
    marked : float, optional
        Risk of a patient to point out.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If the two columns differ in length.
    """
    values, above = np.asarray(risk, float), np.asarray(high, bool)
    if values.shape != above.shape:
        raise InputError(f"Risks {values.shape} and groups {above.shape} must be two columns of one length.")
    figure = go.Figure()
    for label, look, mine in ((tr("low"), LOW, ~above), (tr("high"), HIGH, above)):
        figure.add_histogram(
            x=values[mine], name=f"{label} (n = {int(mine.sum())})", bingroup="risk", nbinsx=BINS,
            marker={"color": look.colour, "pattern": {"shape": look.pattern, "fillmode": "overlay", "size": 6}},
            hovertemplate=tr("{label}: %{{y}} patients at %{{x}}<extra></extra>", label=label),
        )  # fmt: skip
    if cutpoint is not None and math.isfinite(cutpoint):
        _mark(figure, cutpoint, text=tr("cut {value:.3g}", value=cutpoint), colour=REFERENCE, dash="dash",
              place="top right")  # fmt: skip
    if marked is not None and math.isfinite(marked):
        _mark(figure, marked, text=tr("this patient"), colour=PATIENT.colour, dash="solid", place="top left")
    dress(figure, height_px=300)
    figure.update_layout(barmode="stack", bargap=0.05, legend_traceorder="normal")
    figure.update_xaxes(title=tr("Predicted risk (higher is worse)"))
    return figure.update_yaxes(title=tr("Patients"))


def plot_risk_histogram(
    edges: np.ndarray, low: np.ndarray, high: np.ndarray, *, cutpoint: float | None
) -> go.Figure:
    """The same of counted risks.

    Parameters
    ----------
    edges : ndarray, shape (B + 1,)
    low, high : ndarray, shape (B,)
        Patients of either group between them.
    cutpoint : float or None
    """
    figure = go.Figure()
    for label, look, counts in ((tr("low"), LOW, low), (tr("high"), HIGH, high)):
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2, y=counts, width=np.diff(edges), name=f"{label} (n = {int(counts.sum())})",
            marker={"color": look.colour, "pattern": {"shape": look.pattern, "fillmode": "overlay", "size": 6}},
            hovertemplate=tr("{label}: %{{y}} patients at %{{x:.3g}}<extra></extra>", label=label),
        )  # fmt: skip
    if cutpoint is not None and math.isfinite(cutpoint):
        _mark(figure, cutpoint, text=tr("cut {value:.3g}", value=cutpoint), colour=REFERENCE, dash="dash",
              place="top right")  # fmt: skip
    dress(figure, height_px=300)
    figure.update_layout(barmode="stack", bargap=0.05, legend_traceorder="normal")
    figure.update_xaxes(title=tr("Predicted risk (higher is worse)"))
    return figure.update_yaxes(title=tr("Patients"))


class Scan(Protocol):
    """What a scan of cuts is drawn from; ``Maxstat`` has all of it."""

    @property
    def candidates(self) -> np.ndarray:
        """Cuts that were tried, rising."""

    @property
    def sizes(self) -> np.ndarray:
        """Patients of the low group at each."""

    @property
    def standardised(self) -> np.ndarray:
        """Statistic at each."""

    @property
    def cutpoint(self) -> float:
        """The cut that was chosen."""

    @property
    def statistic(self) -> float:
        """Its statistic."""


def plot_cut_scan(maxstat: Scan) -> go.Figure:
    """The standardised statistic over all candidate cuts, with the one that was chosen."""
    figure = go.Figure()
    figure.add_scatter(
        x=maxstat.candidates, y=maxstat.standardised, mode="lines+markers", name=tr("candidate cuts"),
        customdata=maxstat.sizes, line={"color": LOW.colour, "width": 1}, marker={"size": 4},
        hovertemplate=tr("cut %{x:.3g}: statistic %{y:.2f}, %{customdata} patients low<extra></extra>"),
    )  # fmt: skip
    figure.add_scatter(
        x=[maxstat.cutpoint], y=[maxstat.statistic], mode="markers", name=tr("chosen cut"),
        marker={"color": HIGH.colour, "symbol": "diamond", "size": 12},
        hovertemplate=tr("chosen: %{x:.3g}, statistic %{y:.2f}<extra></extra>"),
    )  # fmt: skip
    figure.add_vline(x=maxstat.cutpoint, line={"color": REFERENCE, "dash": "dash", "width": 1})
    dress(figure, height_px=300)
    figure.update_xaxes(title=tr("Cut (largest risk of the low group)"))
    return figure.update_yaxes(title=tr("Standardised logrank statistic"), rangemode="tozero")


def _mark(figure: go.Figure, x: float, *, text: str, colour: str, dash: str, place: str) -> None:
    figure.add_vline(
        x=x, line={"color": colour, "dash": dash, "width": 2}, annotation_text=text, annotation_position=place
    )
