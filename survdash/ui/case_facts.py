"""What is asked of a new case besides its files: which model, and the patient's age, sex and stage."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from survdash import usecases
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.ui import caching
from survdash.ui.selection import model_help
from survdash.ui.upload import Upload

NOT_GIVEN = later("not given")
SEXES = {"": NOT_GIVEN, "female": later("female"), "male": later("male")}
STAGES = ("", "I", "II", "III", "IV")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The answers: ``run`` is the model, None where none works with what was given, ``reads`` its modalities."""

    run: str | None
    reads: tuple[str, ...]
    age: float | None
    sex: str | None
    stage: str | None

    @property
    def facts(self) -> dict[str, object]:
        """Age, sex and stage by name; None where not given."""
        return {"age": self.age, "sex": self.sex, "stage": self.stage}


def ask_model_and_facts(cohort: usecases.CohortEntry, upload: Upload | None, *, page: str) -> Asked:
    """Ask for a model, of those that the given files suffice for, and for clinical facts, all optional.

    Parameters
    ----------
    cohort : CohortEntry
    upload : Upload or None
        The files; None before any has come.
    page : str
        First half of the widgets' keys.
    """
    given = () if upload is None else upload.modalities
    suffice = {*given, "clinical"} if given else None  # clinical facts may always be left open
    runs = {run.name: run for run in caching.runs(cohort.name)
            if run.can_predict and (suffice is None or set(run.modalities) <= suffice)}
    left, middle, right = st.columns(3)
    run = left.selectbox(
        tr("Model"), list(runs), format_func=lambda name: retell(runs[name].title), key=f"{page}.run_{'_'.join(given)}",
        help=f"{tr('Those that can work with the files you gave.')} {model_help(list(runs.values())) if runs else ''}",
    )
    age = middle.number_input(tr("Age in years (optional)"), 0.0, 120.0, None, 1.0, key=f"{page}.age", format="%.0f",
                              help=tr("Used by models that read clinical facts; kept with the case by the others."))
    sex = right.selectbox(tr("Sex (optional)"), list(SEXES), format_func=lambda name: tr(SEXES[name]),
                          key=f"{page}.sex")  # fmt: skip
    reads = () if run is None else runs[run].modalities
    stage = ""
    if "clinical" in reads:
        stage = right.selectbox(tr("Stage (optional)"), STAGES, format_func=lambda name: name or tr(NOT_GIVEN),
                                key=f"{page}.stage", help=tr("Of the tumour at diagnosis; this model reads it."))
    return Asked(run=run, reads=reads, age=age, sex=sex or None, stage=stage or None)
