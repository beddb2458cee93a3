"""Compare page: all methods on the same folds, and which differences hold."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.figures.comparison import plot_forest
from survdash.figures.words import p_text
from survdash.ui import caching
from survdash.ui.banner import show_simulated
from survdash.ui.error_box import error_box
from survdash.ui.piece import csv_and_provenance, figure_config
from survdash.ui.prose import CINDEX, escape
from survdash.ui.selection import pick_cohort

PAGE = "compare"
COLUMNS = {
    "title": st.column_config.TextColumn("Method", pinned=True),
    "modalities": st.column_config.TextColumn("Reads"),
    "cases": st.column_config.NumberColumn("Patients", help="That it was trained and judged on."),
    "folds_mean": st.column_config.TextColumn(
        "C-index", help=CINDEX + " Mean ± standard deviation over the held-out folds (divided by their number)."),
    "interval": st.column_config.TextColumn("95 % CI", help="Of the mean; bootstrap over patients."),
    "published": st.column_config.TextColumn(
        "Published, other features", help="The paper's number of this method on the same modalities, read from other "
        "features. It is beside ours for orientation, in no ranking and no test."),
    "pooled": st.column_config.NumberColumn("Pooled", format="%.3f", help="Over all held-out patients at once."),
    "difference": st.column_config.TextColumn(
        "Difference", help="C-index minus that of the first row, on the same patients; none for a run on other folds."),
    "difference_interval": st.column_config.TextColumn("95 % CI of it", help="Paired bootstrap over patients."),
    "p_holm": st.column_config.TextColumn(
        "p", help="Of the difference, corrected by Holm for the number of methods in the table."),
    "fold_words": st.column_config.TextColumn(
        "Folds", help="How many, and whether they came with the cohort or were made here; by site: no hospital on "
        "both sides."),
    "seeds": st.column_config.NumberColumn("Seeds", help="Networks a fold, each with chance of its own, averaged."),
    "params": st.column_config.NumberColumn("Weights", format="compact", help="Numbers that training sets."),
    "seconds": st.column_config.NumberColumn("Training (s)", format="%.0f", help="All folds together."),
}


def for_reading(table: pd.DataFrame) -> pd.DataFrame:
    """The stored table with its intervals as text; without the published column where nothing is published."""
    shown = table.copy()
    shown["interval"] = [f"{low:.2f}–{high:.2f}" for low, high in zip(table["low"], table["high"], strict=True)]
    shown["folds_mean"] = [f"{mean:.3f} ± {sd:.3f}" for mean, sd in zip(table["mean"], table["sd"], strict=True)]
    shown["fold_words"] = [f"{count}, {how}" for count, how in zip(table["folds"], table["fold_source"], strict=True)]
    shown["difference_interval"] = [
        "–" if pd.isna(low) else f"{low:+.3f} to {high:+.3f}"
        for low, high in zip(table["difference_low"], table["difference_high"], strict=True)
    ]
    shown["difference"] = [
        "reference", *("other folds" if pd.isna(value) else f"{value:+.3f}" for value in table["difference"].iloc[1:])
    ]
    shown["p_holm"] = ["–", *("–" if pd.isna(p) else p_text(p) for p in table["p_holm"].iloc[1:])]
    shown["published"] = ["–" if pd.isna(value) else f"{value:.3f}" for value in table["published"]]
    known = [name for name in COLUMNS if name != "published" or table["published"].notna().any()]
    return shown[known]


def answer(table: pd.DataFrame) -> str:
    """The page's sentence: who leads, and whether that is more than luck."""
    leader = table.iloc[0]
    if len(table) == 1:
        return f"{escape(leader['title'])} is the only method trained so far: its C-index is {leader['mean']:.2f}."
    if leader["best"]:
        return f"{escape(leader['title'])} orders the patients best; its lead is larger than chance explains."
    paired = table["difference_high"].iloc[1:].dropna()
    of_these = " of those on the same folds" if len(paired) < len(table) - 1 else ""
    if paired.empty:
        return f"No two methods were judged on the same folds, so none is compared with {escape(leader['title'])}."
    lead = "; its lead over these is larger than chance explains" if (paired < 0).all() else \
        ", but its lead over the next is within what chance explains"
    return f"{escape(leader['title'])} has the highest C-index{of_these}, {leader['mean']:.2f}{lead}."


def who(table: pd.DataFrame) -> str:
    """Which patients the rows are about: the same only where the numbers say so."""
    fewest, most = int(table["cases"].min()), int(table["cases"].max())
    trained = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
    if len(table) == 1:
        return f"Judged on {most:,} patients, in the cohort's folds."
    if "common" not in table:
        return f"Judged in the cohort's folds, each on the patients that it can read ({trained})."
    common = int(table["common"].iloc[0])
    if common == fewest == most:
        return f"All were trained and judged on the same {common:,} patients and folds."
    return (f"Compared on the {common:,} patients that all of them can read, in the cohort's folds; each was trained "
            f"on all that it can read ({trained}).")


def other_folds(table: pd.DataFrame) -> str:
    """What is said where some runs have folds of their own."""
    count = int(table["difference"].isna().sum())
    if not count:
        return ""
    which = "The last row of the table is" if count == 1 else f"The last {count} rows of the table are"
    return f" {which} of other folds: no difference is given."


def show_published(numbers: tuple[usecases.Published, ...]) -> None:
    """All that the paper reports for this cancer, also of methods that are not trained here."""
    with st.expander(f"What the paper reports for {numbers[0].cancer}", icon=":material/menu_book:"):
        st.dataframe(
            pd.DataFrame({"Method": [one.title for one in numbers], "Reads": [" + ".join(one.modalities)
                          for one in numbers], "C-index, published": [one.cindex for one in numbers]}),
            hide_index=True, key="compare.published", height="content",
            alt="The paper's C-index of each method and ablation.",
            column_config={"C-index, published": st.column_config.NumberColumn(format="%.3f")},
        )
        st.caption(escape(
            f"{numbers[0].note.capitalize()}: what the paper read of slides and genes is not what is read here, so a "
            "difference to ours is not one of the methods alone. This cohort is taken for the paper's by the cancer "
            f"codes of its patients ({numbers[0].cancer}). "
            f"Source: {'; '.join(sorted({one.source for one in numbers}))}."
        ))


st.title("Compare", anchor=False)
with error_box():
    with st.columns(2)[0]:
        cohort = pick_cohort(page=PAGE)
    table = caching.comparison(cohort.name)
    show_simulated(simulated=cohort.simulated)
    st.subheader(answer(table), anchor=False)
    st.caption(f"{who(table)} Each risk is from a model that never saw the patient.{other_folds(table)}")
    st.plotly_chart(plot_forest(table), key="compare.forest", config=figure_config(f"{cohort.name}_methods"),
                    alt="C-index of each method with its 95 % interval; the table below has the numbers.")
    st.dataframe(for_reading(table), hide_index=True, column_config=COLUMNS, key="compare.table", height="content",
                 alt="C-index, interval and paired difference of each method.")
    if numbers := caching.published(cohort.name):
        show_published(numbers)
    csv_and_provenance(caching.comparison_export(cohort.name), name=f"{cohort.name}_methods", page=PAGE,
                       latex=caching.comparison_latex(cohort.name))
