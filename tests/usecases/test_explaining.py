"""Why, of a new case with its prediction, and of a patient on demand."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from survdash.errors import InputError, UnknownNameError
from survdash.settings import SHIPPED_MODELS
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


def test_a_model_of_real_patients_withholds_what_is_nothing_like_them_until_it_is_asked(
    tmp_path: Path, data_dir: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1100, 1100, 3), np.uint8)
    noise[..., 1] //= 3  # or the tissue rule would find no colour in it
    Image.fromarray(noise).save(tmp_path / "noise.png")
    request = PredictRequest(run="attnmil", slides=(tmp_path / "noise.png",), mpp=0.5)
    assert "Give the answer no weight" in predict(request).warnings[0]  # of simulated patients: warned and answered
    run = data_dir / "cohorts" / "demo" / "runs" / "attnmil"
    shutil.copytree(SHIPPED_MODELS / "demo-attnmil", run)
    card = json.loads((run / "card.json").read_text())
    (run / "card.json").write_text(json.dumps(card | {"simulated": False}))
    with pytest.raises(InputError, match=r"withheld.*slide is nothing like"):
        predict(request)
    assert "Give the answer no weight" in predict(replace(request, even_if_unlike=True)).warnings[0]
