"""Three tabs below a cohort's curves: other facts held equal, groups of patients, predictions come true."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from survdash.figures.adjusted import plot_adjusted
from survdash.figures.calibration import plot_calibration
from survdash.figures.words import interval_text, p_text, percent_text
from survdash.statistics.subgroups import SubgroupRow
from survdash.ui.piece import figure_config
from survdash.ui.prose import escape, years
from survdash.usecases.closer_look import HORIZON, RISK_GROUP, CloserLook

TABS = ("Other facts held equal", "Groups of patients", "Predicted and seen")
SEARCHED = "The cut was chosen in these same patients, so the risk group's ratio is somewhat too large."
SUBGROUPS = (
    "Does the model work as well in the young as in the old, at every stage and site? Of many groups some differ by "
    "chance; the intervals do not allow for that."
)
COLUMNS = {
    "Group": st.column_config.TextColumn(pinned=True, width="medium"),
    "C-index": st.column_config.TextColumn(help="Mean over the folds; 0.5 is chance, 1 is perfect."),
    "Predicted": st.column_config.TextColumn(help=f"Mean predicted risk of dying within {years(HORIZON)}."),
    "Seen": st.column_config.TextColumn(help=f"Share who died within {years(HORIZON)}, by Kaplan–Meier."),
}


def show_closer_look(look: CloserLook, *, name: str, searched: bool) -> None:
    """Draw the three tabs.

    Parameters
    ----------
    look : CloserLook
    name : str
        First half of the figures' file names.
    searched : bool
        Whether the cut was chosen by the outcomes.
    """
    adjusted, groups, calibrated = st.tabs(TABS)
    with adjusted:
        _show_adjusted(look, name=name, searched=searched)
    with groups:
        st.markdown(SUBGROUPS)
        st.dataframe(
            subgroup_rows(look.subgroups), hide_index=True, key="cohort.subgroups", column_config=COLUMNS,
            alt="Patients, deaths, c-index, predicted and observed risk of each group of patients.",
        )
    with calibrated:
        _show_calibration(look, name=name)


def subgroup_rows(rows: tuple[SubgroupRow, ...]) -> pd.DataFrame:
    """The table as it is shown: a line a group, numbers with their intervals in words."""
    return pd.DataFrame({
        "Group": ["all patients" if row.factor == "all" else f"{row.factor}: {row.level}" for row in rows],
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


def _show_adjusted(look: CloserLook, *, name: str, searched: bool) -> None:
    found = look.adjusted
    if found is not None:
        others = list(dict.fromkeys(row.factor for row in found.rows if row.factor != RISK_GROUP))
        high = next((row for row in found.rows if row.factor == RISK_GROUP and not row.is_reference), None)
        if high is not None:
            ratio = interval_text(high.ratio, high.low, high.high)
            st.markdown(
                f"Of patients alike in {_listed(others)}, those of the high-risk group die "
                f"**{escape(ratio)}** times as fast." + (f" {SEARCHED}" if searched else "")
            )
        st.plotly_chart(
            plot_adjusted(found), key="cohort.adjusted", config=figure_config(f"{name}_adjusted"),
            alt="Hazard ratios of risk group, age, sex and stage in one Cox model, with their intervals.",
        )
        st.caption(
            f"Complete cases: {found.patients:,} patients, {found.events:,} died. Is each ratio the same at all times "
            f"(proportional hazards)? p {escape(p_text(found.hazards_p))}; a small p speaks against it."
        )
    for note in look.adjusted_notes:
        st.info(escape(note))


def _show_calibration(look: CloserLook, *, name: str) -> None:
    found = look.calibration
    if found is not None:
        words = (
            f"Within {years(HORIZON)} the model expects {percent_text(found.mean_predicted)} of the patients to die; "
            f"{percent_text(found.mean_observed)} did."
        )
        if look.smooth is not None:
            words += f" A predicted risk is off by {100 * look.smooth.ici:.0f} percentage points on average."
        st.markdown(words)
        st.plotly_chart(
            plot_calibration(found, look.smooth), key="cohort.calibration", config=figure_config(f"{name}_calibration"),
            alt="Predicted against observed risk, by groups of patients and smoothed; the diagonal is perfect.",
        )
        parts = [
            f"Seen / predicted {interval_text(found.ratio, found.ratio_low, found.ratio_high)}",
            f"slope {interval_text(found.slope, found.slope_low, found.slope_high)}; both are 1 where all is right",
        ]
        if look.spread is not None:
            parts.append(f"D-calibration over the whole follow-up: p {p_text(look.spread.p_value)}")
        st.caption(escape(". ".join((", ".join(parts[:2]), *parts[2:])) + "."))
    for note in look.calibration_notes:
        st.info(escape(note))


def _listed(words: list[str]) -> str:
    plain = [word.removesuffix(" in years") for word in words]
    return plain[0] if len(plain) == 1 else f"{', '.join(plain[:-1])} and {plain[-1]}"
