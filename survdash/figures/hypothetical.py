"""A predicted curve, and what it would be with other values of the same patient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from survdash.errors import InputError
from survdash.figures.palette import HIGH, PATIENT, dress_curves
from survdash.language import tr

HEIGHT_PX = 330


def plot_what_if(
    months: Sequence[float] | np.ndarray, survival: Sequence[float] | np.ndarray,
    other: Sequence[float] | np.ndarray | None,
) -> go.Figure:  # fmt: skip
    """The curve as predicted, solid, and the hypothetical one, dashed.

    Parameters
    ----------
    months, survival : array_like, shape (K,)
    other : array_like, shape (K,), or None
        None while nothing is changed.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If the columns differ in length.
    """
    at, alive = np.asarray(months, float), np.asarray(survival, float)
    if at.size == 0 or at.shape != alive.shape or (other is not None and np.shape(other) != at.shape):
        raise InputError("Curves to be compared need one probability for each month.")
    figure = go.Figure()
    figure.add_scatter(
        x=at, y=alive, mode="lines", name=tr("as the patient is"), line={"color": PATIENT.colour, "width": 3},
        hovertemplate="%{y:.0%}, %{x:.0f}<extra></extra>",
    )  # fmt: skip
    if other is not None:
        figure.add_scatter(
            x=at, y=np.asarray(other, float), mode="lines", name=tr("hypothetical"),
            line={"color": HIGH.colour, "width": 3, "dash": "dash"}, hovertemplate="%{y:.0%}, %{x:.0f}<extra></extra>",
        )  # fmt: skip
    return dress_curves(figure, end=float(at[-1]), share=tr("Probability of being alive"), height_px=HEIGHT_PX)
