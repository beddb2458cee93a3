"""Cohort page: do the model's risk groups part, and how surely."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.figures.risk import plot_cut_scan, plot_risk_distribution, plot_risk_histogram
from survdash.figures.survival import plot_groups
from survdash.figures.words import percent_text
from survdash.ui import caching
from survdash.ui.banner import show_simulated
from survdash.ui.closer_look_view import show_closer_look
from survdash.ui.error_box import error_box
from survdash.ui.piece import csv_and_provenance, figure_config, number_card
from survdash.ui.prose import CINDEX, escape, p_words
from survdash.ui.selection import pick_cohort, pick_run
from survdash.usecases.analysis import Cut

PAGE = "cohort"
COLUMNS = {
    "case_id": st.column_config.TextColumn("Patient", pinned=True),
    "risk": st.column_config.NumberColumn("Risk", format="%.3f", help="Out of fold; higher is worse."),
    "percentile": st.column_config.ProgressColumn(
        "Percentile", format="%.0f", min_value=0, max_value=100, help="Of 100 patients, how many have a lower risk."
    ),
    "group": st.column_config.TextColumn("Group"),
    "time_months": st.column_config.NumberColumn("Follow-up (months)", format="%.1f"),
    "event": st.column_config.CheckboxColumn("Died", help="Unticked: alive when last seen."),
    "age": st.column_config.NumberColumn("Age", format="%.0f"),
    "sex": st.column_config.TextColumn("Sex"),
    "stage": st.column_config.TextColumn("Stage"),
    "fold": st.column_config.NumberColumn("Fold", help="In this fold the patient was held out."),
}
CUTS: dict[Cut, str] = {"maxstat": "Best split", "median": "Median"}
CUT_HELP = "Where low and high risk part: at the cut that parts the outcomes best, or half and half."
HORIZON = 36
LONGEST_YEARS = 10  # beyond, few patients are left in any cohort and the curve says little
RATIO = "How many times faster patients of the high-risk group die than those of the low-risk group, at any moment."
HELD_OUT = (
    "Each fold is split at the cut found in the other folds, and shuffled outcomes say how often chance does as well. "
    "The fairest of the three."
)
CORRECTED = "Allows for every cut having been tried: how often would a useless score part the patients this well?"
NAIVE = "The plain log-rank test at this cut. The cut was chosen to make it small, so it is too small."


Analysis = usecases.CohortAnalysis | usecases.AggregateAnalysis
WITHOUT_PATIENTS = (
    "The patients of this cohort are not on this machine: these figures came with survdash, in whole months. Import "
    "its tables under the same name to look at each patient."
)


def show_answer(analysis: Analysis) -> None:
    """The page in one sentence and four numbers."""
    if analysis.cutpoint is None:
        st.subheader("This model does not part the cohort into two risk groups.", anchor=False)
    else:
        low, high = (analysis.curves[group].at([HORIZON])[0][0] for group in ("low", "high"))
        st.subheader(
            f"After 3 years {percent_text(low)} of the low-risk group are alive, "
            f"and {percent_text(high)} of the high-risk group.",
            anchor=False,
        )
    with st.container(horizontal=True):
        number_card("Patients", f"{analysis.cases:,}", f"{analysis.deaths:,} died")
        if analysis.cutpoint is not None:
            number_card("Low / high risk", f"{analysis.n_low} / {analysis.n_high}",
                        f"cut at {analysis.cutpoint:.3g}", help="Patients in each group.")
        if (ratio := analysis.hazard_ratio) is not None:
            number_card("Hazard ratio, high vs low", f"{ratio.ratio:.2f}", f"95 % CI {ratio.low:.2f}–{ratio.high:.2f}",
                        help=RATIO)
        value, lower, upper = analysis.concordance
        number_card("C-index", f"{value:.2f}", f"95 % CI {lower:.2f}–{upper:.2f}", help=CINDEX)


def show_p_values(analysis: Analysis) -> None:
    """The three p-values, each with what it means."""
    st.markdown("**Could this be chance?**")
    for name, p, sentence in (
        ("Held out", analysis.held_out_p, HELD_OUT),
        ("Corrected", None if analysis.maxstat is None else analysis.maxstat.p_exact_gauss, CORRECTED),
        ("Not corrected", None if analysis.naive is None else analysis.naive.p_value, NAIVE),
    ):
        with st.container(border=True, gap="xxsmall"):
            st.markdown(f"{name}: **{escape(p_words(p))}**")
            st.caption(sentence)


def show_table(cohort: usecases.CohortEntry, run: usecases.RunEntry, table: pd.DataFrame) -> None:
    """All patients: search, sort, open one."""
    query = st.text_input("Search", key="cohort.search", placeholder="A part of the number, or: high, low",
                          type="search", live=True, label_visibility="collapsed").strip()
    hit = table["case_id"].str.contains(query, case=False, regex=False) | (table["group"] == query.lower())
    # a fact that no patient has, for instance a stage, needs no column
    shown = table[hit].reset_index(drop=True).drop(columns=table.columns[table.isna().all()])
    # The query is a part of the key: a selection is a row number, and must not outlive the rows it was made in.
    event = st.dataframe(
        shown, hide_index=True, on_select="rerun", selection_mode="single-row", height=360,
        key=f"cohort.table_{cohort.name}_{run.name}_{query}", column_config=COLUMNS,
        alt="Patients with fold, follow-up, risk and group; the CSV below has the same rows.",
    )
    rows = event.selection.rows
    if not rows:
        st.caption(f"{len(shown):,} of {len(table):,} patients. Tick one on the left to open it.")
        return
    case = str(shown["case_id"].iloc[rows[0]])
    st.page_link("patient.py", label=f"Open {case}", icon=":material/person:",
                 query_params={"cohort": cohort.name, "run": run.name, "case": case})


def show_curves(analysis: Analysis, *, name: str) -> None:
    """The two groups' curves beside the p-values, the risks beside the cuts."""
    years = min(LONGEST_YEARS, math.ceil(analysis.longest_months / 12))
    horizon, step = 12 * years, 12 if years <= 5 else 24
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.plotly_chart(
            plot_groups(analysis.curves, horizon_months=horizon, at_risk_times=range(0, horizon + 1, step)),
            key="cohort.km", config=figure_config(f"{name}_km"),
            alt="Share alive over the months in the low and the high risk group, with numbers at risk below.",
        )
    with right:
        show_p_values(analysis)
    for note in analysis.notes:
        st.info(escape(note))
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**How the risks lie**", help="Each risk comes from a model that never saw the patient.")
        risks = plot_risk_distribution(analysis.risk, analysis.high, analysis.cutpoint) \
            if isinstance(analysis, usecases.CohortAnalysis) \
            else plot_risk_histogram(analysis.histogram.edges, analysis.histogram.low, analysis.histogram.high,
                                     cutpoint=analysis.cutpoint)
        st.plotly_chart(
            risks, key="cohort.risks",
            config=figure_config(f"{name}_risks"), alt="Histogram of the out-of-fold risks with the cut.",
        )
    with right:
        st.markdown("**What other cuts would have given**", help="The log-rank statistic of every cut that was tried.")
        if analysis.maxstat is not None:
            st.plotly_chart(plot_cut_scan(analysis.maxstat), key="cohort.scan", config=figure_config(f"{name}_cuts"),
                            alt="Standardised log-rank statistic of every candidate cut; the best split is highest.")


