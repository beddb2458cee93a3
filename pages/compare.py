"""Compare page: all methods on the same folds, and which differences hold."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from survdash.figures.comparison import plot_forest
from survdash.figures.words import p_text
from survdash.language import tr
from survdash.retelling import retell
from survdash.stamp import stamp
from survdash.store import digest
from survdash.ui import caching
from survdash.ui.banner import show_simulated
from survdash.ui.compare_view import TABS, show_tabs
from survdash.ui.drawn import drawn
from survdash.ui.error_box import error_box
from survdash.ui.figure_view import NO_TOOLS, export_buttons
from survdash.ui.limits import show_limits
from survdash.ui.piece import csv_and_provenance, finding
from survdash.ui.prose import CINDEX, escape
from survdash.ui.selection import pick_cohort
from survdash.ui.untrained import need_model

PAGE = "compare"


def columns() -> dict[str, Any]:
    """How the table is headed."""
    column = st.column_config
    return {
        "title": column.TextColumn(tr("Method"), pinned=True),
        "modalities": column.TextColumn(tr("Reads")),
        "cases": column.NumberColumn(tr("Patients"), help=tr("That it was trained and judged on."), format="localized"),
        "folds_mean": column.TextColumn(tr("C-index"), help=tr(CINDEX) + " " + tr(
            "Mean ± standard deviation over the held-out folds (divided by their number).")),
        "interval": column.TextColumn(tr("95 % CI"), help=tr("Of the mean; bootstrap over patients.")),
        "published": column.TextColumn(tr("Published, other features"), help=tr(
            "The paper's number of this method on the same modalities, read from other features. It is beside ours for "
            "orientation, in no ranking and no test.")),
        "pooled": column.NumberColumn(tr("Pooled"), format="%.3f", help=tr("Over all held-out patients at once.")),
        "difference": column.TextColumn(tr("Difference"), help=tr(
            "C-index minus that of the first row, on the same patients; none for a run on other folds.")),
        "difference_interval": column.TextColumn(tr("95 % CI of it"), help=tr("Paired bootstrap over patients.")),
        "p_holm": column.TextColumn("p", help=tr(
            "Of the difference, corrected by Holm for the number of methods in the table.")),
        "best": column.TextColumn(tr("Best"), help=tr("Only where every interval of a difference excludes 0.")),
        "fold_words": column.TextColumn(tr("Folds"), help=tr(
            "How many, and whether they came with the cohort or were made here; by site: no hospital on both sides.")),
        "seeds": column.NumberColumn(tr("Seeds"), help=tr("Networks a fold, each with chance of its own, averaged.")),
        "chance": column.TextColumn(tr("Trained again"), help=tr(
            "Lowest and highest C-index of trainings with other chance, and how many there were.")),
        "params": column.NumberColumn(tr("Weights"), format="compact", help=tr("Numbers that training sets.")),
        "seconds": column.NumberColumn(tr("Training (s)"), format="%.0f", help=tr("All folds together.")),
    }  # fmt: skip


def for_reading(table: pd.DataFrame) -> pd.DataFrame:
    """The stored table with its intervals as text; without the published column where nothing is published."""
    shown = table.copy()
    shown["interval"] = [f"{low:.2f}–{high:.2f}" for low, high in zip(table["low"], table["high"], strict=True)]
    shown["folds_mean"] = [f"{mean:.3f} ± {sd:.3f}" for mean, sd in zip(table["mean"], table["sd"], strict=True)]
    shown["title"] = [retell(title) for title in table["title"]]
    shown["best"] = [tr("best") if mark else "" for mark in table["best"]]
    folds = zip(table["folds"], table["fold_source"], strict=True)
    shown["fold_words"] = [f"{count}, {tr(how)}" for count, how in folds]
    shown["difference_interval"] = [
        "–" if pd.isna(low) else f"{low:+.3f} {tr('to')} {high:+.3f}"
        for low, high in zip(table["difference_low"], table["difference_high"], strict=True)
    ]
    others = table["difference"].iloc[1:]
    shown["difference"] = [
        tr("reference"), *(tr("other folds") if pd.isna(value) else f"{value:+.3f}" for value in others)
    ]
    shown["p_holm"] = ["–", *("–" if pd.isna(p) else p_text(p) for p in table["p_holm"].iloc[1:])]
    shown["published"] = ["–" if pd.isna(value) else f"{value:.3f}" for value in table["published"]]
    shown["chance"] = [
        "–" if pd.isna(low) else f"{low:.3f}–{high:.3f} ({count})"
        for low, high, count in zip(table["chance_low"], table["chance_high"], table["trainings"], strict=True)
    ]
    left = {"published"} if table["published"].isna().all() else set()
    left |= {"chance"} if table["chance_low"].isna().all() else set()
    known = [name for name in columns() if name not in left | (set() if table["best"].any() else {"best"})]
    return shown[known].round({"pooled": 3, "seconds": 0})


def answer(table: pd.DataFrame) -> str:
    """The page's sentence: who leads, and whether that is more than luck."""
    leader = table.iloc[0]
    title = escape(retell(leader["title"]))
    if len(table) == 1:
        return tr("{title} is the only method trained so far: its C-index is {mean:.2f}.", title=title,
                  mean=leader["mean"])  # fmt: skip
    if leader["best"]:
        return tr("{title} orders the patients best; its lead is larger than chance explains.", title=title)
    paired = table["difference_high"].iloc[1:].dropna()
    if paired.empty:
        return tr("No two methods were judged on the same folds, so none is compared with {title}.", title=title)
    lead = tr("its lead over these is larger than chance explains") if (paired < 0).all() else \
        tr("its lead over the next is within what chance explains")
    if len(paired) < len(table) - 1:
        return tr("{title} has the highest C-index of those on the same folds, {mean:.2f}; {lead}.", title=title,
                  mean=leader["mean"], lead=lead)  # fmt: skip
    return tr("{title} has the highest C-index, {mean:.2f}; {lead}.", title=title, mean=leader["mean"], lead=lead)


