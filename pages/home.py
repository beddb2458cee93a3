"""Home page: what this is, what is ready on this machine, what to do next."""

from __future__ import annotations

import streamlit as st

from survdash import usecases
from survdash.figures.words import percent_text
from survdash.ui import caching
from survdash.ui.banner import show_simulated
from survdash.ui.error_box import error_box, show_problems
from survdash.ui.job_view import show_own_jobs
from survdash.ui.prose import CINDEX, escape
from survdash.ui.selection import is_papers, leader, leads_where

MODALITIES = {"genes": "gene tables", "slide": "slides"}
CINDEX_HELP = CINDEX + " ± is the standard deviation over the held-out folds."


def show_cohort(entry: usecases.CohortEntry) -> None:
    """One card: who is in the cohort, and how well the recommended and the best model order them."""
    with st.container(border=True, height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape(entry.title)}**", width="content")
            show_simulated(simulated=entry.simulated)
        st.markdown(
            f"{entry.cases:,} patients, {entry.events:,} deaths ({percent_text(entry.events / entry.cases)}), "
            f"with {' and '.join(MODALITIES[name] for name in entry.modalities)}."
        )
        runs = caching.runs(entry.name)
        if runs:
            first = runs[0]
            st.markdown(
                f"{len(runs)} model{'s' if len(runs) > 1 else ''} ready. {escape(first.title)}: "
                f"C-index **{first.cindex_mean:.2f}** ± {first.cindex_sd:.2f} over the folds.",
                help=CINDEX_HELP,
            )
            best = leader(runs)
            if best.name != first.name:
                why = "It stands first as the paper's model, and" if is_papers(first) else "It stands first, and"
                st.markdown(
                    f"{why} is not necessarily the best. Highest {leads_where(runs)}: {escape(best.title)}, "
                    f"C-index **{best.cindex_mean:.2f}** ± {best.cindex_sd:.2f}."
                )
            with st.container(horizontal=True):
                st.page_link("cohort.py", label="Look at the cohort", icon=":material/groups:",
                             query_params={"cohort": entry.name})
                st.page_link("compare.py", label="Compare the models", icon=":material/leaderboard:",
                             query_params={"cohort": entry.name})
        else:
            st.markdown("No model yet. Train one here or by command:")
            st.page_link("models.py", label="Choose a method and train it", icon=":material/model_training:",
                         query_params={"cohort": entry.name})
            st.code(f"python -m survdash crossval {entry.name} --model default", language="shell")


st.title("How long do patients with this tumour live?", anchor=False)
st.markdown(
    "survdash predicts survival from a **tissue slide**, a **gene table**, or both, shows how sure it is where that is "
    "known, and lets you check every number against the patients it was learnt from."
)
with st.container(horizontal=True):
    if st.button("Predict a new case", type="primary", icon=":material/add_circle:", key="home.new_case"):
        st.switch_page("new_case.py")
    if st.button("Look at a cohort", icon=":material/groups:", key="home.cohort"):
        st.switch_page("cohort.py")

st.header("Ready on this machine", anchor=False)
with error_box():
    show_problems(caching.problems())
    entries = caching.cohorts()
    count = len(usecases.describe_methods())
    st.page_link("models.py", label=f"{count} methods can be trained: what each needs, and which are trained",
                 icon=":material/model_training:")
    if not entries:
        st.info("No cohort is here yet. Page 'Import' takes one in.", icon=":material/inventory_2:")
    for start in range(0, len(entries), 2):
        for column, entry in zip(st.columns(2), entries[start:start + 2], strict=False):
            with column:
                show_cohort(entry)

st.header("Your predictions and trainings", anchor=False)
with error_box():
    show_own_jobs()

st.header("Bring your own", anchor=False)
st.markdown("A new patient needs nothing but a slide or a gene table. A cohort of your own is imported once:")
st.page_link("import_cohort.py", label="Import a cohort", icon=":material/upload_file:")
st.code("python -m survdash import-cohort patients.csv --name mine --folds folds/\n"
        "python -m survdash crossval mine --model default", language="shell")
st.page_link("models.py", label="Which formats are read, and what is stored here", icon=":material/inventory_2:")
