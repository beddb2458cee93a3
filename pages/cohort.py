"""Cohort page: do the model's risk groups part, and how surely."""

from __future__ import annotations

from functools import partial

import streamlit as st

from survdash import usecases
from survdash.language import language, later, tr
from survdash.ui import caching
from survdash.ui.banner import show_simulated
from survdash.ui.closer_look_view import show_closer_look
from survdash.ui.cohort_view import show_answer, show_curves
from survdash.ui.error_box import error_box
from survdash.ui.limits import show_limits
from survdash.ui.model_about import show_opened
from survdash.ui.patient_table import show_patients
from survdash.ui.piece import csv_and_provenance
from survdash.ui.selection import pick_cohort, pick_endpoint, pick_run, run_stamp
from survdash.ui.untrained import need_model
from survdash.usecases.analysis import Cut

PAGE = "cohort"
CUTS: dict[Cut, str] = {"maxstat": later("Best split"), "median": later("Median"), "tertiles": later("Tertiles"),
                        "value": later("Own value")}  # fmt: skip
CUT_HELP = later("Where low and high risk part: at the cut that parts the outcomes best, half and half, in thirds, "
                 "or at a value of your own.")  # fmt: skip
WITHOUT_PATIENTS = later(
    "The patients of this cohort are not on this machine: these figures came with survdash, in whole months. Import "
    "its tables under the same name to look at each patient."
)
WITHOUT_WEIGHTS = later(
    "Of this method figures alone came with survdash, in whole months: what it says of each patient is not here. "
    "Choose another model to look at them, or train this one anew."
)
UNITS = {"months": later("Months"), "years": later("Years")}


def pick_cut(cohort: str, run: usecases.RunEntry, endpoint: str) -> tuple[Cut, float | None]:
    """The rule by which the risks are cut, and a value where it is the user's own."""
    rules: list[Cut] = list(CUTS) if run.has_patients else ["maxstat", "median"]
    cut: Cut = st.segmented_control(
        tr("Cut"), rules, default="maxstat", required=True, format_func=lambda one: tr(CUTS[one]),
        key="cohort.cut", help=tr(CUT_HELP),
    ) or "maxstat"  # fmt: skip
    if cut != "value":
        return cut, None
    risk = usecases.need_patients(caching.analysis(cohort, run.name, endpoint=endpoint)).risk
    return cut, st.number_input(
        tr("Largest risk of the low group"), value=float(f"{sorted(risk)[len(risk) // 2]:.3g}"), format="%.3f",
        key="cohort.value", step=float(f"{max((risk.max() - risk.min()) / 50, 1e-3):.1g}"),
        help=tr("Risks reach from {low:.3g} to {high:.3g}.", low=risk.min(), high=risk.max()),
    )  # fmt: skip


def show_methods(analysis: usecases.CohortAnalysis, *, name: str) -> None:
    """The methods paragraph, to be copied or taken away; the browser loads what shows it (1.6 MB) once it is opened."""
    paragraph = st.expander(tr("Methods, for a paper"), icon=":material/article:", key="cohort.paragraph",
                            on_change="rerun")  # fmt: skip
    if not paragraph.open:
        return
    with paragraph:
        text = caching.of_analysis(usecases.methods_text, analysis, language=language())
        st.code(text, language=None, wrap_lines=True)
        st.download_button(tr("Methods (text)"), text, f"{name}_methods.txt", "text/plain", key="cohort.methods",
                           icon=":material/download:", on_click="ignore")  # fmt: skip


st.title(tr("Cohort"), anchor=False)
with error_box():
    left, middle, right = st.columns([4, 4, 3])
    with left:
        cohort = pick_cohort(page=PAGE)
    need_model(cohort)
    with middle:
        run = pick_run(cohort, page=PAGE)
    with right:
        endpoint = pick_endpoint(cohort, page=PAGE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cut, value = pick_cut(cohort.name, run, endpoint)
        unit = st.segmented_control(tr("Time in"), list(UNITS), default="months", required=True, key="cohort.unit",
                                    format_func=lambda one: tr(UNITS[one])) or "months"  # fmt: skip
    analysis = caching.analysis(cohort.name, run.name, cut=cut, value=value, endpoint=endpoint)
    with st.container(horizontal=True):
        show_simulated(simulated=cohort.simulated)
        st.page_link("contents.py", label=tr("What is in it"), icon=":material/fact_check:",
                     query_params={"cohort": cohort.name})  # fmt: skip
    show_opened(run.card)
    show_answer(analysis)
    name, line = f"{cohort.name}_{run.name}", run_stamp(run)
    show_curves(analysis, name=name, unit=unit, stamp=line)
    st.header(tr("Patients"), anchor=False)
    if isinstance(analysis, usecases.CohortAnalysis):
        show_patients(cohort, run, analysis.risk_table, outcome=endpoint)
        csv_and_provenance(partial(usecases.export_cohort, cohort.name, run.name), name=name, page=PAGE,
                           cohort=cohort.name)  # fmt: skip
        show_methods(analysis, name=name)
    else:
        st.info(tr(WITHOUT_WEIGHTS if cohort.patients_here else WITHOUT_PATIENTS), icon=":material/lock:")
    st.header(tr("A closer look"), anchor=False)
    show_closer_look(analysis, name=name, stamp=line, unit=unit, runs=caching.runs(cohort.name))
    show_limits("cohort")
