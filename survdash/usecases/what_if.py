"""What a model would say of a case if some of its genes or clinical facts were other: hypothetical, within its range.

The worker answers; it keeps the last few cases with their networks in memory, so that a second question about the same
patient takes a fraction of a second. Nothing is asked beyond what the model has seen in training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from survdash.artefact import Artefact, load_folds
from survdash.errors import InputError, UnknownNameError
from survdash.jobs.queue import file_job, read_job
from survdash.jobs.record import read_payload
from survdash.prediction import case_inputs, judges_of
from survdash.progress import Cancel, Progress, Report
from survdash.sources.gene_table import match_genes, read_gene_table
from survdash.training.clinical import FACTS, clinical_rows
from survdash.usecases.case_request import request_from_json
from survdash.usecases.cases import prepare_case
from survdash.usecases.library import open_cohort, open_facts, open_run

if TYPE_CHECKING:
    from survdash.explanation.case_risk import CaseRisk

WHAT_IF = "what_if"
KEPT = 4
STAGES = ("0", "I", "II", "III", "IV")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """One question: a patient of a cohort, or the new case of a finished job, with other values.

    Parameters
    ----------
    cohort, run, case_id : str
    job : str
        Of a new case; "" for a patient of the cohort.
    genes : mapping
        Gene column to value, in the cohort's units.
    clinical : mapping
        Of "age" (years), "sex" ("female", "male") and "stage".
    """

    cohort: str
    run: str
    case_id: str
    job: str = ""
    genes: Mapping[str, float]
    clinical: Mapping[str, float | str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WhatIfAnswer:
    """The curve (K,) at 0, 1, ... months, and where the risk then stands among the cohort's."""

    survival: np.ndarray
    risk: float
    percentile: float
    group: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WhatIfRange:
    """What may be asked of a case: each gene column with its own value and its bounds, and the clinical facts.

    ``genes`` is empty where the model reads none, ``clinical`` where it reads none; a value that is not known is None.
    ``ages`` are those of the youngest and the oldest patient of the cohort, (0, 0) where they are not known.
    """

    genes: Mapping[str, tuple[float | None, float, float]]
    clinical: Mapping[str, float | str | None]
    ages: tuple[float, float]


def what_if_range(cohort: str, run: str, case_id: str, *, job: str = "") -> WhatIfRange:
    """What may be asked of a patient of a cohort, or of a new case; reads no network.

    Raises
    ------
    UnknownNameError
        If there is no such cohort, run, patient or job.
    InputError
        If the files of a new case are not here any more.
    """
    artefact = open_run(cohort, run)
    panel, genes = artefact.card.panel, {}
    if job:
        request = request_from_json(read_payload(job))
        facts: dict[str, Any] = {"age": request.age_years, "sex": request.sex, "stage": request.stage}
        row: Any = None
        if panel is not None and request.genes is not None:
            if not request.genes.is_file():
                raise InputError("The files of this case are not here any more.", hint="Give the case again.")
            row = match_genes(read_gene_table(request.genes), panel).values
    else:
        opened = open_cohort(cohort)
        opened.slides_of(case_id)  # an unknown case is the cohort's to name
        patient = opened.patients.loc[case_id]
        facts = {name: None if patient[name] != patient[name] else patient[name] for name in FACTS}
        row = None if opened.genes is None or case_id not in opened.genes.index else opened.genes.loc[case_id]
    if panel is not None and row is not None:
        values = row.reindex(list(panel.columns)).to_numpy(float)
        for column, value, low, high in zip(panel.columns, values.tolist(), panel.low, panel.high, strict=True):
            if low < high:
                genes[column] = (None if value != value else value, low, high)
    return WhatIfRange(
        genes=genes, clinical=facts if "clinical" in artefact.card.modalities else {}, ages=_ages(cohort)
    )


