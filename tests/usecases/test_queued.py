"""What the worker does, filed and read as the pages do."""

from __future__ import annotations

from pathlib import Path

import pytest

from survdash.errors import UnknownNameError
from survdash.jobs.queue import file_job, read_job
from survdash.jobs.record import read_payload
from survdash.progress import silent
from survdash.usecases.case_request import PredictRequest
from survdash.usecases.cases import write_sample_case
from survdash.usecases.explaining import stored_explanation
from survdash.usecases.queued import (
    EXPLANATION,
    HANDLERS,
    PREDICTION,
    file_explanation,
    file_prediction,
    job_explanation,
    job_prediction,
)


def test_a_filed_case_carries_all_that_was_asked(tmp_path: Path, data_dir: Path) -> None:
    slide, genes = write_sample_case(tmp_path)
    job = file_prediction(PredictRequest(slides=(slide,), genes=genes, mpp=(0.5,), stage="II"))
    assert read_job(job).kind == PREDICTION
    result = HANDLERS[PREDICTION](read_payload(job), silent, None)  # type: ignore[arg-type]
    assert set(result) >= {"risk", "explanation"}


def test_the_why_of_a_patient_is_made_once_and_kept(data_dir: Path) -> None:
    job = file_explanation("demo", "cox_ridge", "SIM-0001")
    assert HANDLERS[EXPLANATION](read_payload(job), silent, None) == {"case_id": "SIM-0001"}  # type: ignore[arg-type]
    kept = stored_explanation("demo", "cox_ridge", "SIM-0001")
    assert kept is not None
    assert kept.genes is not None
    assert kept.genes.steps == 0  # exact for a linear model


def test_what_is_no_prediction_or_not_done_is_said(data_dir: Path) -> None:
    with pytest.raises(UnknownNameError, match="no prediction"):
        job_prediction(file_job(EXPLANATION, {}))
    with pytest.raises(UnknownNameError, match="no result yet"):
        job_explanation(file_job(PREDICTION, {}))
