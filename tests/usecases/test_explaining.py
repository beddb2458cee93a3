"""Why, of a new case with its prediction, and of a patient on demand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from survdash.errors import UnknownNameError
from survdash.usecases.case_request import PredictRequest
from survdash.usecases.cases import predict, write_sample_case
from survdash.usecases.explaining import explain_patient, predict_and_explain, stored_explanation


def test_what_was_explained_is_kept(data_dir: Path) -> None:
    assert stored_explanation("demo", "snn", "SIM-0002") is None
    made = explain_patient("demo", "snn", "SIM-0002")
    kept = stored_explanation("demo", "snn", "SIM-0002")
    assert kept is not None
    assert kept.shares == made.shares
    assert kept.genes == made.genes
    assert stored_explanation("demo", "snn", "SIM-0003") is None


def test_an_unknown_patient_is_named(data_dir: Path) -> None:
    with pytest.raises(UnknownNameError, match="SIM-9999"):
        explain_patient("demo", "glg", "SIM-9999")


def test_a_new_case_is_answered_alike_with_and_without_its_why(tmp_path: Path, data_dir: Path) -> None:
    slide, genes = write_sample_case(tmp_path)
    request = PredictRequest(slides=(slide,), genes=genes)
    plain, (prediction, why) = predict(request), predict_and_explain(request)
    assert plain.risk == prediction.risk
    np.testing.assert_array_equal(plain.survival, prediction.survival)
    assert why.shares.risk == pytest.approx(prediction.risk, abs=1e-6)
    assert why.role == "new case"
    assert {one.fold for one in why.neighbours} <= {0, 1, 2, 3, 4}
    assert {row.parts for row in why.ledger.rows} == {"genes", "slide", "genes and slide"}
