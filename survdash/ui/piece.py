"""Small pieces of a page: a number in a frame, a table of facts, what can be taken away."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from survdash.export import Export
from survdash.language import tr
from survdash.ui.downloads import offer


def csv_and_provenance(
    export: Export | Callable[[], Export], *, name: str, page: str, latex: str | None = None, cohort: str = ""
) -> None:
    """Buttons for the table, what made it, and the same table as LaTeX where there is one.

    Parameters
    ----------
    export : Export or callable
        A callable makes it on the click: a large cohort's page does not wait for it.
    name : str
        File name without ending.
    page : str
        First half of the widgets' keys.
    latex : str, optional
    cohort : str, optional
        Whose data a callable makes.
    """
    if isinstance(export, Export):
        ready = export
        cohort = str(export.provenance.get("cohort", ""))

    def made() -> Export:
        return export() if callable(export) else ready

    with st.container(horizontal=True):
        offer(tr("Download CSV"), lambda: made().csv.encode(), f"{name}.csv", "text/csv", key=f"{page}.csv",
              cohort=cohort, primary=True)  # fmt: skip
        if latex is not None:
            offer(tr("Download LaTeX"), latex.encode(), f"{name}.tex", "text/x-tex", key=f"{page}.latex",
                  cohort=cohort, icon=":material/functions:", help=tr("A table with booktabs rules, for a paper."))
        offer(
            tr("Provenance (JSON)"), lambda: made().sidecar(), f"{name}.provenance.json", "application/json",
            key=f"{page}.provenance", cohort=cohort, icon=":material/fingerprint:",
            help=tr(
                "Checksums of the features, genes, weights and folds behind these numbers, and the code's version."),
        )  # fmt: skip


def facts(rows: dict[str, str]) -> None:
    """A small table of names and values; values may hold Markdown, so escape what comes from files."""
    st.table({"": list(rows), " ": list(rows.values())}, border="horizontal", hide_header=True, hide_index=True)


def finding(words: str, *, page: str) -> None:
    """What a page has found, in one sentence: the heading of all that stands below it."""
    with st.container(key=f"{page}_finding"):
        st.header(words, anchor=False)


def number_card(label: str, value: str, below: str, *, help: str | None = None) -> None:
    """One number in a frame, with a grey line below it."""
    st.metric(label, value, below, delta_color="off", delta_arrow="off", border=True, help=help)
