"""A figure on a page, and below it the way to take it away as a file with its stamp."""

from __future__ import annotations

from functools import partial

import plotly.graph_objects as go
import streamlit as st

from survdash.access import current
from survdash.figure_file import HOW_TO_GET_ONE, KINDS, NO_BROWSER, Kind, figure_file, find_browser
from survdash.language import later, tr
from survdash.ui.downloads import offer

NO_TOOLS: dict[str, object] = {"displayModeBar": False}  # the files below have a stamp, those of the tool bar none
LABELS: dict[Kind, str] = {"svg": "SVG", "png": "PNG", "html": "HTML"}
MEANT_FOR: dict[Kind, str] = {
    "svg": later("Lines and text, for papers and slides."),
    "png": later("A picture of 2,000 pixels across."),
    "html": later("To zoom and hover in any browser, without a network."),
}


def show_figure(figure: go.Figure, *, key: str, name: str, title: str, alt: str, stamp: str) -> None:
    """Draw a figure with its export below.

    Parameters
    ----------
    figure : Figure
    key : str
        Of the chart, ``page.widget``.
    name : str
        File name without ending.
    title : str
        Stands above the drawing in the files.
    alt : str
        What a reader who does not see it is told.
    stamp : str
        See ``survdash.stamp``.
    """
    st.plotly_chart(figure, key=key, config=NO_TOOLS, alt=alt)
    export_buttons(figure, key=key, name=name, title=title, stamp=stamp)


def export_buttons(figure: go.Figure, *, key: str, name: str, title: str, stamp: str) -> None:
    """Buttons for the figure as SVG, PNG and HTML; a file is made when its button is clicked, and not before.

    Parameters
    ----------
    figure, key, name, title, stamp
        As in ``show_figure``.
    """
    if not current().may("export"):
        return
    here = find_browser() is not None
    with st.popover(tr("Save figure"), icon=":material/download:", type="tertiary", key=f"{key}_save"):
        for kind, media in KINDS.items():
            # The file is made on a thread of its own: neither this run of the page nor another visitor waits for it.
            offer(
                LABELS[kind], partial(figure_file, figure, kind, title=title, stamp=stamp), f"{name}.{kind}", media,
                key=f"{key}_{kind}", cohort="", disabled=kind != "html" and not here, help=tr(MEANT_FOR[kind]),
            )  # fmt: skip
        if here:
            st.caption(tr("SVG and PNG take some seconds. If one does not come, the browser that draws it did not "
                          "answer: try again, or take HTML."))  # fmt: skip
        else:
            st.caption(f"{NO_BROWSER} {HOW_TO_GET_ONE}")
