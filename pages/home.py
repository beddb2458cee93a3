"""Home page: what this is, what is ready on this machine, what to do next."""

from __future__ import annotations

import streamlit as st

from survdash import usecases
from survdash.figures.words import percent_text
from survdash.language import tr
from survdash.retelling import retell
from survdash.ui import caching
from survdash.ui.banner import show_simulated
from survdash.ui.error_box import error_box, show_problems
from survdash.ui.glossary import define
from survdash.ui.guide import show_guide
from survdash.ui.job_view import show_own_jobs
from survdash.ui.prose import MODALITIES, escape, listed
from survdash.ui.selection import is_papers, leader, leads_where
from survdash.ui.untrained import show_training

CINDEX_HELP = define("cindex") + " " + tr("± is the standard deviation over the held-out folds.")


def show_cohort(entry: usecases.CohortEntry) -> None:
    """One card: who is in the cohort, and how well the recommended and the best model order them."""
    with st.container(border=True, height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape(retell(entry.title))}**", width="content")
            show_simulated(simulated=entry.simulated)
        st.markdown(
            tr("{cases:,} patients, {events:,} deaths ({share}), with {modalities}.", cases=entry.cases,
               events=entry.events, share=percent_text(entry.events / entry.cases),
               modalities=listed([tr(MODALITIES.get(name, name)) for name in entry.modalities]))
        )
        runs = caching.runs(entry.name)
        if runs:
            first = runs[0]
            st.markdown(
                (tr("{count} models ready.", count=len(runs)) if len(runs) > 1 else tr("One model ready.")) + " "
                + tr("{title}: C-index **{mean:.2f}** ± {sd:.2f} over the folds.", title=escape(retell(first.title)),
                     mean=first.cindex_mean, sd=first.cindex_sd),
                help=CINDEX_HELP,
            )
            best = leader(runs)
            if best.name != first.name:
                why = tr("It stands first as the paper's model, and is not necessarily the best.") \
                    if is_papers(first) else tr("It stands first, and is not necessarily the best.")
                st.markdown(why + " " + tr(
                    "Highest {where}: {title}, C-index **{mean:.2f}** ± {sd:.2f}.", where=leads_where(runs),
                    title=escape(retell(best.title)), mean=best.cindex_mean, sd=best.cindex_sd))
            with st.container(horizontal=True):
                st.page_link("cohort.py", label=tr("Look at the cohort"), icon=":material/groups:",
                             query_params={"cohort": entry.name})
                st.page_link("compare.py", label=tr("Compare the models"), icon=":material/leaderboard:",
                             query_params={"cohort": entry.name})
        else:
            st.markdown(tr("No model yet. Train one here or by command:"))
            show_training(entry)


st.title(tr("How long do patients with this tumour live?"), anchor=False)
st.markdown(
    tr("survdash predicts survival from a **tissue slide**, a **gene table**, or both, shows how sure it is where that "
       "is known, and lets you check every number against the patients it was learnt from.")
)
show_guide()
with st.container(horizontal=True):
    if st.button(tr("Predict a new case"), type="primary", icon=":material/add_circle:", key="home.new_case"):
        st.switch_page("new_case.py")
    if st.button(tr("Look at a cohort"), icon=":material/groups:", key="home.cohort"):
        st.switch_page("cohort.py")

st.header(tr("Ready on this machine"), anchor=False)
with error_box():
    show_problems(caching.problems())
    entries = caching.cohorts()
    count = len(usecases.describe_methods())
    st.page_link("models.py", icon=":material/model_training:", label=tr(
        "{count} methods can be trained: what each needs, and which are trained", count=count))
    if not entries:
        st.info(tr("No cohort is here yet. Page 'Import' takes one in."), icon=":material/inventory_2:")
    for start in range(0, len(entries), 2):
        for column, entry in zip(st.columns(2), entries[start:start + 2], strict=False):
            with column:
                show_cohort(entry)

st.header(tr("Your predictions and trainings"), anchor=False)
with error_box():
    show_own_jobs(page="home")

st.header(tr("Bring your own"), anchor=False)
st.markdown(tr("A new patient needs nothing but a slide or a gene table. A cohort of your own is imported once:"))
st.page_link("import_cohort.py", label=tr("Import a cohort"), icon=":material/upload_file:")
st.code("python -m survdash import-cohort patients.csv --name mine --folds folds/\n"
        "python -m survdash crossval mine --model default", language="shell")
st.page_link("models.py", label=tr("Which formats are read, and what is stored here"), icon=":material/inventory_2:")
