"""The figures of a cohort under a model, as files: what the page shows, from the command line."""

from __future__ import annotations

import plotly.graph_objects as go

from survdash.figure_file import KINDS, Kind, figure_file
from survdash.figures.risk import plot_cut_scan, plot_risk_distribution
from survdash.figures.survival import plot_groups
from survdash.stamp import stamp
from survdash.usecases.analysis import CohortAnalysis
from survdash.usecases.library import open_run

MONTHS = 120


def figure_set(analysis: CohortAnalysis, *, kinds: tuple[Kind, ...] = ("svg",)) -> dict[str, bytes]:
    """File name to its bytes: curves, risks, and the cuts where they were searched, each with its stamp.

    Parameters
    ----------
    analysis : CohortAnalysis
    kinds : tuple of {"svg", "png", "html"}

    Raises
    ------
    ProgramError
        If SVG or PNG is asked for and no browser is here.
    """
    card = open_run(analysis.cohort, analysis.run).card
    line = stamp({"cohort": card.cohort, "cohort_digest": card.cohort_digest, "model": card.name,
                  "model_version": card.version, "simulated": card.simulated})  # fmt: skip
    horizon = min(MONTHS, 12 * max(1, round(analysis.longest_months / 12 + 0.5)))
    drawn: dict[str, tuple[str, go.Figure]] = {
        "km": ("Overall survival by risk group", plot_groups(
            analysis.curves, horizon_months=horizon, at_risk_times=range(0, horizon + 1, 12 if horizon <= 60 else 24))),
        "risks": ("Predicted risks, out of fold",
                  plot_risk_distribution(analysis.risk, analysis.group, analysis.cutpoints)),
    }  # fmt: skip
    if analysis.maxstat is not None:
        drawn["cuts"] = ("Statistic of every candidate cut", plot_cut_scan(analysis.maxstat))
    return {
        f"{analysis.cohort}_{analysis.run}_{name}.{kind}": figure_file(figure, kind, title=title, stamp=line)
        for name, (title, figure) in drawn.items() for kind in kinds if kind in KINDS
    }  # fmt: skip
