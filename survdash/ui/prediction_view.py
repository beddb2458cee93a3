"""One prediction on a page: the answer, how sure, against whom, and what made it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from survdash import usecases
from survdash.figures.survival import plot_patient
from survdash.figures.words import percent_text
from survdash.prediction import Prediction
from survdash.statistics.kaplan_meier import KaplanMeier
from survdash.ui.banner import show_simulated
from survdash.ui.piece import csv_and_provenance, facts, figure_config, number_card
from survdash.ui.prose import NOT_KNOWN, alive_of_100, escape, percentile_words, years

HORIZONS = (12, 36, 60)
MAIN_HORIZON = 36
NO_BAND = "One model, one answer: how uncertain it is, is not known."
GROUP_LINES = "The other lines are what happened in the cohort's two risk groups."
DEVICES = {"cpu": "CPU", "cuda": "GPU"}
GROUPS = {"low": ":blue-badge[:material/arrow_downward: Low risk group]",
          "high": ":orange-badge[:material/arrow_upward: High risk group]"}


def show_prediction(
    prediction: Prediction, *, page: str, curves: Mapping[str, KaplanMeier], model_title: str, outcome: str = ""
) -> None:
    """Draw the answer, the curve, the facts, the warnings and the downloads.

    Parameters
    ----------
    prediction : Prediction
    page : str
        First half of the widgets' keys.
    curves : mapping
        The cohort's "low" and "high" curves, drawn behind the patient's.
    model_title : str
    outcome : str, optional
        What happened to a patient of a cohort, in words.
    """
    _show_answer(prediction)
    for warning in prediction.warnings:
        st.warning(escape(warning), icon=":material/warning:")
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.plotly_chart(
            plot_patient(
                prediction.months, prediction.survival, prediction.low, prediction.high, cohort_curves=curves,
                landmarks=HORIZONS,
            ),
            key=f"{page}.curve", config=figure_config(prediction.case_id),
            alt=f"Predicted survival of {prediction.case_id} by month{' with its band' if prediction.has_band else ''} "
                "against the cohort's risk groups.",
        )
        st.caption(f"{_band_words(prediction)} {GROUP_LINES}".lstrip())
    with right:
        _show_facts(prediction, model_title=model_title, outcome=outcome)
    with st.expander("What made this prediction", icon=":material/fingerprint:"):
        st.json(dict(prediction.provenance))
    name = f"{prediction.cohort}_{prediction.case_id}"
    csv_and_provenance(usecases.export_prediction(prediction), name=name, page=page)


def _band_words(prediction: Prediction) -> str:
    """What the band is made of; nothing for one model's only answer, of which the numbers above say that."""
    if not prediction.has_band:
        return ""
    if prediction.fold is not None:
        of = "how far random deals of the tiles move the one model that never saw this patient"
    elif "slide" in prediction.modalities:
        of = ("how far the models trained on different folds disagree, and random deals of the tiles where the method "
              "makes any")
    else:
        of = "how far the models trained on different folds disagree"
    return f"The band is model variation, not all uncertainty: {of}."


def _show_answer(prediction: Prediction) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        # The role is never further from the prediction than this line.
        st.badge(prediction.role.capitalize(), icon=":material/verified_user:", color="gray",
                 help="Held out: the model that made this prediction never saw this patient. "
                      "New case: this patient belongs to no cohort here.")
        if prediction.group is not None:
            st.markdown(GROUPS[prediction.group], width="content")
        label = "Simulated patients" if prediction.fold is not None else "Model trained on simulated patients"
        show_simulated(simulated=prediction.simulated, label=label)
    main = prediction.at(MAIN_HORIZON)
    if main is not None:
        st.subheader(alive_of_100(main[0], MAIN_HORIZON))
    with st.container(horizontal=True):
        for month in HORIZONS:
            _show_horizon(prediction, month)
    if not prediction.has_band:
        st.caption(f":material/help: {NO_BAND}")


def _show_horizon(prediction: Prediction, month: int) -> None:
    at = prediction.at(month)
    label = f"Alive at {years(month)}"
    if at is None:
        number_card(label, NOT_KNOWN, "beyond the cohort's follow-up")
        return
    low, high = percent_text(at[1]), percent_text(at[2])
    if not prediction.has_band:
        below = "uncertainty not known"
    else:
        below = f"band {low} to {high}" if low != high else "band narrower than 1 %"
    number_card(label, f"{round(100 * at[0])} of 100", below, help=alive_of_100(at[0], month))


def _slide_facts(prediction: Prediction) -> dict[str, str]:
    """How many tiles each slide of a new case gave; the model sees them as one bag."""
    slides = prediction.provenance.get("slides")
    if not isinstance(slides, list) or not slides:
        return {}
    if len(slides) == 1:
        return {"Tiles": f"{slides[0]['tiles']:,}"}
    shares = "; ".join(f"{one['tiles']:,} of slide {one['slide']} ({percent_text(one['share'])})" for one in slides)
    return {"Tiles": shares}


def _show_facts(prediction: Prediction, *, model_title: str, outcome: str) -> None:
    cut = "" if prediction.cutpoint is None else f" (cut at {prediction.cutpoint:.3g})"
    group = "no cut found in this cohort" if prediction.group is None else f"{prediction.group}{cut}"
    happened = {"What happened": outcome} if outcome else {}
    device = prediction.provenance.get("device")
    computed = {"Computed on": DEVICES.get(str(device), escape(str(device)))} if device else {}
    facts({
        "Risk": f"**{percentile_words(prediction.percentile)}**",
        **happened,
        "Risk group": group,
        "Risk score": f"{prediction.risk:.3g}",
        "Role": escape(prediction.role),
        "Read from": " and ".join(prediction.modalities),
        **_slide_facts(prediction),
        "Model": escape(f"{model_title}, version {prediction.model_version}"),
        "Trained on": escape(prediction.cohort) + (" (simulated patients)" if prediction.simulated else "")
        + ("" if prediction.fold is None else ", without this patient's fold"),
        **computed,
    })
