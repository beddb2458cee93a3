"""Everything that went into a prediction, with its hashes, and everything that can be taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from survdash import usecases
from survdash.explanation.record import Explanation
from survdash.figures.words import percent_text
from survdash.language import tr
from survdash.prediction import Prediction
from survdash.retelling import retell
from survdash.statistics.kaplan_meier import KaplanMeier
from survdash.ui.piece import csv_and_provenance, facts
from survdash.ui.prediction_view import read_from
from survdash.ui.prose import NOT_KNOWN, escape
from survdash.ui.report_view import report_buttons

DIGITS = 16
DEVICES = {"cpu": "CPU", "cuda": "GPU"}


def show_downloads(
    prediction: Prediction, *, page: str, curves: Mapping[str, KaplanMeier], explanation: Explanation | None,
    outcome: str,
) -> None:  # fmt: skip
    """The report, the table and the provenance."""
    report_buttons(prediction, page=page, curves=curves, explanation=explanation, outcome=outcome)
    csv_and_provenance(
        usecases.export_prediction(prediction), name=f"{prediction.cohort}_{prediction.case_id}", page=page
    )


def show_inputs(prediction: Prediction, *, model_title: str) -> None:
    """A table of what went in: the patient's data, the model, the cohort, the software."""
    made = prediction.provenance
    cut = NOT_KNOWN if prediction.cutpoint is None else f"{prediction.cutpoint:.3g}"
    rows = {
        tr("Read from"): read_from(" and ".join(prediction.modalities)),
        **_slides(made),
        **_hash(tr("Gene table"), made.get("genes_sha256")),
        tr("Encoder of the slide"): _named(made.get("encoder"), made.get("encoder_weights")),
        tr("Model"): _named(f"{retell(model_title)} ({prediction.model})", prediction.model_version),
        tr("Cohort"): _named(prediction.cohort, made.get("cohort_digest")),
        tr("Who judged"): tr("all fold models together") if prediction.fold is None
        else tr("the model of fold {fold}, which never saw this patient", fold=prediction.fold + 1),
        tr("Risk score"): tr("{risk:.3g} (cut at {cut})", risk=prediction.risk, cut=cut),
        **_device(made.get("device")),
        tr("Software"): escape(str(made.get("software", NOT_KNOWN))),
    }  # fmt: skip
    facts(rows)
    with st.expander(tr("All of it, as it is exported (JSON)"), icon=":material/data_object:"):
        st.json(dict(made))


def _slides(made: Mapping[str, Any]) -> dict[str, str]:
    """Each slide of a new case: how many tiles it gave, its share of them, and its hash."""
    told = made.get("slides")
    slides: list[Mapping[str, Any]] = told if isinstance(told, list) else []
    rows = {}
    for one in slides:
        known = str(one.get("sha256") or one.get("bag_sha256") or "")
        label = tr("Slide {number}", number=one["slide"]) if len(slides) > 1 else tr("Slide")
        words = tr("{tiles:,} tiles ({share} of all)", tiles=one["tiles"], share=percent_text(one.get("share", 1.0)))
        rows[label] = _named(words, known)
    return rows


def _device(device: object) -> dict[str, str]:
    """Where a new case was computed; of a stored prediction it is not known and not told."""
    return {tr("Computed on"): DEVICES.get(str(device), escape(str(device)))} if device else {}


def _hash(label: str, known: object) -> dict[str, str]:
    return {label: f"`{str(known)[:DIGITS]}`"} if known else {}


def _named(name: object, known: object) -> str:
    if not name:
        return NOT_KNOWN
    return escape(str(name)) + (f" `{str(known)[:DIGITS]}`" if known else "")
