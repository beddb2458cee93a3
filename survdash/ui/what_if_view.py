"""What if: other genes, another age, within what the model has seen; the curve moves, and is marked as hypothetical."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import streamlit as st

from survdash import usecases
from survdash.errors import SurvdashError
from survdash.figures.hypothetical import plot_what_if
from survdash.jobs.queue import read_job
from survdash.language import later, tr
from survdash.prediction import LANDMARKS, Prediction
from survdash.store import digest
from survdash.ui.drawn import drawn
from survdash.ui.figure_view import NO_TOOLS
from survdash.ui.prediction_view import GROUPS
from survdash.ui.prose import NOT_KNOWN, escape, percentile_words, years
from survdash.ui.startup import wake_worker
from survdash.usecases import WhatIf, WhatIfAnswer, WhatIfRange

FIRST = 6
LONGEST_WAIT_S, LOOK_S = 20.0, 0.05
ANSWERS = "what_if.answers"
WARNING = later(
    "Hypothetical: what the model would say of a patient with these values. Not what would happen to this patient if "
    "they were changed: the model knows what goes together, not what causes what."
)
SEXES = {"female": later("female"), "male": later("male")}
STAGES = ("0", "I", "II", "III", "IV")


def show_what_if(
    prediction: Prediction, *, run: str, page: str, bounds: WhatIfRange, genes: Sequence[str], job: str = ""
) -> None:
    """Draw the controls and the curve; only this part of the page runs again when a control is moved.

    Parameters
    ----------
    prediction : Prediction
        As the patient is.
    run : str
    page : str
        First half of the widgets' keys.
    bounds : WhatIfRange
    genes : sequence of str
        Columns that are offered first, those that weigh most.
    job : str, optional
        Of a new case.
    """
    if not bounds.genes and not bounds.clinical:
        st.caption(tr("This model reads nothing that could be changed here: neither genes nor clinical facts."))
        return
    st.fragment(_show)(prediction, run, page, bounds, tuple(genes), job)


def _show(
    prediction: Prediction, run: str, page: str, bounds: WhatIfRange, genes: tuple[str, ...], job: str
) -> None:
    st.warning(tr(WARNING), icon=":material/science:")
    left, right = st.columns([1, 1.4], gap="large")
    who = f"{prediction.model}.{prediction.case_id}.{job}"
    with left:
        facts = _ask_facts(bounds, page=page, who=who)
        values = _ask_genes(bounds, genes, page=page, who=who)
        if st.button(tr("As the patient is"), key=f"{page}.what_if_reset", icon=":material/undo:",
                     disabled=not (facts or values)):  # fmt: skip
            for key in [key for key in st.session_state if str(key).startswith(f"{page}.what_if.{who}")]:
                del st.session_state[key]
            st.rerun(scope="fragment")
    with right:
        answer = None
        if facts or values:
            question = WhatIf(cohort=prediction.cohort, run=run, case_id=prediction.case_id, job=job, genes=values,
                              clinical=facts)  # fmt: skip
            answer = _answer(question, version=prediction.model_version)
        other = None if answer is None else answer.survival
        figure = drawn(plot_what_if, prediction.months, prediction.survival, other)
        st.plotly_chart(figure, key=f"{page}.what_if_curve", config=NO_TOOLS,
                        alt=tr("The predicted curve, and the hypothetical one."))  # fmt: skip
        _show_numbers(prediction, answer)


def _ask_facts(bounds: WhatIfRange, *, page: str, who: str) -> dict[str, float | str]:
    """The clinical facts that were changed."""
    if not bounds.clinical:
        st.caption(tr("This model reads no age, sex or stage."))
        return {}
    changed: dict[str, float | str] = {}
    low, high = bounds.ages
    known = bounds.clinical
    if low < high:
        age = known.get("age")
        start = min(max(float(age), low), high) if isinstance(age, (int, float)) else (low + high) / 2
        chosen = st.slider(tr("Age in years"), low, high, start, 1.0, key=f"{page}.what_if.{who}.age", format="%.0f")
        if chosen != start:
            changed["age"] = float(chosen)
    for name, label, options in (("sex", tr("Sex"), tuple(SEXES)), ("stage", tr("Stage"), STAGES)):
        own = known.get(name)
        chosen_fact = st.segmented_control(
            label, options, key=f"{page}.what_if.{who}.{name}", default=own if own in options else None,
            format_func=lambda one: tr(SEXES[one]) if one in SEXES else one,
        )  # fmt: skip
        if chosen_fact is not None and chosen_fact != own:
            changed[name] = str(chosen_fact)
    return changed


def _ask_genes(bounds: WhatIfRange, first: tuple[str, ...], *, page: str, who: str) -> dict[str, float]:
    """The genes that were changed."""
    if not bounds.genes:
        return {}
    key = f"{page}.what_if.{who}.columns"
    _offer_first([column for column in first if column in bounds.genes][:FIRST], key=key)
    columns = st.multiselect(
        tr("Genes"), list(bounds.genes), key=key, max_selections=12, placeholder=tr("Choose"),
        help=tr("Those that weigh most in this prediction come first; add any other that the model reads."),
    )  # fmt: skip
    changed = {}
    for column in columns:
        own, low, high = bounds.genes[column]
        middle = (low + high) / 2 if own is None else min(max(own, low), high)
        chosen = st.slider(
            escape(column), low, high, middle, (high - low) / 100, key=f"{page}.what_if.{who}.{column}", format="%.2f",
            help=tr("This patient: {value}. The model has seen {low:.2f} to {high:.2f}.",
                    value=NOT_KNOWN if own is None else f"{own:.2f}", low=low, high=high),
        )  # fmt: skip
        if abs(chosen - middle) > (high - low) / 1000:
            changed[column] = float(min(max(chosen, low), high))
    return changed


def _offer_first(columns: list[str], *, key: str) -> None:
    """Choose these genes once: they may become known only after the box was drawn, and a choice made there stays."""
    kept, offered = st.session_state.get(key), f"{key}_offered"
    if kept is None or (not kept and not st.session_state[offered]):
        st.session_state[key], st.session_state[offered] = columns, bool(columns)


def _answer(question: WhatIf, *, version: str) -> WhatIfAnswer | None:
    """What the worker says; asked once for each question of a session."""
    kept: dict[str, WhatIfAnswer] = st.session_state.setdefault(ANSWERS, {})
    key = digest({"model": version, "cohort": question.cohort, "run": question.run, "case": question.case_id,
                  "job": question.job, "genes": _plain(question.genes),
                  "clinical": _plain(question.clinical)})  # fmt: skip
    if key in kept:
        return kept[key]
    job_id = usecases.file_what_if(question)
    wake_worker()
    end, told = time.monotonic() + LONGEST_WAIT_S, st.empty()
    told.caption(tr(":material/hourglass: Asking the model …"))
    while not (job := read_job(job_id)).is_finished:
        if time.monotonic() > end:
            told.info(tr("The worker is still busy or just starting. Move a control again in a moment."))
            return None
        time.sleep(LOOK_S)
    told.empty()
    if job.state != "done":
        raise SurvdashError(job.message, hint=job.hint)
    kept[key] = usecases.what_if_answer(job_id)
    return kept[key]


def _plain(values: Mapping[str, float | str]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _show_numbers(prediction: Prediction, answer: WhatIfAnswer | None) -> None:
    if answer is None:
        st.caption(tr("Move a control: the hypothetical curve appears here, dashed."))
        return
    words = []
    for month in LANDMARKS:
        at = prediction.at(month)
        if at is not None:
            words.append(tr("{horizon}: {own} → **{other}** of 100", horizon=years(month), own=round(100 * at[0]),
                            other=round(100 * float(answer.survival[month]))))  # fmt: skip
    st.markdown(tr("Alive at {words}", words="; ".join(words)))
    group = "" if answer.group is None else f" · {tr(GROUPS[answer.group])}"
    st.markdown(tr("Risk {rank}{group}", rank=escape(percentile_words(answer.percentile)), group=group))
