"""The upper half of the cohort page: the answer in a sentence, curves, p-values, risks and cuts."""

from __future__ import annotations

import math

import streamlit as st

from survdash import usecases
from survdash.figures.palette import in_order
from survdash.figures.risk import plot_cut_scan, plot_risk_distribution, plot_risk_histogram
from survdash.figures.survival import EVENT_WORDS, Unit, plot_groups
from survdash.figures.words import percent_text
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.statistics.endpoints import ENDPOINTS
from survdash.ui.drawn import drawn
from survdash.ui.figure_view import show_figure
from survdash.ui.piece import finding, number_card
from survdash.ui.prose import CINDEX, escape, p_words
from survdash.usecases.analysis import draws

HORIZON = 36
LONGEST_YEARS = 10  # beyond, few patients are left in any cohort and the curve says little
RATIO = later("How many times faster patients of the highest-risk group have the event than those of the lowest, at "
              "any moment.")  # fmt: skip
HELD_OUT = {
    "maxstat": later("Each fold is split at the cut found in the other folds, and shuffled outcomes say how often "
                     "chance does as well. The fairest of the three."),
    "median": later("Each fold is split at the median of the other folds."),
    "tertiles": later("Each fold is split at the tertiles of the other folds."),
    "value": later("A cut of your own was found in no fold: nothing is held out."),
}  # fmt: skip
CORRECTED = later("Allows for every cut having been tried: how often would a useless score part the patients this "
                  "well?")
NOT_SEARCHED = later("Only a cut that was searched has to be corrected for the search.")
NAIVE = {
    "maxstat": later("The plain log-rank test at this cut. The cut was chosen to make it small, so it is too small."),
    "median": later("The plain log-rank test of the two halves."),
    "tertiles": later("The plain log-rank test of the three groups."),
    "value": later("The plain log-rank test at this cut; it holds only if the cut was fixed before looking."),
}


Analysis = usecases.CohortAnalysis | usecases.AggregateAnalysis


def show_answer(analysis: Analysis) -> None:
    """The page in one sentence and four numbers."""
    free = tr(EVENT_WORDS[analysis.endpoint][0])
    if not analysis.cutpoints:
        finding(tr("This model does not part the cohort into risk groups."), page="cohort")
    else:
        low, high = (analysis.curves[group].at([HORIZON])[0][0] for group in ("low", "high"))
        finding(
            tr("After 3 years {low} of the low-risk group are {free}, and {high} of the high-risk group.",
               low=percent_text(low), high=percent_text(high), free=free), page="cohort",
        )  # fmt: skip
    with st.container(horizontal=True):
        number_card(tr("Patients"), f"{analysis.cases:,}",
                    f"{analysis.deaths:,} {tr(EVENT_WORDS[analysis.endpoint][1])}")  # fmt: skip
        if analysis.cutpoints:
            groups = in_order(analysis.curves)
            sizes = " / ".join(f"{analysis.curves[name].size:,}" for name in groups)
            names = " / ".join(tr(name) for name in groups)
            cuts = " · ".join(f"{cut:.3g}" for cut in analysis.cutpoints)
            number_card(tr("{names} risk", names=names.capitalize()), sizes, tr("cut at {cuts}", cuts=cuts),
                        help=tr("Patients in each group."))  # fmt: skip
        if (ratio := analysis.hazard_ratio) is not None:
            number_card(tr("Hazard ratio, high vs low"), f"{ratio.ratio:.2f}",
                        tr("95 % CI {low:.2f}–{high:.2f}", low=ratio.low, high=ratio.high), help=tr(RATIO))  # fmt: skip
        value, lower, upper = analysis.concordance
        number_card(tr("C-index"), f"{value:.2f}", tr("95 % CI {low:.2f}–{high:.2f}", low=lower, high=upper),
                    help=tr(CINDEX) + " " + tr("Interval by bootstrap, {count:,} draws of the patients.",
                                              count=draws(analysis.cases)))  # fmt: skip


def show_curves(analysis: Analysis, *, name: str, unit: Unit, stamp: str) -> None:
    """The groups' curves beside the p-values, the risks beside the cuts."""
    horizon, ticks = time_axis(analysis.longest_months)
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_figure(
            drawn(plot_groups, analysis.curves, horizon_months=horizon, at_risk_times=ticks, unit=unit,
                  outcome=analysis.endpoint),
            key="cohort.km", name=f"{name}_km", stamp=stamp,
            title=tr("{title} by risk group", title=tr(ENDPOINTS[analysis.endpoint].title)),
            alt=tr("Share without the event over time in each risk group, with the numbers at risk, "
                                "censored and with the event below."),
        )  # fmt: skip
    with right:
        _show_p_values(analysis)
    for note in analysis.notes:
        st.info(escape(retell(note)))
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**{tr('How the risks lie')}**",
                    help=tr("Each risk comes from a model that never saw the patient."))  # fmt: skip
        if isinstance(analysis, usecases.CohortAnalysis):
            risks = drawn(plot_risk_distribution, analysis.risk, analysis.group, analysis.cutpoints)
        else:
            bars = analysis.histogram
            risks = drawn(plot_risk_histogram, bars.edges, bars.low, bars.high, cutpoint=analysis.cutpoint)  # fmt: skip
        show_figure(
            risks, key="cohort.risks",
            name=f"{name}_risks", title=tr("Predicted risks, out of fold"), stamp=stamp,
            alt=tr("Histogram of the out-of-fold risks with the cut."),
        )  # fmt: skip
    with right:
        st.markdown(f"**{tr('What other cuts would have given')}**",
                    help=tr("The log-rank statistic of every cut that was tried."))  # fmt: skip
        if analysis.maxstat is None:
            st.caption(tr("Shown for the best split: only there are other cuts tried."))
        else:
            show_figure(
                drawn(plot_cut_scan, analysis.maxstat), key="cohort.scan", name=f"{name}_cuts",
                title=tr("Statistic of every candidate cut"), stamp=stamp,
                alt=tr("Standardised log-rank statistic of every candidate cut; the best split is highest."),
            )  # fmt: skip


def time_axis(longest_months: float) -> tuple[int, range]:
    """Right end of a time axis in months, and its ticks: every year, of long axes every other."""
    years = min(LONGEST_YEARS, max(1, math.ceil(longest_months / 12)))
    return 12 * years, range(0, 12 * years + 1, 12 if years <= 5 else 24)


def _show_p_values(analysis: Analysis) -> None:
    """The three p-values, each with what it means."""
    st.markdown(f"**{tr('Could this be chance?')}**")
    searched = analysis.maxstat is not None
    for name, p, sentence in (
        (tr("Held out"), analysis.held_out_p, HELD_OUT[analysis.cut]),
        (tr("Corrected"), None if analysis.maxstat is None else analysis.maxstat.p_exact_gauss,
         CORRECTED if searched else NOT_SEARCHED),
        (tr("Not corrected"), None if analysis.naive is None else analysis.naive.p_value, NAIVE[analysis.cut]),
    ):  # fmt: skip
        with st.container(border=True, gap="xxsmall"):
            st.markdown(f"{name}: **{escape(p_words(p))}**")
            st.caption(tr(sentence))
