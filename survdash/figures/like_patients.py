"""What happened to patients whom a model sees as like this one, beside what it predicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from survdash.errors import InputError
from survdash.figures.palette import HIGH, LOW, PATIENT, dress_curves
from survdash.language import tr
from survdash.statistics.kaplan_meier import KaplanMeier

HEIGHT_PX = 330


def plot_like_patients(
    months: Sequence[float] | np.ndarray, survival: Sequence[float] | np.ndarray, fit: KaplanMeier
) -> go.Figure:
    """The predicted curve before the observed one of like patients, with a mark for each death and last contact.

    Parameters
    ----------
    months, survival : array_like, shape (K,)
        What is predicted of this patient.
    fit : KaplanMeier
        Of the like patients.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If nothing is predicted, or the columns differ in length.
    """
    at, alive = np.asarray(months, float), np.asarray(survival, float)
    if at.size == 0 or at.shape != alive.shape:
        raise InputError("A predicted curve needs as many probabilities as months.")
    figure = go.Figure()
    figure.add_scatter(
        x=[0, *fit.time], y=[1, *fit.survival], mode="lines", line_shape="hv",
        name=tr("these {count} patients, observed", count=fit.size),
        line={"color": LOW.colour, "dash": "dash", "width": 2}, hovertemplate="%{y:.0%}, %{x:.0f}<extra></extra>",
    )  # fmt: skip
    for name, here, symbol, colour in (
        (tr("died"), fit.events > 0, "x", HIGH.colour), (tr("alive when last seen"), fit.censored > 0, "circle-open",
                                                         LOW.colour),
    ):  # fmt: skip
        figure.add_scatter(
            x=fit.time[here], y=fit.survival[here], mode="markers", name=name,
            marker={"symbol": symbol, "color": colour, "size": 9, "line": {"width": 2}},
            hovertemplate=f"{name}: %{{x:.0f}}<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=at, y=alive, mode="lines", name=tr("this patient, predicted"),
        line={"color": PATIENT.colour, "width": 3}, hovertemplate="%{y:.0%}, %{x:.0f}<extra></extra>",
    )  # fmt: skip
    end = max(float(at[-1]), float(fit.time[-1]))
    return dress_curves(figure, end=end, share=tr("Share alive"), height_px=HEIGHT_PX)
