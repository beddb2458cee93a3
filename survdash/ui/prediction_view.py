"""The answer on one screen: warnings, people alive, the curve, and where the patient stands among the cohort's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from survdash.explanation.familiarity import familiarity_words
from survdash.explanation.record import Familiarity, Ledger
from survdash.figures.horizon import plot_of_100
from survdash.figures.risk import plot_risk_distribution, plot_risk_histogram
from survdash.figures.survival import plot_patient
from survdash.figures.words import percent_text
from survdash.language import later, tr
from survdash.prediction import LANDMARKS, Prediction
from survdash.retelling import retell
from survdash.stamp import stamp
from survdash.statistics.kaplan_meier import KaplanMeier
from survdash.ui.banner import show_simulated
from survdash.ui.drawn import drawn
from survdash.ui.figure_view import NO_TOOLS, export_buttons
from survdash.ui.piece import finding
from survdash.ui.prose import NOT_KNOWN, alive_of_100, escape, percentile_words, years
from survdash.usecases import AggregateAnalysis, CohortAnalysis, Glance

Analysis = CohortAnalysis | AggregateAnalysis
MAIN_HORIZON = 36
NO_BAND = later("One model, one answer: how uncertain it is, is not known.")
GROUP_LINES = later("The other lines are what happened in the cohort's two risk groups.")
DISAGREE = later(
    "Slide and genes disagree: alone, one puts this patient into the low risk group and the other into the high one. "
    "Trust the answer less."
)
BEYOND = later("At {horizon} nothing is said: that is beyond the cohort's follow-up.")
CURVE_PX = 370
SMALL: dict[str, Any] = {"height": 190, "showlegend": False, "margin": {"l": 45, "r": 5, "t": 30, "b": 40}}
PARTS = {"genes": later("Genes"), "slide": later("Slide"), "clinical": later("Age, sex, stage")}
READ_FROM = {"genes": later("genes"), "slide": later("slide"), "clinical": later("age, sex, stage")}
GROUPS = {"low": later("Low risk group"), "high": later("High risk group")}
SHORT = {"low": later("low"), "high": later("high")}
SIGNS = {"low": ("blue", "arrow_downward"), "high": ("orange", "arrow_upward")}


def show_prediction(
    prediction: Prediction, *, page: str, model_title: str, glance: Glance | None = None,
    analysis: Analysis | None = None, outcome: str = "",
) -> None:  # fmt: skip
    """Draw the warnings, the answer and how sure it is.

    Parameters
    ----------
    prediction : Prediction
    page : str
        First half of the widgets' keys.
    model_title : str
    glance : Glance, optional
        What each part says alone, and how usual the patient is.
    analysis : CohortAnalysis or AggregateAnalysis, optional
        Of the cohort that the patient is set among.
    outcome : str, optional
        What happened to a patient of a cohort, in words.
    """
    _show_badges(prediction, model_title=model_title, outcome=outcome)
    _show_warnings(prediction, glance)
    left, middle, right = st.columns([1.1, 1.4, 1.2], gap="medium")
    with left:
        _show_people(prediction, page=page)
    with middle:
        _show_curve(prediction, analysis, page=page)
    with right:
        _show_standing(prediction, analysis, page=page)
        if glance is not None:
            _show_ledger(glance.ledger, glance.familiarity)


def read_from(parts: str) -> str:
    """What a row of a ledger, "genes and slide", was read from, in the reader's language."""
    return tr(" and ").join(tr(READ_FROM[part]) for part in parts.split(" and "))


