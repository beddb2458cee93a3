"""The patient page says what is stored of the patient of its address."""

from __future__ import annotations

import json
import shutil

import pytest

from survdash import usecases
from survdash.jobs.queue import cancel_job, read_job
from survdash.jobs.record import job_ids, read_payload
from survdash.settings import SHIPPED_MODELS
from survdash.ui.prose import escape


def test_the_answer_the_role_and_the_outcome_are_those_of_this_patient(open_page):
    analysis = usecases.analyse_cohort("demo", "default")
    case = analysis.case_ids[7]
    stored = usecases.stored_prediction("demo", "default", case)
    page = open_page("patient", cohort="demo", case=case)
    assert page.header[0].value == escape(case)
    at = stored.at(36)
    assert at is not None
    assert f"about {round(100 * at[0])} " in " ".join(one.value for one in page.header)
    text = "\n".join(block.value for block in page.markdown)
    assert f"Held out \\(fold {stored.fold + 1}\\)" in text
    assert f"{analysis.survival.time_months[7]:.1f}".replace(".", "\\.") in text
    assert ("What happened: died" in text) == bool(analysis.survival.event[7])


def test_an_unknown_patient_is_told_and_another_can_be_chosen(open_page):
    page = open_page("patient", cohort="demo", case="nobody")
    assert "There is no patient called 'nobody' here" in page.error[0].value.replace("\\", "")
    other = page.selectbox(key="patient.case").options[2]
    page.selectbox(key="patient.case").set_value(other).run()
    assert not page.error
    assert page.header[0].value == escape(other)
    assert page.query_params["case"] == other


@pytest.mark.parametrize(("address", "words"), [
    ({"cohort": "nowhere"}, "There is no cohort called 'nowhere'"),
    ({"cohort": "demo", "run": "oracle"}, "There is no model called 'oracle'"),
])
def test_an_unknown_cohort_or_model_is_told(open_page, address, words):
    page = open_page("patient", **address)
    assert words in page.error[0].value.replace("\\", "")
    assert not page.exception


def test_the_explanation_is_asked_for_by_itself_and_only_for_the_patient_who_is_looked_at(open_page):
    page = open_page("patient", cohort="demo", run="glg", case="SIM-0001")
    assert not page.error
    (first,) = job_ids()
    assert read_payload(first)["case_id"] == "SIM-0001"
    page.run()
    assert job_ids() == [first]  # asked once
    page.selectbox(key="patient.case").set_value("SIM-0002").run()
    assert read_job(first).state == "cancelled"
    (second,) = [one for one in job_ids() if one != first]
    assert read_payload(second)["case_id"] == "SIM-0002"


def test_a_stored_explanation_is_shown_without_asking(open_page):
    usecases.explain_patient("demo", "glg", "SIM-0001")
    page = open_page("patient", cohort="demo", run="glg", case="SIM-0001")
    assert not page.error
    assert not page.exception
    assert job_ids() == []
    assert any("What the risk is made of" in block.value for block in page.markdown)


def test_an_explanation_that_was_cancelled_can_be_asked_for_again(open_page):
    page = open_page("patient", cohort="demo", run="glg", case="SIM-0001")
    (first,) = job_ids()
    cancel_job(first)
    page.run()
    page.button(key="patient.explain").click().run()
    assert [read_job(one).state for one in job_ids() if one != first] == ["queued"]


def test_a_damaged_explanation_is_made_again(open_page, data_dir):
    usecases.explain_patient("demo", "glg", "SIM-0001")
    (kept,) = (data_dir / "explanations").glob("*.json")
    kept.write_text("{}")
    page = open_page("patient", cohort="demo", run="glg", case="SIM-0001")
    assert not page.error
    assert len(job_ids()) == 1


def test_a_damaged_model_leaves_a_readable_page(open_page, data_dir, monkeypatch):
    models = data_dir / "models"
    shutil.copytree(SHIPPED_MODELS, models)
    for module in ("settings", "usecases.library", "usecases.keeping", "ui.caching"):
        monkeypatch.setattr(f"survdash.{module}.SHIPPED_MODELS", models)
    card = json.loads((models / "demo-glg" / "card.json").read_text())
    card["files"]["predictions.parquet"] = "0" * 64
    (models / "demo-glg" / "card.json").write_text(json.dumps(card))
    page = open_page("patient", cohort="demo", run="glg", case="SIM-0001")
    assert not page.exception
    assert "predictions.parquet" in page.error[0].value.replace("\\", "")
