"""Other values, another curve; the same values, the same curve; nothing beyond what the model has seen."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from survdash import usecases
from survdash.errors import InputError, UnknownNameError
from survdash.jobs.queue import file_job, read_job
from survdash.settings import SHIPPED_MODELS
from survdash.usecases import PredictRequest, WhatIf
from survdash.usecases.case_request import request_to_json
from survdash.usecases.explaining import explain_patient
from survdash.usecases.what_if import HANDLERS, WHAT_IF, ask_what_if

CASE = "SIM-0001"


@pytest.fixture(autouse=True)
def demo():
    if not (SHIPPED_MODELS / "demo" / "cohort.json").is_file():
        pytest.skip("the demo cohort is not here; make it: python -m survdash make-demo")


def ask(*, run: str = "glg", job: str = "", case: str = CASE, genes=None, clinical=None):
    changes = {"genes": genes or {}, "clinical": clinical or {}}
    return ask_what_if(WhatIf(cohort="demo", run=run, case_id=case, job=job, **changes))


def test_nothing_changed_is_the_stored_prediction():
    stored, answer = usecases.stored_prediction("demo", "glg", CASE), ask()
    # Stored as 32-bit numbers: seven digits of a probability.
    np.testing.assert_allclose(answer.survival, stored.survival, atol=1e-6)
    assert answer.risk == pytest.approx(stored.risk, abs=1e-6)
    assert answer.group == stored.group
    assert answer.percentile == pytest.approx(stored.percentile, abs=0.5)


def test_a_gene_that_raises_the_risk_raises_it_when_it_goes_on_in_its_direction():
    explained = explain_patient("demo", "glg", CASE)
    bounds = usecases.what_if_range("demo", "glg", CASE)
    gene = max(explained.genes.top, key=lambda one: abs(one.share))
    _, low, high = bounds.genes[gene.column]
    curves = [ask(genes={gene.column: value}) for value in (low, high)]
    assert curves[0].risk != curves[1].risk
    for answer in curves:
        assert np.all(np.diff(answer.survival) <= 1e-12)
        assert answer.survival.min() >= 0
        assert answer.survival.max() <= 1


def test_what_the_model_has_not_seen_is_refused():
    bounds = usecases.what_if_range("demo", "glg", CASE)
    column, (_, _, high) = next(iter(bounds.genes.items()))
    with pytest.raises(InputError, match="which the model has seen"):
        ask(genes={column: high + 1})
    with pytest.raises(InputError, match="which the model has seen"):
        ask(genes={column: float("nan")})
    with pytest.raises(InputError, match="does not read 'NOT_A_GENE'"):
        ask(genes={"NOT_A_GENE": 0.0})
    with pytest.raises(InputError, match="reads no clinical facts"):
        ask(clinical={"age": 60.0})
    with pytest.raises(UnknownNameError):
        ask(case="nobody")


def test_a_model_of_slides_alone_offers_no_gene():
    bounds = usecases.what_if_range("demo", "glg-slide", CASE)
    assert (dict(bounds.genes), dict(bounds.clinical)) == ({}, {})


def test_a_new_case_is_asked_about_while_its_files_are_here(tmp_path):
    shutil.copytree(SHIPPED_MODELS / "demo" / "sample_1", tmp_path / "case")
    genes = tmp_path / "case" / "genes.csv"
    job = file_job("predict_case", request_to_json(PredictRequest(run="glg-genes", genes=genes)))
    request = PredictRequest(run="glg-genes", genes=genes)
    predicted = usecases.predict(request)
    answer = ask(run="glg-genes", job=job, case="new-case")
    np.testing.assert_allclose(answer.survival, predicted.survival, atol=1e-9)
    column, (_, low, _) = next(iter(usecases.what_if_range("demo", "glg-genes", "new-case", job=job).genes.items()))
    assert ask(run="glg-genes", job=job, case="new-case", genes={column: low}).risk != answer.risk
    genes.unlink()
    with pytest.raises(InputError, match="not here any more"):
        usecases.what_if_range("demo", "glg-genes", "new-case", job=job)


def test_the_worker_s_answer_comes_back_as_it_was_given(monkeypatch):
    question = WhatIf(cohort="demo", run="glg-genes", case_id=CASE, genes={}, clinical={})
    job = usecases.file_what_if(question)
    assert read_job(job).kind == WHAT_IF
    with pytest.raises(UnknownNameError, match="no answer"):
        usecases.what_if_answer(job)
    from survdash.jobs import record

    result = HANDLERS[WHAT_IF](record.read_payload(job), lambda _: None, None)
    record.write_private(record.job_folder(job) / "result.json", result)
    record.finish(record.read(job), "done")
    np.testing.assert_array_equal(usecases.what_if_answer(job).survival, ask(run="glg-genes").survival)
