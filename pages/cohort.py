"""Cohort page: do the model's risk groups part, and how surely."""

from __future__ import annotations

import streamlit as st

from survdash import usecases
from survdash.language import later, tr
from survdash.stamp import stamp
from survdash.ui import caching
from survdash.ui.banner import show_simulated
from survdash.ui.closer_look_view import show_closer_look
from survdash.ui.cohort_view import show_answer, show_curves
from survdash.ui.error_box import error_box
from survdash.ui.patient_table import show_patients
from survdash.ui.piece import csv_and_provenance
from survdash.ui.selection import pick_cohort, pick_endpoint, pick_run
from survdash.usecases.analysis import Cut

PAGE = "cohort"
CUTS: dict[Cut, str] = {"maxstat": later("Best split"), "median": later("Median"), "tertiles": later("Tertiles"),
                        "value": later("Own value")}  # fmt: skip
CUT_HELP = later("Where low and high risk part: at the cut that parts the outcomes best, half and half, in thirds, "
                 "or at a value of your own.")  # fmt: skip
UNITS = {"months": later("Months"), "years": later("Years")}


def pick_cut(cohort: str, run: str, endpoint: str) -> tuple[Cut, float | None]:
    """The rule by which the risks are cut, and a value where it is the user's own."""
    cut: Cut = st.segmented_control(
        tr("Cut"), list(CUTS), default="maxstat", required=True, format_func=lambda one: tr(CUTS[one]),
        key="cohort.cut", help=tr(CUT_HELP),
    ) or "maxstat"  # fmt: skip
    if cut != "value":
        return cut, None
    risk = caching.analysis(cohort, run, endpoint=endpoint).risk
    return cut, st.number_input(
        tr("Largest risk of the low group"), value=float(f"{sorted(risk)[len(risk) // 2]:.3g}"), format="%.3f",
        key="cohort.value", step=float(f"{max((risk.max() - risk.min()) / 50, 1e-3):.1g}"),
        help=tr("Risks reach from {low:.3g} to {high:.3g}.", low=risk.min(), high=risk.max()),
    )  # fmt: skip


st.title(tr("Cohort"), anchor=False)
with error_box():
    left, middle, right = st.columns([4, 4, 3])
    with left:
        cohort = pick_cohort(page=PAGE)
    with middle:
        run = pick_run(cohort, page=PAGE)
    with right:
        endpoint = pick_endpoint(cohort, page=PAGE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cut, value = pick_cut(cohort.name, run.name, endpoint)
        unit = st.segmented_control(tr("Time in"), list(UNITS), default="months", required=True, key="cohort.unit",
                                    format_func=lambda one: tr(UNITS[one])) or "months"  # fmt: skip
    analysis = caching.analysis(cohort.name, run.name, cut=cut, value=value, endpoint=endpoint)
    with st.container(horizontal=True):
        show_simulated(simulated=cohort.simulated)
        st.page_link("contents.py", label=tr("What is in it"), icon=":material/fact_check:",
                     query_params={"cohort": cohort.name})  # fmt: skip
    show_answer(analysis)
    export = caching.cohort_export(cohort.name, run.name)
    name, line = f"{cohort.name}_{run.name}", stamp(export.provenance)
    show_curves(analysis, name=name, unit=unit, stamp=line)
    st.header(tr("Patients"), anchor=False)
    show_patients(cohort, run, analysis.risk_table, outcome=endpoint)
    csv_and_provenance(export, name=name, page=PAGE)
    with st.expander(tr("Methods, for a paper"), icon=":material/article:"):
        text = usecases.methods_text(analysis)
        st.code(text, language=None, wrap_lines=True)
        st.download_button(tr("Methods (text)"), text, f"{name}_methods.txt", "text/plain", key="cohort.methods",
                           icon=":material/download:", on_click="ignore")  # fmt: skip
    st.header(tr("A closer look"), anchor=False)
    show_closer_look(analysis, name=name, stamp=line, unit=unit, runs=caching.runs(cohort.name))
