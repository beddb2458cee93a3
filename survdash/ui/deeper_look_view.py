"""Five more tabs below a cohort's curves: worth of acting, later start, causes of death, steady cut, another model."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from survdash import usecases
from survdash.errors import NotEnoughDataError
from survdash.figures.decision import plot_decision
from survdash.figures.incidence import plot_incidence
from survdash.figures.pair import plot_pair
from survdash.figures.risk import plot_cut_stability
from survdash.figures.survival import Unit, plot_groups
from survdash.figures.words import p_text, percent_text
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.ui import caching
from survdash.ui.cohort_view import time_axis
from survdash.ui.drawn import drawn
from survdash.ui.figure_view import show_figure
from survdash.ui.prose import escape, p_words, years

HORIZONS = (12, 36, 60)
DECISION = later(
    "Suppose one treated everybody whose predicted risk lies at or above some threshold. Net benefit counts those "
    "treated "
    "who would have died, less those treated in vain, weighed by the threshold. A model is worth acting on at a "
    "threshold where its line lies above both others."
)
LANDMARK = later(
    "Of those still followed at this time, do the groups still part? Who died before is left out, and time is "
    "counted from here: what is said to a patient who has lived so long."
)
CAUSES = later(
    "Who dies of something else can no longer die of the cancer. These curves allow for that; one less the survival "
    "curve would count too many deaths of the cancer."
)
STEADY = later(
    "The patients drawn anew {draws} times, and the best cut searched each time. The narrower the heap, the more the "
    "cut is one of the disease and not of these very patients."
)


def show_decision(analysis: usecases.CohortAnalysis, *, name: str, stamp: str) -> None:
    """Net benefit at a horizon that the reader chooses."""
    st.markdown(tr(DECISION))
    horizon = st.segmented_control(tr("Horizon"), HORIZONS, default=36, required=True, format_func=years,
                                   key="cohort.decision_horizon") or 36  # fmt: skip
    found = caching.of_analysis(usecases.decision, analysis, horizon=horizon)
    show_figure(
        drawn(plot_decision, found), key="cohort.decision", name=f"{name}_decision", stamp=stamp,
        title=tr("Net benefit at {years}", years=years(horizon)),
        alt=tr("Net benefit of treating by the model, everybody and nobody, over thresholds of risk."),
    )  # fmt: skip


def show_landmark(analysis: usecases.CohortAnalysis, *, name: str, stamp: str, unit: Unit) -> None:
    """The groups among those who have lived to a time that the reader chooses."""
    st.markdown(tr(LANDMARK))
    at = st.segmented_control(tr("Start"), (6, 12, 24, 36), default=12, required=True, format_func=years,
                              key="cohort.landmark_at") or 12  # fmt: skip
    found = caching.of_analysis(usecases.from_landmark, analysis, at=float(at))
    horizon, ticks = time_axis(max(curve.last_follow_up for curve in found.curves.values()))
    show_figure(
        drawn(plot_groups, found.curves, horizon_months=horizon, at_risk_times=ticks, unit=unit,
              outcome=analysis.outcome.name, start=later("the chosen start")),
        key="cohort.landmark", name=f"{name}_landmark_{at}", stamp=stamp,
        title=tr("From {years} after diagnosis on", years=years(at)),
        alt=tr("Share without the event in each risk group, counted from the chosen time on."),
    )  # fmt: skip
    said = p_words(None if found.test is None else found.test.p_value)
    st.caption(tr(
        "{kept:,} patients were followed beyond; {died:,} had the event before, {lost:,} were last seen before. "
        "Log-rank test of the groups from here on, not corrected for the choice of the cut: {p}.",
        kept=found.kept, died=found.died_before, lost=found.censored_before, p=escape(said),
    ))  # fmt: skip


def show_causes(analysis: usecases.CohortAnalysis, *, name: str, stamp: str) -> None:
    """Death of the cancer and of something else, where the cohort says which it was."""
    found = caching.of_analysis(usecases.causes, analysis)
    st.markdown(tr(CAUSES))
    horizon, _ = time_axis(max(float(one.time[-1]) for one in found.values()))
    show_figure(
        drawn(plot_incidence, found, horizon_months=horizon), key="cohort.causes", name=f"{name}_causes", stamp=stamp,
        title=tr("Cumulative incidence of death by cause"),
        alt=tr("Share that has died of this cancer and of something else over time, by risk group."),
    )  # fmt: skip
    rows = {"": [], tr("Died of this cancer"): [], tr("Died of something else"): []}  # type: dict[str, list[str]]
    for label, one in found.items():
        dead = dict(zip(one.causes, one.events.sum(axis=1).tolist(), strict=True))
        by_three = dict(zip(one.causes, one.at([36])[:, 0].tolist(), strict=True))
        for column, value in zip(rows, (tr(label), *(
            f"{dead.get(cause, 0):,} ({percent_text(by_three.get(cause, 0.0))} {tr('by')} {years(36)})"
            for cause in (1, 2)
        )), strict=True):  # fmt: skip
            rows[column].append(value)
    st.table(rows, border="horizontal", hide_index=True)


def show_steadiness(analysis: usecases.CohortAnalysis, *, name: str, stamp: str) -> None:
    """Where the best cut falls in other draws of the patients."""
    if analysis.cut != "maxstat":
        raise NotEnoughDataError("Only the best split is searched; a median or a value of one's own is what it is.",
                                 hint="Choose the best split above.")  # fmt: skip
    found = caching.of_analysis(usecases.steadiness, analysis)
    st.markdown(tr(STEADY, draws=len(found.cutpoints) + found.failed))
    show_figure(
        drawn(plot_cut_stability, found), key="cohort.steady", name=f"{name}_cut_stability", stamp=stamp,
        title=tr("The best cut when patients are drawn anew"),
        alt=tr("Histogram of the cuts found in draws of the patients, with the chosen cut and the limits of 95 of "
               "100."),
    )  # fmt: skip
    doubtful = int((found.agreement < 0.8).sum())
    st.caption(tr(
        "95 of 100 draws cut between {low:.3g} and {high:.3g}. {doubtful:,} of {all:,} patients change the group in "
        "more than 20 of 100 draws: theirs is a close call. The limits are no confidence interval.",
        low=found.low, high=found.high, doubtful=doubtful, all=len(found.agreement),
    ))  # fmt: skip


def show_pair(
    analysis: usecases.CohortAnalysis, runs: Sequence[usecases.RunEntry], *, name: str, stamp: str
) -> None:
    """Another model over the same patients."""
    titles = {run.name: retell(run.title) for run in runs}
    others = [other for other in titles if other != analysis.run]
    if not others:
        raise NotEnoughDataError("No other model has been trained on this cohort.", hint="Train one on Models & data.")
    other = st.selectbox(tr("Other model"), others, format_func=titles.__getitem__, key="cohort.other_run")
    found = caching.model_pair(analysis.cohort, analysis.run, other)
    gap = found.difference
    shown = f"{gap.difference:+.3f} (95 % CI {gap.low:+.3f} {tr('to')} {gap.high:+.3f}), p {p_text(gap.p_value)}"
    certain = tr("larger than chance explains") if gap.low > 0 or gap.high < 0 else tr("within what chance explains")
    st.markdown(tr(
        "C-index of this model less that of the other, on the same {count:,} patients: **{gap}**, {certain}. Both put "
        "{agree} of the patients on the same side of their median.",
        count=len(found.case_ids), gap=escape(shown), certain=certain, agree=percent_text(found.agree),
    ))  # fmt: skip
    show_figure(
        drawn(plot_pair, found.first, found.second, found.event, case_ids=found.case_ids,
                  names=(titles.get(analysis.run, analysis.run), titles[other])),
        key="cohort.pair", name=f"{name}_against_{other}", stamp=stamp, title=tr("Two models over the same patients"),
        alt=tr("Percentile of each patient by one model against that by the other; on the diagonal both agree."),
    )  # fmt: skip
    if found.left_out:
        st.caption(tr("{count:,} patients of this model have no prediction by the other.", count=found.left_out))
    if not found.same_folds:
        st.info(tr("The two were trained on other folds: a difference may be one of the folds."))
