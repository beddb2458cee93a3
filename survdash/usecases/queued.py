"""What the worker does: predict and explain a new case, explain a cohort's patient; filed here, read here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from survdash.access import require
from survdash.audit import note
from survdash.errors import UnknownNameError
from survdash.explanation.record import Explanation, explanation_from_json, explanation_to_json
from survdash.jobs.queue import file_job, read_job
from survdash.prediction import Prediction
from survdash.progress import Cancel, Report
from survdash.usecases.analysis import prediction_from_json, prediction_to_json
from survdash.usecases.case_request import PredictRequest, request_from_json, request_to_json
from survdash.usecases.explaining import explain_patient, predict_and_explain, stored_explanation

PREDICTION, EXPLANATION = "predict_case", "explain_patient"


def file_prediction(request: PredictRequest) -> str:
    """Hand a request to the worker; returns the job's id."""
    require("predict", request.cohort)
    note("predict", cohort=request.cohort, detail=request.run)
    return file_job(PREDICTION, request_to_json(request), quick=True)


def file_explanation(cohort: str, run: str, case_id: str) -> str:
    """Ask the worker why a model says what it says of a cohort's patient; returns the job's id."""
    require("view", cohort)
    return file_job(EXPLANATION, {"cohort": cohort, "run": run, "case_id": case_id}, quick=True)


def job_prediction(job_id: str) -> Prediction:
    """The prediction of a finished job.

    Raises
    ------
    UnknownNameError
        If there is no such job, or it has no prediction.
    """
    return prediction_from_json(_result(job_id))


def job_explanation(job_id: str) -> Explanation | None:
    """The explanation of a finished prediction; None where it was made before there were any.

    Raises
    ------
    UnknownNameError
        If there is no such job, or it has no result.
    """
    made = _result(job_id).get("explanation")
    return None if made is None else explanation_from_json(made)


def _result(job_id: str) -> dict[str, Any]:
    job = read_job(job_id)
    if job.kind != PREDICTION:
        raise UnknownNameError("This job is no prediction.", hint="Open it where it was started.")
    if job.result is None:
        raise UnknownNameError("This job has no result yet.", hint="Wait for it, or start it again.")
    return job.result


def _predict(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    request = request_from_json(payload)
    prediction, explanation = predict_and_explain(request, report=report, cancel=cancel)
    return prediction_to_json(prediction) | {"explanation": explanation_to_json(explanation)}


def _explain(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    who = payload["cohort"], payload["run"], payload["case_id"]
    if stored_explanation(*who) is None:
        explain_patient(*who, report=report, cancel=cancel)
    return {"case_id": payload["case_id"]}


HANDLERS: dict[str, Callable[[dict[str, Any], Report, Cancel], dict[str, Any]]] = {
    PREDICTION: _predict, EXPLANATION: _explain,
}  # fmt: skip
