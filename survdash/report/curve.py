"""The two drawings of a report, as SVG without a browser: the curve, and a hundred people."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from survdash.figures.palette import LOW, PATIENT, looks
from survdash.language import ENGLISH, language, later, tr
from survdash.prediction import LANDMARKS, Prediction
from survdash.statistics.kaplan_meier import KaplanMeier

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INCHES = (4.6, 2.75)
DASHES = {"solid": "-", "dash": "--", "dot": ":"}
PERSON_PX, RADIUS_PX, ACROSS = 10, 4, 20
EMPTY = "#C4CAD1"
GROUPS = {"low": later("low-risk group"), "high": later("high-risk group")}
FONT = "DejaVu Sans"
ONE_AT_A_TIME = threading.Lock()  # matplotlib's settings are the whole process's


def draw_curve(prediction: Prediction, curves: Mapping[str, KaplanMeier]) -> str:
    """Predicted survival with its band and the marks at 12, 36 and 60 months, before the cohort's groups.

    Parameters
    ----------
    prediction : Prediction
    curves : mapping
        Group label to its Kaplan-Meier curve.

    Returns
    -------
    str
        An SVG element; English letters are outlines, so that it looks the same everywhere. Those of another language
        are left to whoever shows it, who has a font for them. Equal inputs give equal text.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    outlines = language() == ENGLISH
    with ONE_AT_A_TIME, mpl.rc_context(), warnings.catch_warnings():
        if not outlines:
            warnings.filterwarnings("ignore", "Glyph .* missing from font")  # they are not drawn here
        mpl.rcParams.update({"svg.hashsalt": "survdash", "font.family": FONT, "font.size": 8,
                             "svg.fonttype": "path" if outlines else "none"})  # fmt: skip
        figure = Figure(figsize=INCHES, layout="constrained")
        axes = figure.subplots()
        _draw_groups(axes, curves, last=float(prediction.months[-1]))
        _draw_patient(axes, prediction)
        axes.set(xlabel=tr("Months since diagnosis"), ylabel=tr("Probability of being alive"), ylim=(0, 1.06),
                 xlim=(0, float(prediction.months[-1])))  # fmt: skip
        axes.set_xticks(np.arange(0, prediction.months[-1] + 1, 12 if prediction.months[-1] <= 120 else 24))
        axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"])
        axes.grid(color="#DDDDDD", linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2, frameon=False)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    text = drawn.getvalue()
    return text[text.index("<svg") :]


def draw_people(alive: int) -> str:
    """A hundred dots in five rows, the first ``alive`` filled and the others empty rings."""
    dots = []
    for number in range(100):
        row, column = divmod(number, ACROSS)
        x, y = PERSON_PX * (column + 0.5), PERSON_PX * (row + 0.5)
        look = f'fill="{LOW.colour}"' if number < alive else f'fill="none" stroke="{EMPTY}" stroke-width="1.2"'
        dots.append(f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS_PX}" {look}/>')
    width, height = PERSON_PX * ACROSS, PERSON_PX * 100 // ACROSS
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}">{"".join(dots)}</svg>')  # fmt: skip


def _draw_groups(axes: Axes, curves: Mapping[str, KaplanMeier], *, last: float) -> None:
    for label, look in looks(curves).items():
        fit = curves[label]
        shown = fit.time <= last
        end = min(last, fit.last_follow_up)
        x = [0.0, *fit.time[shown], end]
        y = [1.0, *fit.survival[shown], fit.survival[shown][-1] if shown.any() else 1.0]
        axes.step(x, y, where="post", color=look.colour, linestyle=DASHES[look.dash], linewidth=0.9,
                  label=tr(GROUPS.get(label, later("cohort"))))  # fmt: skip


def _draw_patient(axes: Axes, prediction: Prediction) -> None:
    known = np.isfinite(prediction.survival)
    months, alive = prediction.months[known], prediction.survival[known]
    if prediction.has_band:
        axes.fill_between(prediction.months, prediction.low, prediction.high, color=PATIENT.colour, alpha=0.25,
                          linewidth=0, label=tr("model variation"))  # fmt: skip
    axes.plot(months, alive, color=PATIENT.colour, linewidth=2, label=tr("this patient"))
    for month in LANDMARKS:
        at = prediction.at(month)
        if at is not None:
            axes.plot([month], [at[0]], marker="D", markersize=4, color=PATIENT.colour, linestyle="none")
            axes.annotate(f"{100 * at[0]:.0f} %", (month, at[0]), xytext=(4, 4), textcoords="offset points")