def _show_badges(prediction: Prediction, *, model_title: str, outcome: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        # The role is never further from the prediction than this line.
        st.badge(
            escape(_role(prediction)), icon=":material/verified_user:", color="gray",
            help=tr("Held out: the model that made this prediction never saw this patient. New to the model: none of "
                    "its folds saw this patient, and all of them answer. New case: this patient belongs to no cohort "
                    "here."),
        )  # fmt: skip
        if prediction.group is not None:
            colour, icon = SIGNS[prediction.group]
            st.badge(tr(GROUPS[prediction.group]), icon=f":material/{icon}:", color=colour)  # type: ignore[arg-type]
        label = tr("Simulated patients") if prediction.of_cohort else tr("Model trained on simulated patients")
        show_simulated(simulated=prediction.simulated, label=label)
        if outcome:
            st.markdown(tr("What happened: {outcome}", outcome=escape(outcome)), width="content")
        st.caption(
            tr("{model}, version {version}, read from {parts}", model=escape(retell(model_title)),
               version=prediction.model_version, parts=read_from(" and ".join(prediction.modalities))),
            width="content",
        )  # fmt: skip


def _role(prediction: Prediction) -> str:
    if prediction.fold is not None:
        return tr("Held out (fold {fold})", fold=prediction.fold + 1)
    return tr("New to the model") if prediction.of_cohort else tr("New case")


def _show_warnings(prediction: Prediction, glance: Glance | None) -> None:
    if glance is not None and glance.ledger.disagree:
        st.warning(tr(DISAGREE), icon=":material/call_split:")
    for warning in prediction.warnings:
        st.warning(escape(retell(warning)), icon=":material/warning:")
    # A new case has them among the warnings of its prediction already.
    if glance is not None and prediction.of_cohort:
        for warning in familiarity_words(glance.familiarity):
            st.warning(escape(retell(warning)), icon=":material/warning:")


def _show_people(prediction: Prediction, *, page: str) -> None:
    main = prediction.at(MAIN_HORIZON)
    if main is not None:
        finding(alive_of_100(main[0], MAIN_HORIZON), page=page)
    known = {month: at for month in LANDMARKS if (at := prediction.at(month)) is not None}
    if known:
        words = "; ".join(tr("{count} of 100 at {horizon}", count=round(100 * at[0]), horizon=years(month))
                          for month, at in known.items())  # fmt: skip
        st.plotly_chart(
            drawn(plot_of_100, {month: at[0] for month, at in known.items()}), key=f"{page}.people", config=NO_TOOLS,
            alt=tr("Alive: {words}.", words=words),
        )  # fmt: skip
        if prediction.has_band:
            words = "; ".join(
                tr("{count} of 100 at {horizon} ({low} to {high})", count=round(100 * at[0]), horizon=years(month),
                   low=percent_text(at[1]), high=percent_text(at[2])) for month, at in known.items()
            )  # fmt: skip
            st.caption(tr("Alive: {words}. In brackets how far the model's own variants differ.", words=words))
        else:
            st.caption(tr("Alive: {words}.", words=words))
    if not prediction.has_band:
        st.caption(f":material/help: {tr(NO_BAND)}")
    for month in LANDMARKS:
        if month not in known:
            st.caption(tr(BEYOND, horizon=years(month)))


def _show_curve(prediction: Prediction, analysis: Analysis | None, *, page: str) -> None:
    curves = {} if analysis is None else analysis.curves
    figure = drawn(
        _plot_curve, prediction.months, prediction.survival, prediction.low, prediction.high, cohort_curves=curves,
    )  # fmt: skip
    words = tr(
        "Predicted survival of {case} by month, with its band where it has one, against the cohort's risk groups.",
        case=prediction.case_id,
    )
    st.plotly_chart(figure, key=f"{page}.curve", config=NO_TOOLS, alt=words)
    st.caption(f"{_band_words(prediction)} {tr(GROUP_LINES) if curves else ''}".strip())
    export_buttons(
        figure, key=f"{page}.curve", name=f"{prediction.cohort}_{prediction.case_id}_curve",
        title=tr("Predicted survival of {case}", case=prediction.case_id), stamp=stamp(prediction.provenance),
    )  # fmt: skip


def _plot_curve(*curve: np.ndarray, cohort_curves: Mapping[str, KaplanMeier]) -> go.Figure:
    return plot_patient(*curve, cohort_curves=cohort_curves, landmarks=LANDMARKS).update_layout(
        height=CURVE_PX, margin={"t": 20, "b": 40}
    )


def _band_words(prediction: Prediction) -> str:
    """What the band is made of; nothing for one model's only answer, of which the numbers beside it say that."""
    if not prediction.has_band:
        return ""
    if prediction.fold is not None:
        of = tr("how far random deals of the tiles move the one model that never saw this patient")
    elif "slide" in prediction.modalities:
        of = tr("how far the models trained on different folds disagree, and random deals of the tiles where the "
                "method makes any")  # fmt: skip
    else:
        of = tr("how far the models trained on different folds disagree")
    return tr("The band is model variation, not all uncertainty: {of}.", of=of)


def _show_standing(prediction: Prediction, analysis: Analysis | None, *, page: str) -> None:
    rank = percentile_words(prediction.percentile)
    st.markdown(tr("Risk **{rank}**", rank=rank))
    if analysis is None:
        return
    if isinstance(analysis, CohortAnalysis):
        risks = analysis.risk, analysis.group, analysis.cutpoints
        figure = drawn(_plot_risks, *risks, marked=prediction.risk)
    else:
        bars = analysis.histogram
        figure = drawn(_plot_bars, bars.edges, bars.low, bars.high, cutpoint=analysis.cutpoint, marked=prediction.risk)
    st.plotly_chart(
        figure, key=f"{page}.standing", config=NO_TOOLS,
        alt=tr("Risks of the cohort's patients, low and high group apart; this patient's is {rank}.", rank=rank),
    )  # fmt: skip
    if not analysis.cutpoints:
        st.caption(tr("No cut was found in this cohort, so nobody belongs to a risk group."))


def _plot_risks(*risks: Any, marked: float) -> go.Figure:
    return plot_risk_distribution(*risks, marked=marked).update_layout(**SMALL)


def _plot_bars(*bars: Any, cutpoint: float | None, marked: float) -> go.Figure:
    return plot_risk_histogram(*bars, cutpoint=cutpoint, marked=marked).update_layout(**SMALL)


def _show_ledger(ledger: Ledger, familiarity: tuple[Familiarity, ...]) -> None:
    st.markdown(tr("**What each part says alone**"))
    table: dict[str, list[str]] = {tr("Read from"): [], **{years(month): [] for month in LANDMARKS},
                                   tr("Group"): []}  # fmt: skip
    for row in ledger.rows:
        table[tr("Read from")].append(read_from(row.parts))
        for month, share in zip(LANDMARKS, row.at, strict=True):
            table[years(month)].append(NOT_KNOWN if share is None else f"{round(100 * share)}")
        table[tr("Group")].append(tr("no cut") if row.group is None else tr(SHORT[row.group]))
    st.table(table, border="horizontal", hide_index=True)
    said = [tr("Alive of 100.")]
    if ledger.disagree is False:
        said.append(tr("Slide alone and genes alone put this patient into the same risk group."))
    usual = [one for one in familiarity if one.level == "like"]
    if usual:
        words = tr(" and ").join(
            tr("{part} farther off than {percentile:.0f} of 100", part=tr(READ_FROM[one.part]),
               percentile=float(np.floor(one.percentile))) for one in usual
        )  # fmt: skip
        said.append(tr("Like the patients the model learnt from: {words} held-out patients.", words=words))
    for note in ledger.notes:
        said.append(retell(note))
    st.caption(escape(" ".join(said)))