def ask_what_if(question: WhatIf) -> WhatIfAnswer:
    """Answer a question; loads the networks.

    Raises
    ------
    InputError
        If a value lies outside what the model has seen, or the case has no such fact.
    UnknownNameError
        If there is no such cohort, run, patient or job.
    """
    artefact = open_run(question.cohort, question.run)
    bounds = what_if_range(question.cohort, question.run, question.case_id, job=question.job)
    _check(question, bounds)
    state = artefact.card.version, artefact.card.cohort_digest
    case, columns = _case(question.cohort, question.run, question.case_id, question.job, state)
    inputs = case.inputs
    if question.genes and inputs.genes is not None:
        genes = inputs.genes.copy()
        for column, value in question.genes.items():
            genes[0, columns.index(column)] = value
        inputs = replace(inputs, genes=genes)
    if question.clinical and inputs.clinical is not None:
        clinical = inputs.clinical.copy()
        other = clinical_rows(*[[question.clinical.get(name)] for name in FACTS])
        for place, name in enumerate(FACTS):
            if name in question.clinical:
                clinical[0, place] = other[0, place]
        inputs = replace(inputs, clinical=clinical)
    months = np.arange(artefact.card.months + 1, dtype=float)
    changed = replace(case, inputs=inputs)
    risk, survival = changed.curve(frozenset(changed.parts), months)
    cutpoint = artefact.evaluation()["cutpoint"]
    return WhatIfAnswer(
        survival=survival, risk=risk, percentile=artefact.percentile(risk),
        group=None if cutpoint is None else "high" if risk > cutpoint else "low",
    )  # fmt: skip


def file_what_if(question: WhatIf) -> str:
    """Hand a question to the worker, before any long work; returns the job's id."""
    return file_job(WHAT_IF, asdict(question), quick=True)


def what_if_answer(job_id: str) -> WhatIfAnswer:
    """What the worker answered.

    Raises
    ------
    UnknownNameError
        If there is no such question, or no answer yet.
    """
    job = read_job(job_id)
    if job.kind != WHAT_IF or job.result is None:
        raise UnknownNameError("This job has no answer to a what-if question.", hint="Ask again.")
    return WhatIfAnswer(**job.result | {"survival": np.asarray(job.result["survival"], float)})


def _ages(cohort: str) -> tuple[float, float]:
    """Of the youngest and the oldest patient; (0, 0) where the patients are not on this machine."""
    try:
        ages = open_facts(cohort).patients["age"].dropna()
    except UnknownNameError:
        return 0.0, 0.0
    return (float(ages.min()), float(ages.max())) if len(ages) else (0.0, 0.0)


def _check(question: WhatIf, bounds: WhatIfRange) -> None:
    for column, value in question.genes.items():
        if column not in bounds.genes:
            raise InputError(f"The model does not read {column!r} of this case.", hint="Choose one of its genes.")
        _, low, high = bounds.genes[column]
        if not low <= value <= high:
            raise InputError(f"{column} = {value:g} is outside {low:g} to {high:g}, which the model has seen.")
    if question.clinical and not bounds.clinical:
        raise InputError("This model reads no clinical facts.", hint="Choose a model that does.")
    for name, fact in question.clinical.items():
        low, high = bounds.ages
        known = {"sex": ("female", "male"), "stage": STAGES}
        if (name == "age" and not low <= float(fact) <= high) or (name in known and fact not in known[name]):
            raise InputError(f"{name} {fact} is outside what the model has seen.")


@lru_cache(maxsize=KEPT)
def _case(cohort: str, run: str, case_id: str, job: str, _state: tuple[str, str]) -> tuple[CaseRisk, list[str]]:
    """The case before the models that may judge it; ``_state`` changes with model and cohort."""
    from survdash.explanation.case_risk import CaseRisk

    if job:
        prepared = prepare_case(request_from_json(read_payload(job)))
        inputs, _ = case_inputs(prepared.artefact.card, prepared.case)
        panel = prepared.artefact.card.panel
        columns = [] if panel is None else list(panel.columns)
        return CaseRisk(folds=load_folds(prepared.artefact), inputs=inputs), columns
    return _patient(open_run(cohort, run), case_id)


def _patient(artefact: Artefact, case_id: str) -> tuple[CaseRisk, list[str]]:
    from survdash.explanation.case_risk import CaseRisk
    from survdash.training.data import model_data

    card = artefact.card
    cohort = open_cohort(card.cohort)
    data = model_data(cohort, card.recipe.modalities, missing=card.recipe.allows_missing, panel=card.panel)
    _, folds = judges_of(artefact, case_id)
    inputs = data.inputs(np.flatnonzero(data.case_ids == case_id))
    return CaseRisk(folds=folds, inputs=inputs), list(data.columns)


def _handle(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    report(Progress(step="Predicting", done=0, total=1))
    answer = ask_what_if(WhatIf(**payload))
    return asdict(answer) | {"survival": answer.survival.tolist()}


HANDLERS = {WHAT_IF: _handle}
