"""Tabs below a cohort's curves: what stands behind the two groups. Only the open one is computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.errors import SurvdashError
from survdash.figures.adjusted import plot_adjusted
from survdash.figures.calibration import plot_calibration
from survdash.figures.survival import Unit
from survdash.figures.words import interval_text, p_text, percent_text
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.statistics.subgroups import SubgroupRow
from survdash.ui import caching, deeper_look_view
from survdash.ui.drawn import drawn
from survdash.ui.figure_view import show_figure
from survdash.ui.prose import escape, years
from survdash.usecases.closer_look import HORIZON, RISK_GROUP, CloserLook

TABS = {
    "adjusted": later("Other facts held equal"), "groups": later("Groups of patients"),
    "calibration": later("Predicted and seen"), "decision": later("Worth acting on"),
    "landmark": later("From a later time on"), "causes": later("Causes of death"), "steady": later("Is the cut steady"),
    "pair": later("Against another model"),
}  # fmt: skip
SEARCHED = later("The cut was chosen in these same patients, so the risk group's ratio is somewhat too large.")
SUBGROUPS = later(
    "Does the model work as well in the young as in the old, at every stage and site? Of many groups some differ by "
    "chance; the intervals do not allow for that."
)


def show_closer_look(
    analysis: usecases.CohortAnalysis | usecases.AggregateAnalysis, *, name: str, stamp: str, unit: Unit,
    runs: Sequence[usecases.RunEntry],
) -> None:  # fmt: skip
    """Draw the tabs.

    Parameters
    ----------
    analysis : CohortAnalysis or AggregateAnalysis
        Without patients the first three tabs have what came with survdash, and the others say what they would take.
    name, stamp : str
        First half of the figures' file names, and the line below the figures.
    unit : {"months", "years"}
    runs : sequence of RunEntry
        The cohort's models, to set another one beside this one.
    """
    opened = zip(TABS, st.tabs([tr(title) for title in TABS.values()], key="cohort.closer", on_change="rerun"),
                 strict=True)  # fmt: skip
    for what, tab in opened:
        if tab.open:
            with tab:
                try:
                    _show(what, analysis, name=name, stamp=stamp, unit=unit, runs=runs)
                except SurvdashError as error:  # one tab cannot be filled; the others can
                    st.info(escape(f"{retell(error.message)} {retell(error.hint)}".strip()))


def _show(
    what: str, analysis: usecases.CohortAnalysis | usecases.AggregateAnalysis, *, name: str, stamp: str, unit: Unit,
    runs: Sequence[usecases.RunEntry],
) -> None:  # fmt: skip
    if what in ("adjusted", "groups", "calibration"):
        look = caching.of_analysis(usecases.closer_figures, analysis, cut=analysis.cut)
        show_look(look, what, name=name, stamp=stamp, searched=analysis.cut == "maxstat")
        return
    analysis = usecases.need_patients(analysis)
    if what == "decision":
        deeper_look_view.show_decision(analysis, name=name, stamp=stamp)
    elif what == "landmark":
        deeper_look_view.show_landmark(analysis, name=name, stamp=stamp, unit=unit)
    elif what == "causes":
        deeper_look_view.show_causes(analysis, name=name, stamp=stamp)
    elif what == "steady":
        deeper_look_view.show_steadiness(analysis, name=name, stamp=stamp)
    else:
        deeper_look_view.show_pair(analysis, runs, name=name, stamp=stamp)


def show_look(look: CloserLook, what: str, *, name: str, stamp: str, searched: bool) -> None:
    """Draw one of the three answers of a closer look.

    Parameters
    ----------
    look : CloserLook
    what : {"adjusted", "groups", "calibration"}
    name, stamp : str
    searched : bool
        Whether the cut was chosen by the outcomes.
    """
    if what == "adjusted":
        _show_adjusted(look, name=name, stamp=stamp, searched=searched)
    elif what == "groups":
        st.markdown(tr(SUBGROUPS))
        st.dataframe(
            subgroup_rows(look.subgroups), hide_index=True, key="cohort.subgroups", column_config=_columns(),
            alt=tr("Patients, deaths, c-index, predicted and observed risk of each group of patients."),
        )  # fmt: skip
    else:
        _show_calibration(look, name=name, stamp=stamp)


def _columns() -> dict[str, Any]:
    return {
        "Group": st.column_config.TextColumn(tr("Group"), pinned=True, width="medium"),
        "Patients": st.column_config.NumberColumn(tr("Patients"), format="localized"),
        "Died": st.column_config.NumberColumn(tr("With the event"), format="localized"),
        "C-index": st.column_config.TextColumn(
            tr("C-index"), help=tr("Mean over the folds; 0.5 is chance, 1 is perfect.")
        ),
        "Predicted": st.column_config.TextColumn(
            tr("Predicted"), help=tr("Mean predicted risk of dying within {years}.", years=years(HORIZON))
        ),
        "Seen": st.column_config.TextColumn(
            tr("Seen"), help=tr("Share who died within {years}, by Kaplan–Meier.", years=years(HORIZON))
        ),
        "Note": st.column_config.TextColumn(tr("Note")),
    }


def subgroup_rows(rows: tuple[SubgroupRow, ...]) -> pd.DataFrame:
    """The table as it is shown: a line a group, numbers with their intervals in words."""
    return pd.DataFrame({
        "Group": [tr("all patients") if row.factor == "all" else f"{tr(row.factor)}: {row.level}" for row in rows],
        "Patients": [row.patients for row in rows],
        "Died": [row.events for row in rows],
        "C-index": [interval_text(row.c, row.c_low, row.c_high) for row in rows],
        "Predicted": [percent_text(row.predicted) for row in rows],
        "Seen": [_seen(row) for row in rows],
        "Note": [row.note for row in rows],
    })  # fmt: skip


def _seen(row: SubgroupRow) -> str:
    text = percent_text(row.observed)
    if not math.isnan(row.observed_low):
        text += f" ({percent_text(row.observed_low)} to {percent_text(row.observed_high)})"
    return text


def _show_adjusted(look: CloserLook, *, name: str, stamp: str, searched: bool) -> None:
    found = look.adjusted
    if found is not None:
        others = list(dict.fromkeys(row.factor for row in found.rows if row.factor != RISK_GROUP))
        high = next((row for row in found.rows if row.factor == RISK_GROUP and not row.is_reference), None)
        if high is not None:
            ratio = interval_text(high.ratio, high.low, high.high)
            st.markdown(
                tr("Of patients alike in {others}, those of the high-risk group have the event **{ratio}** times as "
                   "fast.",
                   others=_listed(others), ratio=escape(ratio)) + (f" {tr(SEARCHED)}" if searched else "")
            )  # fmt: skip
        show_figure(
            drawn(plot_adjusted, found), key="cohort.adjusted", name=f"{name}_adjusted", stamp=stamp,
            title=tr("Hazard ratios with other facts held equal"),
            alt=tr("Hazard ratios of risk group, age, sex and stage in one Cox model, with their intervals."),
        )  # fmt: skip
        st.caption(tr(
            "Complete cases: {patients:,} patients, {events:,} with the event. Is each ratio the same at all times "
            "(proportional hazards)? p {p}; a small p speaks against it.",
            patients=found.patients, events=found.events, p=escape(p_text(found.hazards_p)),
        ))  # fmt: skip
    for note in look.adjusted_notes:
        st.info(escape(retell(note)))


def _show_calibration(look: CloserLook, *, name: str, stamp: str) -> None:
    found = look.calibration
    if found is not None:
        words = tr(
            "Within {years} the model expects {predicted} of the patients to die; {seen} did.", years=years(HORIZON),
            predicted=percent_text(found.mean_predicted), seen=percent_text(found.mean_observed),
        )  # fmt: skip
        if look.smooth is not None:
            words += " " + tr("A predicted risk is off by {points:.0f} percentage points on average.",
                              points=100 * look.smooth.ici)  # fmt: skip
        st.markdown(words)
        show_figure(
            drawn(plot_calibration, found, look.smooth), key="cohort.calibration", name=f"{name}_calibration",
            stamp=stamp, title=tr("Predicted and seen risk at {years}", years=years(HORIZON)),
            alt=tr("Predicted against observed risk, by groups of patients and smoothed; the diagonal is perfect."),
        )  # fmt: skip
        parts = [
            tr("Seen / predicted {ratio}", ratio=interval_text(found.ratio, found.ratio_low, found.ratio_high)),
            tr("slope {slope}; both are 1 where all is right",
               slope=interval_text(found.slope, found.slope_low, found.slope_high)),
        ]  # fmt: skip
        if look.spread is not None:
            parts.append(tr("D-calibration over the whole follow-up: p {p}", p=p_text(look.spread.p_value)))
        st.caption(escape(". ".join((", ".join(parts[:2]), *parts[2:])) + "."))
    for note in look.calibration_notes:
        st.info(escape(retell(note)))


def _listed(words: list[str]) -> str:
    plain = [tr(word.removesuffix(" in years")) for word in words]
    return plain[0] if len(plain) == 1 else tr("{some} and {last}", some=", ".join(plain[:-1]), last=plain[-1])
