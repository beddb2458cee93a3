"""Tabs of the compare page: curves of one method, AUC and Brier score over time, calibration, ablations, published."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.errors import SurvdashError
from survdash.figures.calibration import plot_calibration
from survdash.figures.over_time import plot_brier, plot_time_auc
from survdash.figures.survival import plot_groups
from survdash.figures.words import interval_text, p_text, percent_text, ratio_text
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.ui import caching
from survdash.ui.cohort_view import time_axis
from survdash.ui.drawn import drawn
from survdash.ui.figure_view import show_figure
from survdash.ui.prose import NOT_KNOWN, escape, p_words, years
from survdash.ui.selection import run_stamp
from survdash.usecases.closer_look import HORIZON

TABS = {"curves": later("Curves of a method"), "auc": later("AUC over time"), "brier": later("Brier score"),
        "calibration": later("Predicted and seen"), "ablations": later("What each part adds"),
        "published": later("What the paper reports")}  # fmt: skip
AUC = later("Of a patient who has died by a time and one who lives beyond it: how often has the first the higher risk? "
            "0.5 is chance. Deaths are weighted for those who were last seen before.")  # fmt: skip
BRIER = later("Mean squared distance between the predicted chance to live and what happened, weighted for those who "
              "were "
              "last seen before. 0 is perfect. The dotted line is reached by telling everybody the cohort's curve; a "
              "method above it is worse than knowing nothing of the patient.")  # fmt: skip
ABLATIONS = later("The same method without a modality or a part, against the whole, on the same patients and folds. "
                  "Below 0: the part adds something; an interval with 0 in it: nothing is shown.")  # fmt: skip


def show_tabs(cohort: str, runs: dict[str, str], chosen: str, *, stamp: str) -> None:
    """Draw the tabs; only the open one is computed.

    Parameters
    ----------
    cohort : str
    runs : dict of str to str
        Run to its title, in the order of the table.
    chosen : str
        The run whose curves are drawn first: the one that was clicked.
    stamp : str
    """
    numbers = caching.published(cohort)
    tabs = {name: title for name, title in TABS.items() if name != "published" or numbers}
    drawn = st.tabs([tr(title) for title in tabs.values()], key="compare.tabs", on_change="rerun")
    for what, tab in zip(tabs, drawn, strict=True):
        if not tab.open:
            continue
        with tab:
            try:
                if what == "curves":
                    _show_curves(cohort, runs, chosen)
                elif what == "published":
                    show_published(numbers)
                elif what == "ablations":
                    _show_ablations(caching.ablations(cohort))
                else:
                    _SHOW[what](cohort, caching.method_look(cohort), stamp=stamp)
            except SurvdashError as error:  # one tab cannot be filled; the others can
                st.info(escape(f"{retell(error.message)} {retell(error.hint)}".strip()))


def show_published(numbers: tuple[usecases.Published, ...]) -> None:
    """All that the paper reports for this cancer, also of methods that are not trained here."""
    st.dataframe(
        pd.DataFrame({
            "Method": [retell(one.title) for one in numbers],
            "Reads": [" + ".join(tr(name) for name in one.modalities) for one in numbers],
            "C-index, published": [one.cindex for one in numbers],
        }),
        hide_index=True, key="compare.published", height="content",
        alt=tr("The paper's C-index of each method and ablation."),
        column_config={
            "Method": st.column_config.TextColumn(tr("Method")), "Reads": st.column_config.TextColumn(tr("Reads")),
            "C-index, published": st.column_config.NumberColumn(tr("C-index, published"), format="%.3f"),
        },
    )  # fmt: skip
    st.caption(escape(tr(
        "{note} for {cancer}: what the paper read of slides and genes is not what is read here, so a difference to our "
        "numbers says nothing about a method. Source: {source}.", note=retell(numbers[0].note.capitalize()),
        cancer=numbers[0].cancer, source=numbers[0].source,
    )))  # fmt: skip


def _show_curves(cohort: str, runs: dict[str, str], chosen: str) -> None:
    names = list(runs)
    run = st.selectbox(tr("Method"), names, index=names.index(chosen), format_func=lambda name: retell(runs[name]),
                       key=f"compare.curves_{cohort}_{chosen}")  # fmt: skip
    analysis = caching.analysis(cohort, run)
    horizon, ticks = time_axis(analysis.longest_months)
    entry = next(one for one in caching.runs(cohort) if one.name == run)
    show_figure(
        drawn(plot_groups, analysis.curves, horizon_months=horizon, at_risk_times=ticks), key="compare.km",
        name=f"{cohort}_{run}_km", title=tr("Overall survival by risk group, {method}", method=retell(runs[run])),
        alt=tr("Share alive over time in the risk groups of this method, with the numbers at risk below."),
        stamp=run_stamp(entry),
    )  # fmt: skip
    ratio = analysis.hazard_ratio
    st.markdown(tr(
        "Hazard ratio {ratio}; held out {held_out}; corrected {corrected}.",
        ratio=NOT_KNOWN if ratio is None else escape(ratio_text(ratio.ratio, ratio.low, ratio.high)),
        held_out=escape(p_words(analysis.held_out_p)),
        corrected=escape(p_words(None if analysis.maxstat is None else analysis.maxstat.p_exact_gauss)),
    ))  # fmt: skip
    st.page_link("cohort.py", label=tr("Open this method on the cohort's page"), icon=":material/groups:",
                 query_params={"cohort": cohort, "run": run})  # fmt: skip


def _show_auc(cohort: str, looks: tuple[usecases.MethodLook, ...], *, stamp: str) -> None:
    st.markdown(tr(AUC))
    known = {retell(one.title): one.auc for one in looks if one.auc is not None}
    show_figure(drawn(plot_time_auc, known), key="compare.auc", name=f"{cohort}_auc", stamp=stamp,
                title=tr("Time-dependent AUC"),
                alt=tr("AUC of each method at 1, 3 and 5 years with intervals."))  # fmt: skip
    rows: dict[str, list[str]] = {tr("Method"): [escape(title) for title in known]}
    first = next(iter(known.values()))
    for place, month in enumerate(first.times.tolist()):
        rows[years(month)] = [interval_text(one.values[place], one.low[place], one.high[place], decimals=3)
                              for one in known.values()]  # fmt: skip
    st.table(rows, border="horizontal", hide_index=True)
    for note in dict.fromkeys(note for one in looks for note in one.notes if "no value" in note):
        st.caption(escape(retell(note)))


def _show_brier(cohort: str, looks: tuple[usecases.MethodLook, ...], *, stamp: str) -> None:
    st.markdown(tr(BRIER))
    known = {retell(one.title): one.brier for one in looks if one.brier is not None}
    if not known:
        for note in dict.fromkeys(note for one in looks for note in one.notes):
            st.info(escape(retell(note)))
        return
    show_figure(drawn(plot_brier, known), key="compare.brier", name=f"{cohort}_brier", stamp=stamp,
                title=tr("Brier score over time"), alt=tr("Brier score of each method and of the Kaplan-Meier "
                                                          "curve."))  # fmt: skip
    order = sorted(known, key=lambda title: known[title].integrated)
    st.table({
        tr("Method"): [escape(title) for title in order],
        tr("Integrated"): [f"{known[title].integrated:.3f}" for title in order],
        tr("Kaplan–Meier"): [f"{known[title].integrated_reference:.3f}" for title in order],
        tr("Error less than Kaplan–Meier by"): [percent_text(known[title].integrated_scaled) for title in order],
    }, border="horizontal", hide_index=True)  # fmt: skip
    span = known[order[0]].times
    st.caption(tr("Integrated from {first:g} to {last:g} months, lowest first.", first=span[0], last=span[-1]))


def _show_calibration(cohort: str, looks: tuple[usecases.MethodLook, ...], *, stamp: str) -> None:
    known = {one.run: one for one in looks if one.calibration is not None}
    if not known:
        for note in dict.fromkeys(note for one in looks for note in one.notes):
            st.info(escape(retell(note)))
        return
    rows: dict[str, list[Any]] = {tr("Method"): [escape(retell(one.title)) for one in known.values()]}
    found = [one.calibration for one in known.values() if one.calibration is not None]
    rows[tr("Predicted")] = [percent_text(one.mean_predicted) for one in found]
    rows[tr("Seen")] = [percent_text(one.mean_observed) for one in found]
    rows[tr("Seen / predicted")] = [interval_text(one.ratio, one.ratio_low, one.ratio_high) for one in found]
    rows[tr("Slope")] = [interval_text(one.slope, one.slope_low, one.slope_high) for one in found]
    rows[tr("Off by")] = [tr("{points:.0f} points", points=100 * one.smooth.ici) if one.smooth else NOT_KNOWN
                          for one in known.values()]  # fmt: skip
    st.markdown(tr("Chance to die within {years} as predicted, and as seen. Ratio and slope are 1 where all is "
                   "right; off by: percentage points on average.", years=years(HORIZON)))  # fmt: skip
    st.table(rows, border="horizontal", hide_index=True)
    run = st.selectbox(tr("Method"), list(known), format_func=lambda name: retell(known[name].title),
                       key="compare.calibration_run")  # fmt: skip
    shown = known[run]
    if shown.calibration is not None:
        show_figure(
            drawn(plot_calibration, shown.calibration, shown.smooth), key="compare.calibration", stamp=stamp,
            name=f"{cohort}_{run}_calibration", title=tr("Predicted and seen, {method}", method=retell(shown.title)),
            alt=tr("Predicted against observed risk, by groups of patients and smoothed; the diagonal is perfect."),
        )  # fmt: skip


def _show_ablations(found: tuple[usecases.Ablation, ...]) -> None:
    st.markdown(tr(ABLATIONS))
    st.table({
        tr("Method"): [escape(retell(one.whole)) for one in found],
        tr("Without"): [", ".join(one.left_out) for one in found],
        tr("C-index less the whole's"): [
            tr("{difference:+.3f} (95 % CI {low:+.3f} to {high:+.3f})", difference=one.difference.difference,
               low=one.difference.low, high=one.difference.high)
            for one in found
        ],
        tr("p (Holm)"): [escape(p_text(one.p_holm)) for one in found],
        tr("In words"): [tr("adds something") if one.difference.high < 0 else tr("does harm")
                         if one.difference.low > 0 else tr("nothing is shown") for one in found],
    }, border="horizontal", hide_index=True)  # fmt: skip


_SHOW = {"auc": _show_auc, "brier": _show_brier, "calibration": _show_calibration}
