"""Why a model says what it says: of a new case together with its prediction, of a cohort's patient on demand, kept."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import numpy as np

from survdash.access import require
from survdash.artefact import Artefact, load_folds
from survdash.bag_file import BagFile
from survdash.case import Bag, Case
from survdash.cohort import Cohort
from survdash.errors import UnknownNameError
from survdash.explanation.record import SCHEMA, Explanation, LedgerRow, explanation_from_json, explanation_to_json
from survdash.prediction import Prediction, case_inputs, judges_of, predict_case, stored_prediction
from survdash.progress import Cancel, Report, silent
from survdash.settings import settings
from survdash.store import digest, write_json
from survdash.usecases.analysis import matched_predictions
from survdash.usecases.cases import PredictRequest, predict_prepared, prepare_case
from survdash.usecases.library import list_runs, open_cohort, open_facts, open_run

SINGLE = (("slide",), ("genes",))


def predict_and_explain(
    request: PredictRequest, *, report: Report = silent, cancel: Cancel | None = None
) -> tuple[Prediction, Explanation]:
    """Check, embed, score and explain one new case.

    Raises
    ------
    SurvdashError
        Whatever is wrong with the input, in words.
    Cancelled
        If ``cancel`` is set.
    """
    prepared = prepare_case(request, report=report, cancel=cancel)
    prediction = predict_prepared(prepared, report=report)
    from survdash.explanation.case_risk import CaseRisk
    from survdash.explanation.explain import Question, explain
    from survdash.explanation.ledger import row_of_prediction

    artefact, case = prepared.artefact, prepared.case
    folds = load_folds(artefact)
    for network in (network for fold in folds for network in fold.networks):
        network.to(prepared.device)
    inputs, _ = case_inputs(artefact.card, case)
    predictions, survival = None, None
    if artefact.has_predictions:
        predictions, survival = matched_predictions(open_facts(artefact.card.cohort), artefact)
    rows = [row_of_prediction(predict_case(one, case, device=prepared.device)) for one in _siblings(artefact, case)]
    return prediction, explain(
        Question(
            case_id=case.case_id, role=prediction.role, card=artefact.card, case=CaseRisk(folds=folds, inputs=inputs),
            fold_numbers=artefact.card.folds, bag=case.bag, familiarity=prepared.familiarity,
            references=artefact.references(), predictions=predictions, survival=survival,
            cutpoint=prediction.cutpoint, rows=[*rows, row_of_prediction(prediction)],
        ),
        report=report, cancel=cancel,
    )  # fmt: skip


def explain_patient(
    cohort: str, run: str, case_id: str, *, report: Report = silent, cancel: Cancel | None = None
) -> Explanation:
    """Explain the stored prediction of a cohort's patient, by the model or models that never saw him or her; keep it.

    Raises
    ------
    UnknownNameError
        If there is no such cohort, run or patient.
    Cancelled
        If ``cancel`` is set.
    """
    opened, artefact = open_cohort(cohort), open_run(cohort, run)
    opened.slides_of(case_id)  # an unknown case is the cohort's to name
    prediction = stored_prediction(artefact, case_id)
    from survdash.explanation.case_risk import CaseRisk
    from survdash.explanation.explain import Question, explain
    from survdash.explanation.ledger import row_of_prediction
    from survdash.explanation.references import stored_familiarity
    from survdash.training.data import model_data

    card = artefact.card
    predictions, survival = matched_predictions(opened, artefact)
    data = model_data(opened, card.recipe.modalities, missing=card.recipe.allows_missing, panel=card.panel)
    position = predictions["case_id"].tolist().index(case_id)
    numbers, folds = judges_of(artefact, case_id)
    references = artefact.references()
    inputs = data.inputs(np.flatnonzero(data.case_ids == case_id))
    made = explain(
        Question(
            case_id=case_id, role=prediction.role, card=card,
            case=CaseRisk(folds=folds, inputs=inputs), fold_numbers=numbers,
            bag=_bag(opened, case_id) if "slide" in card.modalities else None,
            familiarity=() if references is None else stored_familiarity(references, position), references=references,
            predictions=predictions, survival=survival, cutpoint=prediction.cutpoint,
            rows=[*stored_rows(artefact, case_id), row_of_prediction(prediction)],
        ),
        report=report, cancel=cancel,
    )  # fmt: skip
    write_json(_kept(opened, artefact, case_id), explanation_to_json(made))
    return made


def stored_explanation(cohort: str, run: str, case_id: str) -> Explanation | None:
    """What ``explain_patient`` kept of this patient and this state of model and cohort; None where there is nothing."""
    require("view", cohort)
    path = _kept(open_facts(cohort), open_run(cohort, run), case_id)
    try:
        return explanation_from_json(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # none, or a damaged one, which is made again
        return None


def forget_explanations(models: Collection[str]) -> int:
    """Delete what is kept of patients whom models of these full names explained; return how many."""
    doomed = []
    for path in (settings().data_dir / "explanations").glob("*.json"):
        with suppress(OSError, ValueError, AttributeError):  # of another version, or just being written
            if json.loads(path.read_text(encoding="utf-8")).get("model") in models:
                doomed.append(path)
    for path in doomed:
        path.unlink(missing_ok=True)
    return len(doomed)


def _kept(cohort: Cohort, artefact: Artefact, case_id: str) -> Path:
    siblings = {one.card.name: one.card.version for one in _single_runs(artefact)}
    key = digest({"schema": SCHEMA, "model": artefact.card.version, "name": artefact.card.name, "siblings": siblings,
                  "cohort": cohort.digest, "case": case_id})  # fmt: skip
    return settings().data_dir / "explanations" / f"{key}.json"


def _single_runs(artefact: Artefact) -> list[Artefact]:
    """For each of slide and genes, a run of the cohort that looks at it alone: the same method's, or else the best."""
    card = artefact.card
    if card.recipe.allows_missing:
        return []  # it says itself what either part alone means
    runs = list_runs(card.cohort)
    found = []
    for alone in SINGLE:
        fitting = [entry for entry in runs if entry.modalities == alone and entry.can_predict]
        if not fitting or card.modalities == alone:
            continue
        best = max(fitting, key=lambda entry: (entry.model == card.recipe.model, entry.cindex_mean))
        found.append(open_run(card.cohort, best.name))
    return found


def _siblings(artefact: Artefact, case: Case) -> list[Artefact]:
    here = {("slide",): case.bag is not None, ("genes",): case.genes is not None}
    return [one for one in _single_runs(artefact) if here[one.card.modalities]]  # type: ignore[index]


def stored_rows(artefact: Artefact, case_id: str) -> list[LedgerRow]:
    """What the cohort's models of slide alone and of genes alone say of a patient, as far as they are there."""
    from survdash.explanation.ledger import row_of_prediction

    rows = []
    for one in _single_runs(artefact):
        try:
            rows.append(row_of_prediction(stored_prediction(one, case_id)))
        except UnknownNameError:  # the patient lacks that part; the ledger then has no row for it
            continue
    return rows


def _bag(cohort: Cohort, case_id: str) -> Bag | None:
    slides = cohort.slides_of(case_id)
    if cohort.bag_path is None or not slides:
        return None
    with BagFile(cohort.bag_path) as file:
        return file.read(slides)
