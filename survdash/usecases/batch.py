"""Many new cases in one go: one job, progress a case, failures listed, each case kept; interrupted, it goes on.

A case whose files, answers and model are the same as before is not computed again where results are kept in a folder;
a worker keeps them beside its job, so that one that was interrupted goes on at the next case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from survdash.access import require
from survdash.artefact import INTENDED_USE
from survdash.audit import note
from survdash.errors import Cancelled, InputError, SurvdashError, UnknownNameError
from survdash.export import Export, export_predictions, without_names, write_csv
from survdash.file_hash import kept_sha256
from survdash.jobs.queue import file_job, read_job
from survdash.jobs.record import read_payload, running_folder
from survdash.prediction import Prediction
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.store import digest, write_json
from survdash.usecases.analysis import prediction_from_json, prediction_to_json
from survdash.usecases.case_request import PredictRequest, request_from_json, request_to_json
from survdash.usecases.cases import choose_run, predict
from survdash.usecases.queued import file_prediction

BATCH = "predict_batch"
KEPT_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseOutcome:
    """How one case of a batch ended: with a prediction, or with what is wrong and what to do."""

    case_id: str
    prediction: Prediction | None = None
    message: str = ""
    hint: str = ""
    kept: bool = False  # it was there from before


def predict_batch(
    requests: Sequence[PredictRequest], *, folder: Path | None = None, report: Report = silent,
    cancel: Cancel | None = None,
) -> list[CaseOutcome]:  # fmt: skip
    """Predict each case; one that fails does not hold up the others.

    Parameters
    ----------
    requests : sequence of PredictRequest
    folder : Path, optional
        Where each case is kept as soon as it is done, and taken from where nothing that made it has changed.
    report, cancel
        Progress counts cases; the message says what the present one is at.

    Raises
    ------
    Cancelled
        If ``cancel`` is set; what is in ``folder`` stays.
    """
    outcomes: list[CaseOutcome] = []
    for number, request in enumerate(requests):
        check_cancel(cancel, step=f"case {number + 1} of {len(requests)}")
        report(_progress(number, len(requests)))

        def tell(progress: Progress, number: int = number) -> None:
            part = f" {progress.done:,} of {progress.total:,}" if progress.total else ""
            report(_progress(number, len(requests), message=f"{progress.step}{part}"))

        outcomes.append(_one(request, folder, tell, cancel))
    report(_progress(len(requests), len(requests)))
    return outcomes


def failures_csv(outcomes: Sequence[CaseOutcome]) -> str:
    """The cases that failed, with what is wrong and what to do."""
    failed = [(one.case_id, one.message, one.hint) for one in outcomes if one.prediction is None]
    return write_csv(("case_id", "what is wrong", "what to do"), failed)


def batch_export(outcomes: Sequence[CaseOutcome]) -> Export:
    """The cases that have a prediction as one CSV, with the provenance of each."""
    made = without_names([one.prediction for one in outcomes if one.prediction is not None])
    table = export_predictions(made)
    each = {one.case_id: dict(one.provenance) for one in made}
    cohorts = sorted({one.cohort for one in made})
    return Export(csv=table.csv, provenance={"cohort": ", ".join(cohorts), "cases": each, "rows": len(made),
                                             "notice": INTENDED_USE})  # fmt: skip


def file_batch(requests: Sequence[PredictRequest]) -> str:
    """Hand a checked batch to the worker; returns the job's id."""
    for cohort in {request.cohort for request in requests}:
        require("predict", cohort)
        note("predict", cohort=cohort, detail=f"{len(requests)} cases")
    return file_job(BATCH, {"cases": [request_to_json(request) for request in requests]})


def job_batch(job_id: str) -> list[CaseOutcome]:
    """How the cases of a finished batch ended, in the order of its table.

    Raises
    ------
    UnknownNameError
        If there is no such job, or it is no finished batch.
    """
    job = read_job(job_id)
    if job.kind != BATCH or job.result is None:
        raise UnknownNameError("This job is no finished batch.", hint="Wait for it, or open it where it was started.")
    return [_outcome_from_json(values) for values in job.result["cases"]]


def file_case_of_batch(job_id: str, case_id: str) -> str:
    """Have the worker predict one case of a batch once more, this time with why; returns the new job's id.

    Its features are kept, so that it takes seconds.

    Raises
    ------
    UnknownNameError
        If there is no such batch, or no such case in it.
    InputError
        If the files of the case are not here any more.
    """
    if read_job(job_id).kind != BATCH:  # asked first: another's job is nobody's to read
        raise UnknownNameError("This job is no batch.", hint="Open it where it was started.")
    for values in read_payload(job_id)["cases"]:
        request = request_from_json(values)
        if request.case_id == case_id:
            gone = [path for path in (*request.slides, request.genes) if path is not None and not path.is_file()]
            if gone:
                raise InputError("The files of this case are not here any more.", hint="Give the case again.")
            return file_prediction(request)
    raise UnknownNameError(f"No patient of this table is called {case_id[:80]!r}.", hint="Open one from the list.")


def _progress(done: int, total: int, *, message: str = "") -> Progress:
    return Progress(step="Cases", done=done, total=total, message=message)


def _one(request: PredictRequest, folder: Path | None, report: Report, cancel: Cancel | None) -> CaseOutcome:
    try:
        key = _key(request)
        path = None if folder is None else folder / f"{_file_name(request.case_id)}.json"
        if path is not None and (kept := _kept(path, key)) is not None:
            return CaseOutcome(case_id=request.case_id, prediction=kept, kept=True)
        made = predict(request, report=report, cancel=cancel)
        if path is not None:
            write_json(path, {"format": KEPT_FORMAT, "key": key, "prediction": prediction_to_json(made)})
    except Cancelled:
        raise
    except SurvdashError as error:
        return CaseOutcome(case_id=request.case_id, message=error.message, hint=error.hint)
    return CaseOutcome(case_id=request.case_id, prediction=made)


def _key(request: PredictRequest) -> str:
    """Of all that a prediction depends on: content of its files, answers, model; never names and dates of files."""
    said = request_to_json(request) | {"slides": [], "genes": None}
    slides = [kept_sha256(path) for path in request.slides]
    genes = None if request.genes is None else kept_sha256(request.genes)
    return digest({"said": said, "slides": slides, "genes": genes, "model": choose_run(request).card.version})


def _kept(path: Path, key: str) -> Prediction | None:
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        fits = values["format"] == KEPT_FORMAT and values["key"] == key
        return prediction_from_json(values["prediction"]) if fits else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _file_name(case_id: str) -> str:
    """Harmless, and another one for every case."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', case_id)[:40]}_{digest({'case': case_id})[:8]}"


def _outcome_to_json(outcome: CaseOutcome) -> dict[str, Any]:
    made = None if outcome.prediction is None else prediction_to_json(outcome.prediction)
    return {"case_id": outcome.case_id, "prediction": made, "message": outcome.message, "hint": outcome.hint}


def _outcome_from_json(values: dict[str, Any]) -> CaseOutcome:
    made = values["prediction"]
    return CaseOutcome(**{**values, "prediction": None if made is None else prediction_from_json(made)})


def _predict_batch(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    requests = [request_from_json(values) for values in payload["cases"]]
    job = running_folder()
    made = predict_batch(requests, folder=None if job is None else job / "cases", report=report, cancel=cancel)
    return {"cases": [_outcome_to_json(one) for one in made]}


HANDLERS: dict[str, Callable[[dict[str, Any], Report, Cancel], dict[str, Any]]] = {BATCH: _predict_batch}
