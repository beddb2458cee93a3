"""All patients of a cohort: search, filter, sort, and open the very one that was clicked."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.figures.survival import EVENT_WORDS
from survdash.language import tr
from survdash.store import digest
from survdash.ui.prose import escape

# What is given to a table is what a screen reader says of it, whatever format the eye sees.
DECIMALS = {"risk": 3, "percentile": 0, "time_months": 1, "age": 0}


@st.fragment
def show_patients(cohort: usecases.CohortEntry, run: usecases.RunEntry, table: pd.DataFrame, *, outcome: str) -> None:
    """Draw the table with its search and filters; a change of them runs nothing else of the page.

    Parameters
    ----------
    cohort : CohortEntry
    run : RunEntry
    table : DataFrame
        As ``CohortAnalysis.risk_table``.
    outcome : str
        Name of the endpoint, for the words.
    """
    shown = _chosen(table, outcome=outcome)
    # A selection is a row's number: it lives as long as exactly these patients stand in exactly this order, and no
    # longer. A sort in the browser changes the order on the screen alone, and the number stays that of the row.
    rows = digest({"cohort": cohort.name, "run": run.name, "cases": shown["case_id"].tolist()})
    event = st.dataframe(
        shown, hide_index=True, on_select="rerun", selection_mode="single-row", height=360,
        key=f"cohort.table_{rows}", column_config=_columns(outcome),
        alt=tr("Patients with fold, follow-up, risk and group; the CSV below has the same rows."),
    )  # fmt: skip
    picked = event.selection.rows
    if not picked:
        st.caption(tr("{shown:,} of {all:,} patients. Tick one on the left to open it.", shown=len(shown),
                      all=len(table)))  # fmt: skip
        return
    case = str(shown["case_id"].iloc[picked[0]])
    st.page_link("patient.py", label=tr("Open {case}", case=escape(case)), icon=":material/person:",
                 query_params={"cohort": cohort.name, "run": run.name, "case": case})  # fmt: skip


def _chosen(table: pd.DataFrame, *, outcome: str) -> pd.DataFrame:
    """What search and filters leave; a fact that no patient has, for instance a stage, needs no column."""
    left, middle, right = st.columns([4, 3, 3], vertical_alignment="bottom")
    query = left.text_input(
        tr("Search"), key="cohort.search", type="search", live=True, label_visibility="collapsed",
        placeholder=tr("A part of the number, or: high, low"),
    ).strip()  # fmt: skip
    free, happened = (tr(words) for words in EVENT_WORDS[outcome])
    groups = [name for name in ("low", "medium", "high") if (table["group"] == name).any()]
    group = middle.segmented_control(
        tr("Group"), groups, format_func=tr, key="cohort.only_group", label_visibility="collapsed",
    ) if groups else None  # fmt: skip
    seen = right.segmented_control(
        tr("Outcome"), [True, False], key="cohort.only_event", label_visibility="collapsed",
        format_func=lambda died: happened if died else free,
    )  # fmt: skip
    keep = table["case_id"].str.contains(query, case=False, regex=False) | (table["group"] == query.lower())
    if group is not None:
        keep &= table["group"] == group
    if seen is not None:
        keep &= table["event"] == seen
    shown = table[keep].reset_index(drop=True).drop(columns=table.columns[table.isna().all()]).round(DECIMALS)
    for name in {"group", "sex"} & set(shown.columns):
        shown[name] = shown[name].map(tr, na_action="ignore")
    return shown


def _columns(outcome: str) -> dict[str, Any]:
    happened = tr(EVENT_WORDS[outcome][1])
    return {
        "case_id": st.column_config.TextColumn(tr("Patient"), pinned=True),
        "risk": st.column_config.NumberColumn(tr("Risk"), format="%.3f", help=tr("Out of fold; higher is worse.")),
        "percentile": st.column_config.ProgressColumn(
            tr("Percentile"), format="%.0f", min_value=0, max_value=100,
            help=tr("Of 100 patients, how many have a lower risk."),
        ),
        "group": st.column_config.TextColumn(tr("Group")),
        "time_months": st.column_config.NumberColumn(tr("Follow-up (months)"), format="%.1f"),
        "event": st.column_config.CheckboxColumn(happened.capitalize(), help=tr("Unticked: not when last seen.")),
        "age": st.column_config.NumberColumn(tr("Age"), format="%.0f"),
        "sex": st.column_config.TextColumn(tr("Sex")),
        "stage": st.column_config.TextColumn(tr("Stage")),
        "fold": st.column_config.NumberColumn(
            tr("Fold"), format="%d", help=tr("In this fold the patient was held out; none: all folds judged."),
        ),
    }  # fmt: skip
