"""Where the risks of a cohort lie, and how each possible cut would do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from survdash.errors import InputError
from survdash.figures.palette import HIGH, LOW, PATIENT, REFERENCE, dress, looks
from survdash.language import tr
from survdash.statistics.cut_evidence import CutStability

BINS = 40
MOST_CUTS = 1000


def plot_risk_distribution(
    risk: Sequence[float] | np.ndarray,
    group: Sequence[str] | np.ndarray,
    cutpoints: Sequence[float],
    *,
    marked: float | None = None,
) -> go.Figure:
    """Histogram of the risks, the groups apart, with the cuts and perhaps one patient.

    Parameters
    ----------
    risk : array_like, shape (N,)
    group : array_like, shape (N,)
        Label of each patient's group.
    cutpoints : sequence of float
        Where lines are drawn; none where there is no cut.
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
    values, labels = np.asarray(risk, float), np.asarray(group, object)
    if values.shape != labels.shape:
        raise InputError(f"Risks {values.shape} and groups {labels.shape} must be two columns of one length.")
    figure = go.Figure()
    edges = np.histogram_bin_edges(values, bins=BINS)
    width = float(edges[1] - edges[0])
    for label, look in looks(dict.fromkeys(labels.tolist())).items():
        mine = values[labels == label]
        # counted here: a browser would have to be sent every patient
        figure.add_bar(
            x=edges[:-1] + width / 2, y=np.histogram(mine, bins=edges)[0], width=width,
            name=f"{tr(label)} (n = {mine.size:,})",
            marker={"color": look.colour, "pattern": {"shape": look.pattern, "fillmode": "overlay", "size": 6}},
            hovertemplate=tr("{group}: %{{y}} patients about %{{x:.3g}}", group=tr(label)) + "<extra></extra>",
        )  # fmt: skip
    for cut in cutpoints:
        _mark(figure, cut, text=tr("cut {cut:.3g}", cut=cut), colour=REFERENCE, dash="dash", place="top right")
    if marked is not None and math.isfinite(marked):
        _mark_patient(figure, marked)
    dress(figure, height_px=300)
    figure.update_layout(barmode="stack", bargap=0.05, legend_traceorder="normal")
    figure.update_xaxes(title=tr("Predicted risk (higher is worse)"))
    return figure.update_yaxes(title=tr("Patients"))


def plot_risk_histogram(
    edges: np.ndarray, low: np.ndarray, high: np.ndarray, *, cutpoint: float | None, marked: float | None = None
) -> go.Figure:
    """The same of counted risks.

    Parameters
    ----------
    edges : ndarray, shape (B + 1,)
    low, high : ndarray, shape (B,)
        Patients of either group between them.
    cutpoint : float or None
    marked : float, optional
        Risk of a patient to point out.
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
    if marked is not None and math.isfinite(marked):
        _mark_patient(figure, marked)
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
    every = max(1, len(maxstat.candidates) // MOST_CUTS)  # more than the screen has columns tell nothing more
    figure.add_scatter(
        x=maxstat.candidates[::every], y=maxstat.standardised[::every], name=tr("candidate cuts"),
        mode="lines+markers" if every == 1 else "lines", customdata=maxstat.sizes[::every],
        line={"color": LOW.colour, "width": 1}, marker={"size": 4},
        hovertemplate=tr("cut %{x:.3g}: statistic %{y:.2f}, %{customdata} patients low") + "<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[maxstat.cutpoint], y=[maxstat.statistic], mode="markers", name=tr("chosen cut"),
        marker={"color": HIGH.colour, "symbol": "diamond", "size": 12},
        hovertemplate=tr("chosen: %{x:.3g}, statistic %{y:.2f}") + "<extra></extra>",
    )  # fmt: skip
    figure.add_vline(x=maxstat.cutpoint, line={"color": REFERENCE, "dash": "dash", "width": 1})
    dress(figure, height_px=300)
    figure.update_xaxes(title=tr("Cut (largest risk of the low group)"))
    return figure.update_yaxes(title=tr("Standardised logrank statistic"), rangemode="tozero")


def _mark(
    figure: go.Figure, x: float, *, text: str, colour: str, dash: str, place: str, above_px: int = 0
) -> None:
    figure.add_vline(
        x=x, line={"color": colour, "dash": dash, "width": 2}, annotation_text=text, annotation_position=place,
        annotation_yshift=above_px,
    )  # fmt: skip


def _mark_patient(figure: go.Figure, risk: float) -> None:
    """A line of words higher than those of a cut, which may lie close by."""
    _mark(figure, risk, text=tr("this patient"), colour=PATIENT.colour, dash="solid", place="top left", above_px=14)


def plot_cut_stability(found: CutStability) -> go.Figure:
    """Where the cut falls when the patients are drawn anew, with the limits of 95 of 100 draws and the chosen cut."""
    figure = go.Figure()
    edges = np.histogram_bin_edges(found.cutpoints, bins=BINS)
    width = float(edges[1] - edges[0])
    figure.add_bar(
        x=edges[:-1] + width / 2, y=np.histogram(found.cutpoints, bins=edges)[0], width=width, showlegend=False,
        name=tr("draws"), marker={"color": LOW.colour},
        hovertemplate=tr("%{y} draws cut about %{x:.3g}") + "<extra></extra>",
    )  # fmt: skip
    figure.add_vrect(x0=found.low, x1=found.high, fillcolor=REFERENCE, opacity=0.15, line_width=0)
    _mark(figure, found.cutpoint, text=tr("cut {cut:.3g}", cut=found.cutpoint), colour=HIGH.colour, dash="dash",
          place="top right")  # fmt: skip
    dress(figure, height_px=300)
    figure.update_xaxes(title=tr("Cut in a draw of the patients"))
    return figure.update_yaxes(title=tr("Draws"))
