"""Colours, dashes and layout that all figures share.

Blue and vermillion of Okabe and Ito, told apart by readers with any colour vision, and always with a second sign (dash,
pattern or symbol). Backgrounds are clear and texts have no colour of their own, so a light and a dark page both fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import plotly.graph_objects as go

from survdash.language import tr

ORDER = ("low", "medium", "high")
CLEAR = "rgba(0,0,0,0)"
GRID = "rgba(128,128,128,0.25)"
REFERENCE = "rgba(128,128,128,0.9)"  # lines that are no data: chance, cutpoint, landmarks


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one group is drawn, everywhere."""

    colour: str
    dash: str
    symbol: str
    pattern: str

    def band(self, opacity: float = 0.18) -> str:
        """The colour as a see-through fill."""
        red, green, blue = (int(self.colour[i : i + 2], 16) for i in (1, 3, 5))
        return f"rgba({red},{green},{blue},{opacity})"


LOW = Look(colour="#0072B2", dash="solid", symbol="circle", pattern="")
MEDIUM = Look(colour="#009E73", dash="dot", symbol="square", pattern=".")
HIGH = Look(colour="#D55E00", dash="dash", symbol="diamond", pattern="/")
PATIENT = Look(colour="#CC79A7", dash="solid", symbol="star", pattern="")
_OTHERS = (
    LOW,
    HIGH,
    MEDIUM,
    Look(colour="#CC79A7", dash="dashdot", symbol="cross", pattern="x"),
    Look(colour="#E69F00", dash="longdash", symbol="triangle-up", pattern="-"),
    Look(colour="#56B4E9", dash="longdashdot", symbol="x", pattern="+"),
)
_NAMED = {"low": LOW, "medium": MEDIUM, "high": HIGH}


def in_order(labels: Iterable[str]) -> list[str]:
    """Low, medium, high first and in this order; other labels after them as they came."""
    given = list(labels)
    return [name for name in ORDER if name in given] + [name for name in given if name not in ORDER]


def looks(labels: Iterable[str]) -> dict[str, Look]:
    """Look of each group, in the order in which groups are drawn."""
    ordered = in_order(labels)
    free = [look for look in _OTHERS if look not in [_NAMED[name] for name in ordered if name in _NAMED]]
    others = [name for name in ordered if name not in _NAMED]
    return {name: _NAMED[name] if name in _NAMED else free[others.index(name) % len(free)] for name in ordered}


def dress_curves(figure: go.Figure, *, end: float, share: str, height_px: int) -> go.Figure:
    """The common layout of curves of survival over ``end`` months; ``share`` says what goes up. The same figure."""
    dress(figure, height_px=height_px)
    figure.update_xaxes(title=tr("Months since diagnosis"), range=[0, end], dtick=12 if end <= 120 else 24)
    return figure.update_yaxes(title=share, range=[0, 1.04], tickformat=".0%")


def dress(figure: go.Figure, *, height_px: int) -> go.Figure:
    """Give a figure the common layout; returns the same figure."""
    figure.update_layout(
        height=height_px,
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        margin={"l": 70, "r": 20, "t": 30, "b": 50},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0},
        hovermode="closest",
        modebar={"bgcolor": CLEAR, "color": REFERENCE, "activecolor": LOW.colour},
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False)
    figure.update_yaxes(gridcolor=GRID, zeroline=False)
    return figure
