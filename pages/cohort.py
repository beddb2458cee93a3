"""Cohort page: do the model's risk groups part, and how surely?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.figures.cutpoint import plot_cut_scan, plot_risks
from survdash.figures.survival import plot_km
from survdash.ui import caching
from survdash.ui.banner import show_simulated
from survdash.ui.download import csv_and_provenance, figure_config
from survdash.ui.error_box import error_box
from survdash.ui.prose import escape, interval, p_value, percent
from survdash.ui.selection import pick_cohort, pick_run

PAGE = "cohort"
CUTS = {"maxstat": "Best split", "median": "Median"}
HORIZON = 36
RATIO = "How many times faster patients of the high-risk group die than those of the low-risk group, at any moment."
CINDEX = "How often, of two patients, the one with the higher risk died first. 0.5 is chance, 1 is perfect."


def show_answer(analysis: usecases.CohortAnalysis) -> None:
    """The page in one sentence and four numbers."""
    shares = {name: curve.at([HORIZON]).survival[0] for name, curve in analysis.curves.items()}
    st.subheader(f"After 3 years, {percent(shares['low'])} of the low-risk group are alive, and "
                 f"{percent(shares['high'])} of the high-risk group.", anchor=False)
    with st.container(horizontal=True):
        st.metric("Patients", f"{analysis.survival.size:,}", f"{analysis.survival.event.sum():,} died", delta_color="off",
                  delta_arrow="off", border=True)
        st.metric("Low / high risk", f"{(~analysis.high).sum()} / {analysis.high.sum()}",
                  f"cut at {analysis.cutpoint:.3g}", delta_color="off", delta_arrow="off", border=True)
        ratio = analysis.hazard_ratio
        if ratio is not None:
            st.metric("Hazard ratio, high vs low", f"{ratio.ratio:.2f}", f"95 % CI {ratio.low:.2f}–{ratio.high:.2f}",
                      delta_color="off", delta_arrow="off", border=True, help=RATIO)
        value, low, high = analysis.concordance
        st.metric("C-index", f"{value:.2f}", f"95 % CI {low:.2f}–{high:.2f}", delta_color="off", delta_arrow="off",
                  border=True, help=CINDEX)


def show_p_values(analysis: usecases.CohortAnalysis) -> None:
    """The three p-values, each with what it means."""
    rows = (
        ("Held out", analysis.held_out_p, "Each fold is split at the cut found in the other folds. The fairest of the three."),
        ("Corrected", analysis.maxstat and analysis.maxstat.p_exact_gauss,
         "Allows for every cut having been tried: how often would a useless score part the patients this well somewhere?"),
        ("Not corrected", analysis.naive and analysis.naive.p_value,
         "The plain log-rank test at this cut. The cut was chosen to make it small, so it is too small."),
    )
    st.markdown("**Could this be chance?**")
    for name, p, sentence in rows:
        with st.container(border=True):
            st.markdown(f"{name}: **p {p_value(p) if p is not None and p < 0.001 else '= ' + p_value(p)}**")
            st.caption(sentence)


def show_table(cohort: usecases.CohortEntry, run: usecases.RunEntry, table: pd.DataFrame) -> None:
    """All patients: search, sort, open one."""
    query = st.text_input("Search a patient", key="cohort.search", placeholder="A part of the number, or: high, low",
                          type="search", live=True).strip()
    hit = table["case_id"].str.contains(query, case=False, regex=False) | (table["group"] == query.lower())
    shown = table[hit].reset_index(drop=True)
    # The query is a part of the key: a selection is a row number, and must not outlive the rows it was made in.
    event = st.dataframe(shown, hide_index=True, on_select="rerun", selection_mode="single-row", height=360,
                         key=f"cohort.table_{cohort.name}_{run.name}_{query}",
                         alt="Patients with fold, follow-up, risk and group; the CSV below has the same rows.")
    rows = event.selection.rows
    if not rows:
        st.caption(f"{len(shown):,} of {len(table):,} patients. Tick one on the left to open it.")
        return
    case = str(shown["case_id"].iloc[rows[0]])
    st.page_link("pages/patient.py", label=f"Open {case}", icon=":material/person:",
                 query_params={"cohort": cohort.name, "run": run.name, "case": case})


def show_page() -> None:
    """Everything below the title."""
    left, middle, right = st.columns([2, 2, 1])
    with left:
        cohort = pick_cohort(page=PAGE)
    with middle:
        run = pick_run(cohort, page=PAGE)
    cut = right.segmented_control("Cut", list(CUTS), default="maxstat", required=True, format_func=CUTS.__getitem__,
                                  key="cohort.cut", help="Where low and high risk part: the cut that parts the outcomes "
                                  "best, or half and half.")
    analysis = caching.analysis(cohort.name, run.name, cut=cut or "maxstat")
    show_simulated(simulated=cohort.simulated)
    show_answer(analysis)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.plotly_chart(plot_km(analysis.curves), key="cohort.km", config=figure_config(f"{cohort.name}_{run.name}_km"),
                        alt="Share alive over the months in the low and the high risk group, with numbers at risk below.")
    with right:
        show_p_values(analysis)
    for note in analysis.notes:
        st.info(escape(note))
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**How the risks lie**")
        st.plotly_chart(plot_risks(analysis), key="cohort.risks", config=figure_config(f"{cohort.name}_{run.name}_risks"),
                        alt="Histogram of the out-of-fold risks with the cut.")
    with right:
        st.markdown("**What other cuts would have given**")
        st.plotly_chart(plot_cut_scan(analysis.maxstat), key="cohort.scan",
                        config=figure_config(f"{cohort.name}_{run.name}_cuts"),
                        alt="Standardised log-rank statistic of every candidate cut; the highest is the best split.")
    st.header("Patients", anchor=False)
    show_table(cohort, run, analysis.risk_table)
    csv_and_provenance(usecases.export_cohort(cohort.name, run.name), name=f"{cohort.name}_{run.name}", page=PAGE)


st.title("Cohort", anchor=False)
with error_box():
    show_page()