def who(table: pd.DataFrame) -> str:
    """Which patients the rows are about: the same only where the numbers say so."""
    fewest, most = int(table["cases"].min()), int(table["cases"].max())
    trained = f"{fewest:,}" if fewest == most else f"{fewest:,} {tr('to')} {most:,}"
    if len(table) == 1:
        return tr("Judged on {most:,} patients, in the cohort's folds.", most=most)
    if "common" not in table:
        return tr("Judged in the cohort's folds, each on the patients that it can read ({trained}).", trained=trained)
    common = int(table["common"].iloc[0])
    if common == fewest == most:
        return tr("All were trained and judged on the same {common:,} patients and folds.", common=common)
    return tr("Compared on the {common:,} patients that all of them can read, in the cohort's folds; each was trained "
              "on all that it can read ({trained}).", common=common, trained=trained)  # fmt: skip


def other_folds(table: pd.DataFrame) -> str:
    """What is said where some runs have folds of their own."""
    count = int(table["difference"].isna().sum())
    if not count:
        return ""
    if count == 1:
        return " " + tr("The last row of the table is of other folds: no difference is given.")
    return " " + tr("The last {count} rows of the table are of other folds: no difference is given.", count=count)


def open_curves() -> None:
    """What a click on a method does: its curves come to the front."""
    st.session_state["compare.tabs"] = tr(TABS["curves"])


def show_methods(table: pd.DataFrame, *, cohort: str, line: str) -> str:
    """The forest plot and the table; returns the method that was clicked, the first of the table without a click."""
    rows = digest({"cohort": cohort, "runs": table["run"].tolist()})  # a selection lives as long as these rows
    figure = drawn(plot_forest, table)
    points = st.plotly_chart(
        figure, key=f"compare.forest_{rows}", config=NO_TOOLS, on_select=open_curves, selection_mode="points",
        alt=tr("C-index of each method with its 95 % interval; the table below has the numbers."),
    ).selection.points  # fmt: skip
    export_buttons(figure, key="compare.forest", name=f"{cohort}_methods", stamp=line,
                   title=tr("C-index of each method"))  # fmt: skip
    picked = st.dataframe(
        for_reading(table), hide_index=True, column_config=columns(), key=f"compare.table_{rows}", height="content",
        on_select=open_curves, selection_mode="single-row",
        alt=tr("C-index, interval and paired difference of each method."),
    ).selection.rows  # fmt: skip
    st.caption(tr("Click a mark of the figure, or tick a row, to see the curves of that method below."))
    clicked = [*picked, *(round(float(point["y"])) for point in points)]
    return str(table["run"].iloc[clicked[0] if clicked else 0])


st.title(tr("Compare"), anchor=False)
with error_box():
    with st.columns(2)[0]:
        cohort = pick_cohort(page=PAGE)
    need_model(cohort)
    table = caching.comparison(cohort.name)
    show_simulated(simulated=cohort.simulated)
    finding(answer(table), page=PAGE)
    st.caption(f"{who(table)} {tr('Each risk is from a model that never saw the patient.')}{other_folds(table)}")
    export = caching.comparison_export(cohort.name)
    line = stamp(export.provenance)
    chosen = show_methods(table, cohort=cohort.name, line=line)
    csv_and_provenance(export, name=f"{cohort.name}_methods", page=PAGE, latex=caching.comparison_latex(cohort.name))
    show_tabs(cohort.name, dict(zip(table["run"], table["title"], strict=True)), chosen, stamp=line)
    show_limits("compare")
