"""Methods on a page: the list for a cohort, the filing of a training, and how it ended."""

from __future__ import annotations

import pytest

from survdash import usecases
from survdash.jobs import record
from survdash.jobs.queue import cancel_job, file_job
from survdash.nets.registry import MODELS
from tests.page_drawing import app_of


def script():
    from survdash.ui.error_box import error_box
    from survdash.ui.training_form import show_methods

    with error_box():
        show_methods(page="p")


@pytest.fixture
def page(demo, monkeypatch):
    monkeypatch.setenv("SURVDASH_START_WORKER", "false")
    return app_of(script)


def test_every_method_stands_there_with_its_source_and_state(page):
    table = page.run().dataframe[0].value.set_index("title")
    assert len(table) == len(MODELS)
    assert table.loc["TransMIL", "source"] == MODELS["transmil"].source
    assert table.loc["TransMIL", ["state", "needs"]].tolist() == ["not trained yet", "slide"]
    (snn,) = [run for run in usecases.list_runs("demo") if run.name == "snn"]
    assert table.loc["SNN", "state"] == f"{snn.cindex_mean:.3f} ± {snn.cindex_sd:.3f}"
    assert table.loc[MODELS["glg"].title, "state"].endswith(", and 2 more")


def test_what_is_chosen_is_filed_and_its_number_is_the_address(page):
    page.run().multiselect[0].select("rsf").select("mcat").run()
    page.button(key="p.train").click().run()
    (job,) = record.job_ids()
    assert record.read_payload(job) == {"cohort": "demo", "models": ["rsf", "mcat"]}
    assert page.query_params["job"] == job
    assert page.get("progress")
    assert not page.exception


def test_all_that_are_not_trained_are_one_click(page):
    page.run().button(key="p.train_all").click().run()
    (job,) = record.job_ids()
    trained = {run.model for run in usecases.list_runs("demo")}
    assert set(record.read_payload(job)["models"]) == set(MODELS) - trained


def test_a_stopped_training_says_what_is_kept_and_gives_the_form_back(page):
    job = usecases.file_training("demo", ["rsf"])
    cancel_job(job)
    page.query_params["job"] = job
    assert "is kept" in page.run().info[0].value
    page.button(key="p.train_others").click().run()
    assert page.multiselect


def test_a_finished_training_tells_of_each_method(page):
    job = usecases.file_training("demo", ["rsf"])
    outcomes = [{"model": "rsf", "state": "trained", "run": "rsf", "error": ""},
                {"model": "snn", "state": "failed", "run": "", "error": "No *pair* of patients."}]  # fmt: skip
    record.write_private(record.job_folder(job) / "result.json", {"cohort": "demo", "outcomes": outcomes})
    record.finish(record.read(job), "done")
    page.query_params["job"] = job
    words = "\n".join(block.value for block in page.run().markdown)
    assert "**Random survival forest**" in words
    assert r"No \*pair\* of patients" in words


def test_another_kind_of_job_is_told(page):
    page.query_params["job"] = file_job("predict_case", {"slides": []})
    assert "trains nothing" in page.run().error[0].value