st.title("Cohort", anchor=False)
with error_box():
    left, middle, right = st.columns([4, 4, 3])
    with left:
        cohort = pick_cohort(page=PAGE)
    with middle:
        run = pick_run(cohort, page=PAGE)
    cut = right.segmented_control("Cut", list(CUTS), default="maxstat", required=True, format_func=CUTS.__getitem__,
                                  key="cohort.cut", help=CUT_HELP)
    analysis = caching.analysis(cohort.name, run.name, cut=cut or "maxstat")
    with st.container(horizontal=True):
        show_simulated(simulated=cohort.simulated)
        st.page_link("contents.py", label="What is in it", icon=":material/fact_check:",
                     query_params={"cohort": cohort.name})
    show_answer(analysis)
    show_curves(analysis, name=f"{cohort.name}_{run.name}")
    st.header("Patients", anchor=False)
    if isinstance(analysis, usecases.CohortAnalysis):
        show_table(cohort, run, analysis.risk_table)
        csv_and_provenance(usecases.export_cohort(cohort.name, run.name), name=f"{cohort.name}_{run.name}", page=PAGE)
    else:
        st.info(WITHOUT_PATIENTS, icon=":material/lock:")
    st.header("A closer look", anchor=False)
    show_closer_look(
        caching.closer_look(cohort.name, run.name, cut=cut or "maxstat"), name=f"{cohort.name}_{run.name}",
        searched=cut != "median",
    )
