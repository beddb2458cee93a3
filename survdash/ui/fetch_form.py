"""The form of a download: which cohort of TCGA from which server, what there is of it, what it weighs."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from survdash import usecases
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.ui.import_form import Kind
from survdash.ui.piece import facts
from survdash.ui.prose import data_size, escape

FETCH = "tcga"
FETCH_KIND = Kind(title=later("Open data of TCGA"), first="", others=(),
                  words=later("Downloaded from the GDC or cBioPortal; this server needs the network for it.")
                  )  # fmt: skip
SERVERS = {"gdc": later("Genomic Data Commons"), "cbioportal": "cBioPortal"}
WORDS = {
    "genes": later("Gene tables (STAR-Counts)"), "rna": later("Expression values, about"),
    "zscores": later("Expression as z-scores, about"), "cnv": later("Copy numbers, about"),
}  # fmt: skip
EXPRESSION: dict[Literal["", "rsem", "zscores"], str] = {
    "": later("what the models of this cancer read, else log2(RSEM + 1)"), "rsem": "log2(RSEM + 1)",
    "zscores": later("z-scores against diploid samples"),
}  # fmt: skip


def ask_fetch(*, page: str) -> usecases.FetchRequest | None:
    """Draw the form and what the server says there is; the request once that was seen.

    Parameters
    ----------
    page : str
        First half of the widgets' keys.
    """
    left, right = st.columns(2)
    source: Literal["gdc", "cbioportal"] = right.radio(
        tr("From"), ["gdc", "cbioportal"], format_func=lambda name: tr(SERVERS[name]), key=f"{page}.server",
        horizontal=True,
    )
    cohort = left.selectbox(tr("Cohort of TCGA"), usecases.fetchable_cohorts(source), key=f"{page}.tcga_{source}")
    cases = left.number_input(tr("Only the first cases"), min_value=1, value=None, key=f"{page}.cases",
                              placeholder=tr("all"), help=tr("By barcode, of those with an outcome and gene values."))
    usual = usecases.FetchRequest(cohort=cohort, source=source).cohort_name
    name = right.text_input(tr("Name of the cohort"), usual, key=f"{page}.name_{cohort}_{source}", max_chars=40,
                            help=tr("Lower-case letters a to z, digits, - and _."))
    compare = right.checkbox(tr("Ask the other server too, and say where outcomes disagree"), key=f"{page}.compare")
    expression: Literal["", "rsem", "zscores"] = ""
    if source == "cbioportal":
        expression = right.selectbox(
            tr("Expression as"), list(EXPRESSION), key=f"{page}.expression",
            format_func=lambda one: tr(EXPRESSION[one]),
            help=tr("Models that come with survdash for BLCA and LUAD learned from z-scores against diploid samples."),
        )  # fmt: skip
    st.caption(tr("Slides are hundreds of gigabytes: fetch them with 'fetch-cohort --what clinical,genes,slides' "
                  "where the server runs."))  # fmt: skip
    request = usecases.FetchRequest(
        cohort=cohort, source=source, cases=None if cases is None else int(cases), name=name, compare=compare,
        expression=expression,
    )
    kept = f"{page}.plan"
    if st.button(tr("See what there is"), key=f"{page}.look", icon=":material/search:"):
        with st.spinner(tr("Asking {server} …", server=tr(SERVERS[source]))):
            st.session_state[kept] = (request, usecases.plan_fetch(request))
    seen, plan = st.session_state.get(kept, (None, None))
    if seen != request or plan is None:
        return None
    st.header(tr("What would come"), anchor=False)
    show_plan(plan)
    return request


def show_plan(plan: usecases.FetchPlan) -> None:
    """What a download would bring, what it leaves out, and whether there is room."""
    share = plan.events / len(plan.cases)
    rows = {tr("Cases"): f"{len(plan.cases):,}", tr("Deaths"): f"{plan.events:,} ({share:.0%})",
            tr("State of the data"): escape(retell(plan.release))}  # fmt: skip
    for kind, (number, size, here) in plan.sizes.items():
        already = tr("; {size} are here", size=data_size(here)) if here else ""
        rows[tr(WORDS.get(kind, kind))] = f"{number:,}, {data_size(size)}{already}"
    facts(rows | {tr("Room on the disk"): data_size(plan.free_bytes)})
    for words in (*plan.dropped, *plan.notes):
        st.markdown(f"- {escape(retell(words))}")
